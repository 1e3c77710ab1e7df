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

namespace gatevisor::os {

class DataDirectory : public ::testing::Test {
 protected:
  DataDirectory() {
    char pattern[] = "/tmp/gatevisor-data-XXXXXX";
    path_ = mkdtemp(pattern);
    directory_ = std::move(*open_data_directory(path_));
  }
  ~DataDirectory() override { std::filesystem::remove_all(path_); }
  std::string file(const std::string& name) const { return path_ + "/" + name; }
  std::string content(const std::string& name) const {
    std::ifstream in(file(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  std::string path_;
  UniqueFd directory_;
};

}  // namespace gatevisor::os
