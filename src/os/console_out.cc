#include "os/console_out.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <climits>

namespace gatevisor::os {

ConsoleOut::ConsoleOut(int fd) : fd_(fd) {
  // All that it can ever hold, at once: a string that grows holds twice as much while it moves. What
  // is not used is address space, not memory.
  buffer_.reserve(kBufferSize);
  struct stat info{};
  if (fstat(fd, &info) == 0 && (S_ISSOCK(info.st_mode) || S_ISREG(info.st_mode))) {
    kind_ = S_ISREG(info.st_mode) ? Kind::File : Kind::Socket;
    return;
  }
  const std::string path = "/proc/self/fd/" + std::to_string(fd);
  own_.reset(open(path.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
  if (own_) kind_ = Kind::Reopened;
}

std::size_t ConsoleOut::put(std::string_view text) {
  ssize_t taken = -1;
  switch (kind_) {
    case Kind::Reopened: taken = ::write(own_.get(), text.data(), text.size()); break;
    case Kind::File: taken = ::write(fd_, text.data(), text.size()); break;
    case Kind::Socket:
      taken = send(fd_, text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
      break;
    case Kind::Borrowed: {
      // Writable means room for PIPE_BUF bytes (pipe(7)); more could wait for the reader.
      pollfd ready{fd_, POLLOUT, 0};
      if (poll(&ready, 1, 0) != 1 || (ready.revents & POLLOUT) == 0) return 0;
      taken = ::write(fd_, text.data(), std::min<std::size_t>(text.size(), PIPE_BUF));
      break;
    }
  }
  if (taken >= 0) return static_cast<std::size_t>(taken);
  // A reader that is gone takes no more lines, ever: they count as taken.
  return errno == EAGAIN || errno == EINTR ? 0 : text.size();
}

void ConsoleOut::write(std::string_view line) {
  flush();
  if (buffer_.empty()) line.remove_prefix(put(line));
  if (line.empty()) return;
  if (buffer_.size() + line.size() > kBufferSize) {
    ++dropped_;
    return;
  }
  buffer_.append(line);
}

std::size_t ConsoleOut::offer(std::string_view text) {
  flush();
  return buffer_.empty() && !text.empty() ? put(text) : 0;
}

void ConsoleOut::flush() {
  while (!buffer_.empty()) {
    const std::size_t taken = put(buffer_);
    if (taken == 0) return;
    buffer_.erase(0, taken);
  }
  if (dropped_ == 0) return;
  buffer_.append("gatevisor: " + std::to_string(dropped_) +
                 " of its own lines were dropped while nobody read them\n");
  dropped_ = 0;
  buffer_.erase(0, put(buffer_));
}

}  // namespace gatevisor::os
