#include "watched_file.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>

#include "cgroup_home.h"

namespace gatevisor::oracle {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::seconds kPatience{60};

int left(Clock::time_point deadline) {
  const auto span = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
  return span.count() < 0 ? 0 : static_cast<int>(span.count());
}

}  // namespace

bool wait_for_text(const std::string& path, const std::string& text) {
  const auto deadline = Clock::now() + kPatience;
  const int watch = inotify_init1(IN_CLOEXEC);
  inotify_add_watch(watch, path.c_str(), IN_MODIFY);
  bool found = false;
  while (!(found = testing::read_file(path).find(text) != std::string::npos)) {
    pollfd ready{watch, POLLIN, 0};
    if (poll(&ready, 1, left(deadline)) != 1) break;
    char buffer[4096];
    if (read(watch, buffer, sizeof buffer) <= 0) break;
  }
  close(watch);
  return found;
}

Child::Child(const std::vector<std::string>& words, const std::string& log) : pid_(fork()) {
  if (pid_ == 0) {
    const int file = open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (file >= 0) {
      dup2(file, 1);
      dup2(file, 2);
    }
    std::vector<char*> argv;
    for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    execv(argv[0], argv.data());
    _exit(127);
  }
}

bool Child::stop() {
  kill(pid_, SIGTERM);
  const int pidfd = static_cast<int>(syscall(SYS_pidfd_open, pid_, 0));
  pollfd ready{pidfd, POLLIN, 0};
  const bool ended = poll(&ready, 1, left(Clock::now() + kPatience)) == 1;
  if (!ended) kill(pid_, SIGKILL);
  close(pidfd);
  waitpid(pid_, nullptr, 0);
  return ended;
}

}  // namespace gatevisor::oracle
