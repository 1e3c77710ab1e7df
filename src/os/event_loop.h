// epoll(7) and one timerfd: what gatevisor waits for.
//
// Owns the epoll instance and the timer; the descriptors that are watched belong to others. While
// nothing happens it sleeps in epoll_wait(2) without a time-out: no wake-up at all.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <span>

#include "gatevisor/error.h"
#include "gatevisor/time.h"
#include "os/unique_fd.h"

namespace gatevisor::os {

/// What a ready descriptor is. Lower values are handled first: a signal that was sent together with
/// an exit has to be known when the exit is judged.
enum class Source : std::uint32_t {
  Signals,
  ExecPipe,
  CommandPipe,
  Notify,  ///< what was said before an exit counts for it
  MainProcess,
  PidFile,
  TreeEvents,
  MemoryEvents,
  Pressure,
  Probe,
  Stored,  ///< a descriptor that a service has given into keeping
  KernelLog,  ///< only while a death waits for what is said of it there
  Timer,
  Journal,
  Console,
  Control  ///< last of all: a client never comes before the gateway
};

/// What is ready, and whose it is. `unit` is 0 for what belongs to none.
struct Ready {
  Source source;
  std::uint32_t unit;
  auto operator<=>(const Ready&) const = default;
};

class EventLoop {
 public:
  static Expected<EventLoop> create();

  /// `events` as for epoll_ctl(2).
  Expected<void> watch(int fd, std::uint32_t events, Source source, std::uint32_t unit = 0);
  /// Changes or re-arms (EPOLLONESHOT) a watched descriptor.
  Expected<void> rewatch(int fd, std::uint32_t events, Source source, std::uint32_t unit = 0);
  void unwatch(int fd);

  /// The timer: CLOCK_BOOTTIME, absolute. Instant::max() switches it off.
  void set_deadline(Instant deadline);

  /// Blocks until something is ready; what is ready, in the order of Source. Empty on EINTR.
  std::span<const Ready> wait();

 private:
  static constexpr std::size_t kBatch = 16;

  UniqueFd epoll_;
  UniqueFd timer_;
  Instant deadline_ = Instant::max();
  std::array<Ready, kBatch> ready_{};
};

}  // namespace gatevisor::os
