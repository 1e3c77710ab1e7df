// A directory for files of data, which goes with the test.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>

#include "os/data_file.h"
#include "support/temp_dir.h"

namespace gatevisor::os {

class DataDirectory : public ::testing::Test {
 protected:
  DataDirectory() { directory_ = std::move(*open_data_directory(path_)); }
  std::string file(const std::string& name) const { return place_.file(name); }
  std::string content(const std::string& name) const {
    std::ifstream in(file(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  TempDir place_;
  const std::string& path_ = place_.path();
  UniqueFd directory_;
};

}  // namespace gatevisor::os
