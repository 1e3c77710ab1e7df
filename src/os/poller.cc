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

Expected<void> Poller::watch(int fd, std::uint64_t number, bool writable) {
  epoll_event event{};
  event.events = writable ? EPOLLOUT : EPOLLIN;
  event.data.u64 = number;
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) return fail("epoll_ctl", "", errno);
  return {};
}

void Poller::unwatch(int fd) { epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr); }

std::span<const std::uint64_t> Poller::wait(std::optional<Duration> timeout) {
  int ms = -1;
  if (timeout) {
    const auto rounded = std::chrono::ceil<std::chrono::milliseconds>(*timeout).count();
    ms = static_cast<int>(std::clamp<std::int64_t>(rounded, 0, std::numeric_limits<int>::max()));
  }
  std::vector<epoll_event> events(most_);
  const int count = epoll_wait(epoll_.get(), events.data(), static_cast<int>(most_), ms);
  ready_.clear();
  for (int i = 0; i < count; ++i) {
    const std::uint64_t number = events[static_cast<std::size_t>(i)].data.u64;  // packed on x86-64
    ready_.push_back(number);
  }
  return ready_;
}

}  // namespace gatevisor::os
