// How often something happened lately: the true sliding window.
//
// Owns the moments of at most kCapacity events. Never reads a clock.
#pragma once

#include <cstddef>
#include <deque>

#include "gatevisor/time.h"

namespace gatevisor::core {

/// Counts events in the last `interval`. One that is exactly `interval` old still counts, one
/// tick older does not. Memory is bounded: with more than kCapacity events in the window the count
/// stays at kCapacity.
class SlidingWindow {
 public:
  static constexpr std::size_t kCapacity = 1024;

  explicit SlidingWindow(Duration interval) : interval_(interval) {}

  /// Adds an event at `now`; returns how many the window then holds, this one included.
  unsigned add(Instant now);

  /// How many of them an event at `at` would find, itself not included. `at` may lie ahead.
  unsigned count(Instant at) const;

 private:
  void prune(Instant now);

  Duration interval_;
  std::deque<Instant> moments_;
};

}  // namespace gatevisor::core
