#include "cgroup_home.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace gatevisor::testing {
namespace {

namespace fs = std::filesystem;

std::string own_path() {
  std::ifstream file("/proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("0::/")) return line.substr(3);
  }
  return {};
}

std::string find_mount() {
  for (const char* candidate : {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"}) {
    if (fs::exists(std::string(candidate) + "/cgroup.procs")) return candidate;
  }
  return {};
}

}  // namespace

std::string read_file(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

bool write_file(const std::string& path, const std::string& text) {
  const int fd = open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (fd < 0) return false;
  const bool done = write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  close(fd);
  return done;
}

CgroupHome& CgroupHome::get() {
  static CgroupHome home;
  return home;
}

CgroupHome::CgroupHome() : mount_(find_mount()) {
  const std::string path = own_path();
  if (mount_.empty() || path.empty() || geteuid() != 0) return;
  std::string own = mount_ + (path == "/" ? "" : path);
  // The true root has no cgroup.type.
  if (!fs::exists(own + "/cgroup.type")) {
    own += "/gatevisor-test-" + std::to_string(getpid());
    made_home_ = mkdir(own.c_str(), 0755) == 0;
    if (!made_home_) return;
  } else {
    const std::string runner = own + "/runner";
    if (mkdir(runner.c_str(), 0755) != 0 || !write_file(runner + "/cgroup.procs", "0")) return;
  }
  home_ = own;
  enable_controllers(home_);
}

CgroupHome::~CgroupHome() {
  if (made_home_) remove(home_);
}

void CgroupHome::enable_controllers(const std::string& directory) {
  std::istringstream all(read_file(directory + "/cgroup.controllers"));
  for (std::string name; all >> name;) {
    constexpr std::array kUsed = {"memory", "pids", "cpu", "cpuset", "io"};
    if (std::ranges::find(kUsed, name) != kUsed.end()) {
      write_file(directory + "/cgroup.subtree_control", "+" + name);
    }
  }
}

std::string CgroupHome::make(const std::string& name, const std::string& below) {
  if (!available()) return {};
  const std::string parent = below.empty() ? home_ : below;
  if (!below.empty()) enable_controllers(below);
  std::string directory = parent + "/" + name;
  mkdir(directory.c_str(), 0755);
  return directory;
}

std::string CgroupHome::make_small(const std::string& name) {
  const std::string directory = make(name);
  if (!write_file(directory + "/memory.max", std::to_string(32 << 20))) return {};
  write_file(directory + "/memory.swap.max", "0");  // not where the kernel counts no swap
  return directory;
}

void CgroupHome::remove(const std::string& directory) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(directory, error)) {
    if (entry.is_directory(error)) remove(entry.path());
  }
  rmdir(directory.c_str());
}

std::string CgroupHome::of_process(int pid) const {
  std::ifstream file("/proc/" + std::to_string(pid) + "/cgroup");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("0::/")) return mount_ + line.substr(3);
  }
  return {};
}

}  // namespace gatevisor::testing
