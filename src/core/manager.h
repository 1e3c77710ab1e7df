// The decider: everything that happens goes in here, and what is to be done comes out.
//
// `step(now, event)` is the whole interface. No system call, no clock, no log, no errno.
#pragma once

#include <cstdint>

#include "core/service.h"
#include "gatevisor/action.h"
#include "gatevisor/event.h"
#include "gatevisor/settings.h"

namespace gatevisor::core {

class Manager {
 public:
  /// `seed` drives the jitter of respawn delays alone.
  Manager(ServiceSettings settings, std::uint64_t seed);
  Manager(const Manager&) = delete;
  Manager& operator=(const Manager&) = delete;

  /// `now` must not go backwards. After action::Exit every further event is ignored.
  Actions step(Instant now, const Event& event);

  /// When the next TimerExpired is due; Instant::max() while nothing is waited for.
  Instant deadline() const;

  const Service& service() const { return service_; }

 private:
  void on_signal(Instant now, const event::SignalReceived& event, Actions& out);

  const ServiceSettings settings_;
  Service service_;
  bool exited_ = false;
};

}  // namespace gatevisor::core
