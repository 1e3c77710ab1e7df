// OnAlarm=, OnOOM=: which of their commands runs, and for how long it may.
//
// Beside the life of the service, which never waits for them. Owns no process and reads no clock.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "gatevisor/action.h"
#include "gatevisor/event.h"
#include "gatevisor/settings.h"

namespace gatevisor::core {

class HookWatch {
 public:
  /// How long one that is killed may take to end. It may wait for a device.
  static constexpr Duration kKillGrace = std::chrono::seconds{5};

  /// `settings` must outlive the watch.
  explicit HookWatch(const HookSettings& settings) : settings_(&settings) {}

  /// Its commands, one after the other. `environment`: NAME=VALUE, for each of them.
  void begin(HookKind kind, std::vector<std::string> environment, Instant now, Actions& out);
  void ended(Instant now, const event::HookEnded& event, Actions& out);
  /// HookTimeoutSec= may have passed.
  void check(Instant now, Actions& out);

  Instant deadline() const;
  /// One whose end is worth a wait.
  bool running() const;

 private:
  /// Of the command whose end has not been told yet.
  enum class State : std::uint8_t {
    None,  ///< there is none
    Running,
    Killed,
    GivenUp  ///< killed, and it has had kKillGrace
  };
  struct Run {
    State state = State::None;
    std::size_t index = 0;
    Instant deadline = Instant::max();
    std::vector<std::string> environment;
  };

  Run& of(HookKind kind) { return runs_[static_cast<std::size_t>(kind)]; }
  const Command& command(HookKind kind) { return settings_->of(kind).at(of(kind).index); }
  void start(HookKind kind, Instant now, Actions& out);

  const HookSettings* settings_;
  std::array<Run, kAllHookKinds.size()> runs_{};
};

}  // namespace gatevisor::core
