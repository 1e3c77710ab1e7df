#include "os/event_loop.h"

#include <sys/epoll.h>
#include <sys/timerfd.h>

#include <algorithm>
#include <cerrno>

namespace gatevisor::os {

Expected<EventLoop> EventLoop::create() {
  EventLoop loop;
  loop.epoll_.reset(epoll_create1(EPOLL_CLOEXEC));
  if (!loop.epoll_) return fail("epoll_create1", "", errno);
  loop.timer_.reset(timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK));
  if (!loop.timer_) return fail("timerfd_create", "", errno);
  if (auto watched = loop.watch(loop.timer_.get(), EPOLLIN, Source::Timer); !watched) {
    return std::unexpected(std::move(watched.error()));
  }
  return loop;
}

namespace {

Expected<void> control(int epoll, int operation, int fd, std::uint32_t events, Ready what) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = std::uint64_t{what.unit} << 32 | static_cast<std::uint32_t>(what.source);
  if (epoll_ctl(epoll, operation, fd, &event) != 0) {
    return fail("epoll_ctl", "descriptor " + std::to_string(fd), errno);
  }
  return {};
}

}  // namespace

Expected<void> EventLoop::watch(int fd, std::uint32_t events, Source source, std::uint32_t unit) {
  return control(epoll_.get(), EPOLL_CTL_ADD, fd, events, {source, unit});
}

Expected<void> EventLoop::rewatch(int fd, std::uint32_t events, Source source, std::uint32_t unit) {
  return control(epoll_.get(), EPOLL_CTL_MOD, fd, events, {source, unit});
}

void EventLoop::unwatch(int fd) { epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr); }

void EventLoop::set_deadline(Instant deadline) {
  if (deadline == deadline_) return;
  deadline_ = deadline;
  itimerspec spec{};
  if (deadline != Instant::max()) {
    // A zero would switch the timer off: a deadline that has passed is the first microsecond.
    const auto usec = std::max<Duration::rep>(deadline.time_since_epoch().count(), 1);
    spec.it_value.tv_sec = usec / 1'000'000;
    spec.it_value.tv_nsec = (usec % 1'000'000) * 1000;
  }
  timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &spec, nullptr);
}

std::span<const Ready> EventLoop::wait() {
  std::array<epoll_event, kBatch> events{};
  const int count = epoll_wait(epoll_.get(), events.data(), kBatch, -1);
  if (count <= 0) return {};
  const auto used = static_cast<std::size_t>(count);
  for (std::size_t i = 0; i < used; ++i) {
    const std::uint64_t data = events[i].data.u64;
    ready_[i] = {static_cast<Source>(data & 0xffffffff), static_cast<std::uint32_t>(data >> 32)};
    if (ready_[i].source == Source::Timer) {
      std::uint64_t expirations = 0;
      [[maybe_unused]] const ssize_t got = read(timer_.get(), &expirations, sizeof expirations);
      deadline_ = Instant::max();
    }
  }
  std::sort(ready_.begin(), ready_.begin() + count);
  return {ready_.data(), used};
}

}  // namespace gatevisor::os
