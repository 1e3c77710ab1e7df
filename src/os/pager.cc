#include "os/pager.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>

namespace gatevisor::os {

bool is_terminal() { return isatty(STDOUT_FILENO) == 1; }

std::string environment(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

TextOut::~TextOut() {
  (void)flush();
  pipe_.reset();
  if (pid_ == 0) return;
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

void TextOut::start_pager(const std::vector<std::string>& commands,
                          const std::vector<std::pair<std::string, std::string>>& variables) {
  int ends[2];
  int failed[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return;
  UniqueFd read_end(ends[0]);
  UniqueFd write_end(ends[1]);
  if (pipe2(failed, O_CLOEXEC) != 0) return;
  const UniqueFd told(failed[0]);
  UniqueFd tells(failed[1]);
  const pid_t pid = fork();
  if (pid < 0) return;
  if (pid == 0) {
    dup2(read_end.get(), STDIN_FILENO);
    for (const auto& [name, value] : variables) setenv(name.c_str(), value.c_str(), 1);
    for (const std::string& command : commands) {
      if (command.find(' ') != command.npos) {
        execl("/bin/sh", "sh", "-c", command.c_str(), nullptr);
      } else {
        execlp(command.c_str(), command.c_str(), nullptr);
      }
    }
    (void)!write(tells.get(), "x", 1);
    _exit(127);
  }
  tells.reset();
  char byte = 0;
  ssize_t got = 0;
  while ((got = read(told.get(), &byte, 1)) < 0 && errno == EINTR) {
  }
  if (got != 0) {  // no pager here
    while (waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
    }
    return;
  }
  pid_ = pid;
  pipe_ = std::move(write_end);
  // Its end is that of the reading, and an interrupt is the pager's own matter.
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGINT, SIG_IGN);
}

int TextOut::error() const { return error_ == EPIPE ? 0 : error_; }

bool TextOut::flush() {
  const int fd = pipe_ ? pipe_.get() : STDOUT_FILENO;
  std::string_view left = text_;
  while (!left.empty() && error_ == 0) {
    const ssize_t put = write(fd, left.data(), left.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0 && errno == EAGAIN) {
      pollfd room{.fd = fd, .events = POLLOUT, .revents = 0};
      (void)poll(&room, 1, -1);
      continue;
    }
    if (put <= 0) {
      error_ = put < 0 ? errno : EIO;
      break;
    }
    left.remove_prefix(static_cast<std::size_t>(put));
  }
  text_.clear();
  return error_ == 0;
}

}  // namespace gatevisor::os
