// Time as every part of gatevisor speaks it.
//
// Owns: the clock's type, never its reading. Time comes into the core as an argument; only
// src/os reads a clock (CLOCK_BOOTTIME, which goes on counting while the machine is suspended).
#pragma once

#include <chrono>

namespace gatevisor {

/// Microseconds, as systemd counts them.
using Duration = std::chrono::microseconds;

/// The machine's time since boot. It has no now(): see os/clock.h.
struct BootClock {
  using rep = Duration::rep;
  using period = Duration::period;
  using duration = Duration;
  using time_point = std::chrono::time_point<BootClock>;
  static constexpr bool is_steady = true;
};

using Instant = BootClock::time_point;

/// What `infinity` means in a setting: never. No deadline is armed for it.
inline constexpr Duration kForever = Duration::max();

/// `at + span` without overflow: anything plus kForever is the end of time.
constexpr Instant after(Instant at, Duration span) {
  return span >= Instant::max() - at ? Instant::max() : at + span;
}

}  // namespace gatevisor
