#include <dirent.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <sstream>

#include "cgroup_home.h"
#include "gatevisor.h"

namespace gatevisor::testing {

using Clock = std::chrono::steady_clock;

std::vector<std::string> waiting(const TempDir& files) {
  return {"report", files.file("waiting"), "wait"};
}

void expect_waiting(const TempDir& files) { files.wait_file("waiting"); }

bool wait_gone(int pid, Milliseconds timeout) {
  const int pidfd = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
  if (pidfd < 0) return errno == ESRCH;
  pollfd gone{pidfd, POLLIN, 0};
  const bool done = poll(&gone, 1, static_cast<int>(timeout.count())) == 1;
  close(pidfd);
  return done;
}

bool is_alive(int pid) {
  const std::string stat = read_file("/proc/" + std::to_string(pid) + "/stat");
  const std::size_t close = stat.rfind(')');
  return close != std::string::npos && close + 2 < stat.size() && stat[close + 2] != 'Z' &&
         stat[close + 2] != 'X';
}

std::vector<int> children_of(int pid) {
  const std::string text = std::to_string(pid);
  std::istringstream list(read_file("/proc/" + text + "/task/" + text + "/children"));
  std::vector<int> children;
  for (int child = 0; list >> child;) children.push_back(child);
  return children;
}

std::size_t open_fds(int pid) {
  std::size_t count = 0;
  std::error_code error;
  for ([[maybe_unused]] const auto& entry :
       std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/fd", error)) {
    ++count;
  }
  return count;
}

long status_number(int pid, const std::string& key) {
  std::istringstream status(read_file("/proc/" + std::to_string(pid) + "/status"));
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(key)) return std::atol(line.c_str() + key.size());
  }
  return -1;
}

TempDir::TempDir() {
  char pattern[] = "/tmp/gatevisor-case-XXXXXX";
  path_ = mkdtemp(pattern);
  chmod(path_.c_str(), 0777);
}

TempDir::~TempDir() {
  std::error_code error;
  std::filesystem::remove_all(path_, error);
}

std::string TempDir::wait_file(const std::string& name) const {
  return wait_until(name, [](const std::string& content) { return !content.empty(); });
}

void TempDir::wait_text(const std::string& name, const std::string& text) const {
  wait_until(name,
             [&](const std::string& content) { return content.find(text) != std::string::npos; });
}

template <typename Done>
std::string TempDir::wait_until(const std::string& name, Done done) const {
  const auto deadline = Clock::now() + patience();
  const int watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
  inotify_add_watch(watch, path_.c_str(), IN_CLOSE_WRITE | IN_MOVED_TO);
  std::string content;
  while (!done(content = read_file(file(name)))) {
    const auto left = std::chrono::duration_cast<Milliseconds>(deadline - Clock::now());
    pollfd ready{watch, POLLIN, 0};
    if (left <= 0ms || poll(&ready, 1, static_cast<int>(left.count())) != 1) {
      ADD_FAILURE() << "waited for the file " << file(name);
      break;
    }
    char events[4096];
    while (read(watch, events, sizeof events) > 0) {
    }
  }
  close(watch);
  return content;
}

std::map<std::string, std::string> TempDir::wait_report(const std::string& name) const {
  std::map<std::string, std::string> report;
  std::istringstream lines(wait_file(name));
  for (std::string line; std::getline(lines, line);) {
    std::size_t split = line.find('=');
    if (line.starts_with("status.")) split = line.find(':');
    if (line.starts_with("env.")) split = line.find('=', 4);
    if (split == std::string::npos) continue;
    std::size_t value = split + 1;
    while (value < line.size() && line[value] == '\t') ++value;
    report[line.substr(0, split)] = line.substr(value);
  }
  return report;
}

}  // namespace gatevisor::testing
