// A unit file of a test's own, and gatevisor to run it.
#pragma once

#include <sys/stat.h>
#include <sys/wait.h>

#include <cstdio>
#include <fstream>
#include <string>
#include <utility>
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

/// The exit status of `gatevisor WORDS` (-1 where it has none), and all that it writes.
inline std::pair<int, std::string> answer_of(const std::string& words) {
  std::string output;
  std::FILE* pipe = popen((gatevisor_program() + " " + words + " 2>&1").c_str(), "r");
  if (pipe == nullptr) return {-1, output};
  char bytes[4096];
  while (const std::size_t got = std::fread(bytes, 1, sizeof bytes, pipe)) {
    output.append(bytes, got);
  }
  const int status = pclose(pipe);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, output};
}

inline std::string misbehave() { return fixture("misbehave"); }

}  // namespace gatevisor::testing
