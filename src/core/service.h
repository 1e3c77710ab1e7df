// One service: the whole life of its main process, as a state machine in virtual time.
//
// Decides; never acts. What it wants done it appends to Actions, and what came of it returns as an
// event. The states and what can happen in each:
//
//   Inactive     not started                start → Starting
//   Starting     a process was asked for    exec succeeded → Running; it failed or died → Clearing
//   Running      the gateway is alive       exit → Clearing; stop → Stopping
//   Stopping     KillSignal= was sent       exit → Clearing; TimeoutStopSec= → StopKilling
//   StopKilling  SIGKILL was sent           exit → Clearing; grace over → stays (or Over)
//   Clearing     main is dead, others live  tree empty → Waiting or Over; time-out → ClearKilling
//   ClearKilling they were sent SIGKILL     tree empty or grace over → Waiting or Over
//   Waiting      the delay of the respawn   delay over → Starting; stop → Over
//   Over         nothing runs any more      –
//
// Never two main processes: a spawn is asked for in Inactive and Waiting alone, and both are only
// reached when the last one is dead.
#pragma once

#include <cstdint>
#include <optional>

#include "core/death.h"
#include "core/memory_watch.h"
#include "core/probe_watch.h"
#include "core/restart_policy.h"
#include "core/sliding_window.h"
#include "gatevisor/action.h"
#include "gatevisor/event.h"
#include "gatevisor/settings.h"

namespace gatevisor::core {

enum class ServiceState : std::uint8_t {
  Inactive,
  Starting,
  Running,
  Stopping,
  StopKilling,
  Clearing,
  ClearKilling,
  Waiting,
  Over
};
std::string_view to_string(ServiceState state);

/// `emit(out, record::Alarm{…})`
inline void emit(Actions& out, Record record) { out.push_back(action::Emit{std::move(record)}); }

class Service {
 public:
  /// How long SIGKILL may take before the rest is given up: a process in an uninterruptible wait
  /// dies when its device answers, or never.
  static constexpr Duration kKillGrace = std::chrono::seconds{5};

  /// When what can wait is done after a start. Sooner it would compete with the starting gateway
  /// for the processor and delay it.
  static constexpr Duration kTidyAfter = std::chrono::milliseconds{200};

  /// `settings` must outlive the service. `seed`: see RestartPolicy.
  Service(const ServiceSettings& settings, std::uint64_t seed);

  void start(Instant now, Actions& out);
  /// Ends the service for good, from any state.
  void stop(Instant now, const Requester& from, Actions& out);
  /// Ends the invocation and begins the next one without a delay.
  void restart(Instant now, const Requester& from, Actions& out);
  /// A signal of the user's for the main process.
  void forward(Instant now, int received, int sent, const Requester& from, Actions& out);

  void on(Instant now, const event::Spawned& event, Actions& out);
  void on(Instant now, const event::SpawnFailed& event, Actions& out);
  void on(Instant now, const event::ExecSucceeded& event, Actions& out);
  void on(Instant now, const event::ExecFailed& event, Actions& out);
  void on(Instant now, const event::MainExited& event, Actions& out);
  void on(Instant now, const event::TreeEmpty& event, Actions& out);
  void on(Instant now, const event::TreeChanged& event, Actions& out);
  void on(Instant now, const event::MemoryChanged& event, Actions& out);
  void on(Instant now, const event::PressureHigh& event, Actions& out);
  void on(Instant now, const event::Probed& event, Actions& out);
  void on(Instant now, const event::TimerExpired& event, Actions& out);

  ServiceState state() const { return state_; }
  /// When TimerExpired is due; Instant::max() for never.
  Instant deadline() const;
  /// Meaningful in Over: what gatevisor exits with, and why.
  int exit_status() const { return exit_status_; }
  const std::string& end_reason() const { return end_reason_; }

 private:
  bool main_alive() const;
  void spawn(Instant now, Actions& out);
  int stop_signal() const;
  void final_kill(Actions& out) const;
  void begin_stop(Instant now, StopReason reason, Actions& out);
  void kill_now(Instant now, StopReason reason, std::string why, Actions& out);
  void escalate(Instant now, Actions& out);
  void abandon(Actions& out);
  void check_memory(Instant now, Actions& out);
  void check_probe(Instant now, Actions& out);
  void take_probe(Instant now, const ProbeResult& result, Actions& out);
  void end_probes(Actions& out);
  void died(Instant now, bool others_alive, Actions& out);
  void decide_next(Verdict& verdict, Instant now);
  void clear(Instant now, ServiceState before, Cause cause, Actions& out);
  void finish(Instant now, Actions& out);
  void over(int status, std::string reason);
  void note_sent(Instant now, int signal, std::string why, bool forwarded = false);
  void enter(ServiceState state, Instant deadline);

  const ServiceSettings& settings_;
  RestartPolicy policy_;
  SlidingWindow exits_;
  SlidingWindow starts_;
  ServiceState state_ = ServiceState::Inactive;
  Instant state_deadline_ = Instant::max();
  std::uint64_t launches_ = 0;
  Death death_;  ///< of the current invocation, filled as it lives
  MemoryWatch memory_;
  ProbeWatch probe_;
  bool executed_ = false;    ///< execve(2) of the current invocation succeeded
  bool gave_up_ = false;     ///< its main process outlived all that it may be sent
  bool ending_ = false;      ///< a stop was asked for: no respawn
  bool restarting_ = false;  ///< a restart was asked for: no delay
  Requester requester_;
  Next next_;
  Instant last_alarm_{};
  bool alarm_raised_ = false;
  int exit_status_ = 0;
  std::string end_reason_;
};

}  // namespace gatevisor::core
