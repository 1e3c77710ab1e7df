// Carries out liveness probes: one connection at a time, driven by the event loop.
//
// Decides nothing: when to ask, how long to wait and what a failure leads to is the core's.
#pragma once

#include <optional>
#include <string>

#include "gatevisor/probe.h"
#include "os/event_loop.h"
#include "os/probe_socket.h"

namespace gatevisor::app {

class Prober {
 public:
  /// Both must outlive it.
  Prober(const ProbeSettings& settings, os::EventLoop& loop, std::uint32_t unit);

  /// Begins one. A result at once where it goes no further; else it comes from ready().
  std::optional<ProbeResult> ask();
  /// The descriptor is ready (os::Source::Probe).
  std::optional<ProbeResult> ready();
  /// Drops the one under way.
  void end();

 private:
  ProbeResult finished(ProbeResult result);

  const ProbeSettings& settings_;
  os::EventLoop& loop_;
  const std::uint32_t unit_;
  std::optional<os::ProbeSocket> socket_;
  std::string request_;
  bool connected_ = false;
  bool sent_ = false;
};

}  // namespace gatevisor::app
