#include "os/poller.h"

#include <sys/epoll.h>

#include <algorithm>
#include <cerrno>
#include <limits>

namespace gatevisor::os {

Expected<Poller> Poller::create(std::size_t most) {
  Poller poller;
  poller.most_ = most;
  poller.epoll_.reset(epoll_create1(EPOLL_CLOEXEC));
  if (!poller.epoll_) return fail("epoll_create1", "", errno);
  return poller;
}

Expected<void> Poller::watch(int fd, std::uint32_t events, std::uint64_t key) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = key;
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) return fail("epoll_ctl", "", errno);
  return {};
}

void Poller::change(int fd, std::uint32_t events, std::uint64_t key) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = key;
  epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event);
}

void Poller::unwatch(int fd) { epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr); }

std::span<const Poller::Ready> Poller::wait(std::optional<Duration> timeout) {
  int ms = -1;
  if (timeout) {
    const auto rounded = std::chrono::ceil<std::chrono::milliseconds>(*timeout).count();
    ms = static_cast<int>(std::clamp<std::int64_t>(rounded, 0, std::numeric_limits<int>::max()));
  }
  std::vector<epoll_event> events(most_);
  const int count = epoll_wait(epoll_.get(), events.data(), static_cast<int>(most_), ms);
  ready_.clear();
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    const std::uint64_t key = event.data.u64;  // packed on x86-64: no reference to it
    const std::uint32_t told = event.events;
    ready_.push_back({key, (told & EPOLLIN) != 0, (told & EPOLLOUT) != 0,
                      (told & (EPOLLHUP | EPOLLERR)) != 0});
  }
  return ready_;
}

}  // namespace gatevisor::os
