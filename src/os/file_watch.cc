#include "os/file_watch.h"

#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <cerrno>

namespace gatevisor::os {

Expected<FileWatch> FileWatch::make() {
  FileWatch watch;
  watch.fd_.reset(inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!watch.fd_) return fail("inotify_init1", "", errno);
  return watch;
}

Expected<void> FileWatch::add_directory(const std::string& path) {
  const std::uint32_t events = IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_MODIFY |
                               IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;
  if (inotify_add_watch(fd_.get(), path.c_str(), events) < 0) {
    return fail("inotify_add_watch", path, errno);
  }
  return {};
}

FileWatch::News FileWatch::wait() {
  News news;
  pollfd fds[] = {{.fd = fd_.get(), .events = POLLIN, .revents = 0},
                  {.fd = STDOUT_FILENO, .events = 0, .revents = 0}};
  if (poll(fds, 2, -1) < 0) return news;
  news.ended = (fds[1].revents & (POLLERR | POLLHUP)) != 0;
  alignas(inotify_event) char buffer[16384];
  for (;;) {
    const ssize_t got = read(fd_.get(), buffer, sizeof buffer);
    if (got <= 0) return news;
    for (ssize_t at = 0; at < got;) {
      const auto* event = reinterpret_cast<const inotify_event*>(buffer + at);
      at += static_cast<ssize_t>(sizeof(inotify_event)) + event->len;
      if ((event->mask & (IN_MODIFY | IN_ATTRIB)) != 0) news.changed = true;
      if ((event->mask & ~std::uint32_t{IN_MODIFY | IN_ATTRIB}) != 0) news.names = true;
    }
  }
}

}  // namespace gatevisor::os
