// A unit file of a test's own, and gatevisor to run it.
#pragma once

#include <sys/stat.h>

#include <fstream>
#include <string>
#include <vector>

#include "gatevisor.h"

namespace gatevisor::testing {

/// `gatevisor run [OPTIONS] UNIT`, in a directory with that unit.
class Unit {
 public:
  explicit Unit(const std::string& service, const std::string& name = "gw.service") : name_(name) {
    mkdir(files.file("units").c_str(), 0755);
    write(name, service);
  }
  std::string path() const { return files.file("units/" + name_); }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(files.file("units/" + name)) << text;
  }
  void drop_in(const std::string& name, const std::string& text) const {
    mkdir((path() + ".d").c_str(), 0755);
    write(name_ + ".d/" + name, text);
  }
  std::string report() const { return files.file("report"); }
  Launch launch(std::vector<std::string> options = {}) const {
    Launch launch;
    launch.options = std::move(options);
    launch.unit = path();
    return launch;
  }

  TempDir files;

 private:
  std::string name_;
};

inline std::string misbehave() { return fixture("misbehave"); }

}  // namespace gatevisor::testing
