// One service: the whole life of its processes, as a state machine in virtual time.
//
// Decides; never acts. What it wants done it appends to Actions, and what came of it returns as an
// event. The states and what can happen in each:
//
//   Inactive      not started                  start → Condition
//   Condition     ExecCondition= runs          0 → StartPre; 1-254 → skipped; else it failed
//   StartPre      ExecStartPre= runs           done → Starting; failed → Clearing
//   Starting      the main process was asked for, and is not what its Type= calls started
//                                              started → StartPost; it died → Clearing
//   StartPost     ExecStartPost= runs          done → Running; failed → Stopping
//   Running       the gateway is alive         exit → Clearing; stop → StopCommands
//   Exited        RemainAfterExit=yes          stop → StopCommands
//   Reloading     ExecReload= runs, or the service does it          done → Running
//   StopCommands  ExecStop= runs               done → Stopping, or Clearing where main is dead
//   Stopping      KillSignal= was sent         exit → Clearing; TimeoutStopSec= → StopKilling
//   StopKilling   SIGKILL was sent             exit → Clearing; grace over → stays (or Over)
//   Clearing      main is dead, others live    tree empty → StopPost, then Waiting or Over
//   ClearKilling  they were sent SIGKILL       tree empty or grace over → the same
//   StopPost      ExecStopPost= runs           done → Clearing once more where something is left
//   Waiting       the delay of the respawn     start → Condition; stop → Over
//   Over          nothing runs any more        start → Condition
//
// The time of a command, and of a start, counts from the process that was made for it.
// States whose commands are not given are passed through at once. Never two main processes: a spawn
// is only asked for when the last one is dead.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <random>

#include "core/death.h"
#include "core/flight_recorder.h"
#include "core/hook_watch.h"
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
  Condition,
  StartPre,
  Starting,
  StartPost,
  Running,
  Exited,
  Reloading,
  StopCommands,
  Stopping,
  StopKilling,
  Clearing,
  ClearKilling,
  StopPost,
  Waiting,
  Over
};
std::string_view to_string(ServiceState state);

/// What a unit is to other units: systemd's ActiveState, and its auto-restart told apart.
enum class Activity : std::uint8_t {
  Inactive,
  Activating,
  Active,
  Deactivating,
  AutoRestart,
  Failed
};

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

  /// A start from nothing, or the respawn that it waits for. Only where can_start().
  void start(Instant now, Actions& out);
  bool can_start() const;
  /// NAME=VALUE for what is started from here on, beside what the unit says.
  void set_caller(std::vector<std::string> variables) { caller_ = std::move(variables); }
  /// $SERVICE_RESULT, $EXIT_CODE, $EXIT_STATUS of the last invocation, each with `prefix`.
  std::vector<std::string> result_variables(const std::string& prefix) const;
  const std::string& invocation() const { return death_.invocation; }
  /// It is not to be started: Over, without a failure of its own. Only where can_start().
  void refuse(int status, std::string reason);
  /// Ends the service for good, from any state.
  void stop(Instant now, const Requester& from, Actions& out);
  /// Ends the invocation and begins the next one without a delay.
  void restart(Instant now, const Requester& from, Actions& out);
  /// ExecReload=, or Type=notify-reload. A warning where there is neither or it does not run.
  void reload(Instant now, const Requester& from, Actions& out);
  bool can_reload() const;
  /// How the last reload ended. Only where it is no longer Reloading.
  bool was_reloaded() const { return reloaded_; }
  /// A signal of the user's for the main process.
  void forward(Instant now, int received, int sent, const Requester& from, Actions& out);
  /// systemctl(1), kill. False: there is no such process.
  bool kill(Instant now, int signal, KillWhom whom, const Requester& from, Actions& out);
  /// A failure is forgotten, and with it the starts that StartLimitBurst= counts.
  void reset_failed();

  void on(Instant now, const event::Spawned& event, Actions& out);
  void on(Instant now, const event::SpawnFailed& event, Actions& out);
  void on(Instant now, const event::ExecSucceeded& event, Actions& out);
  void on(Instant now, const event::ExecFailed& event, Actions& out);
  void on(Instant now, const event::MainExited& event, Actions& out);
  void on(Instant now, const event::CommandSpawned& event, Actions& out);
  void on(Instant now, const event::CommandSpawnFailed& event, Actions& out);
  void on(Instant now, const event::CommandExecFailed& event, Actions& out);
  void on(Instant now, const event::CommandExited& event, Actions& out);
  void on(Instant now, const event::MainFound& event, Actions& out);
  void on(Instant now, const event::MainRefused& event, Actions& out);
  void on(Instant now, const event::Notified& event, Actions& out);
  void on(Instant now, const event::TreeEmpty& event, Actions& out);
  void on(Instant now, const event::TreeChanged& event, Actions& out);
  void on(Instant now, const event::MemoryChanged& event, Actions& out);
  void on(Instant now, const event::PressureHigh& event, Actions& out);
  void on(Instant now, const event::Sampled& event, Actions& out);
  void on(Instant now, const event::Probed& event, Actions& out);
  void on(Instant now, const event::HookEnded& event, Actions& out) {
    hooks_.ended(now, event, out);
  }
  void on(Instant now, const event::TimerExpired& event, Actions& out);

  ServiceState state() const { return state_; }
  Activity activity() const;
  /// When TimerExpired is due; Instant::max() for never.
  Instant deadline() const;
  /// The same for what runs beside it, in any state.
  Instant hook_deadline() const { return hooks_.deadline(); }
  bool hook_runs() const { return hooks_.running(); }
  /// Meaningful in Over: what gatevisor exits with, and why.
  int exit_status() const { return exit_status_; }
  const std::string& end_reason() const { return end_reason_; }
  /// ExecCondition= said that the last invocation was not to be.
  bool was_skipped() const { return life_.result == "exec-condition"; }

  // what there is to tell of it
  int main_pid() const { return main_alive() ? death_.pid : 0; }
  /// The command that runs (ExecStartPre= and its like); 0: none.
  int control_pid() const { return control_ ? control_->pid : 0; }
  std::uint64_t launches() const { return launches_; }
  Instant started() const { return death_.started; }
  /// Of the last death; nullopt: there was none.
  const std::optional<Verdict>& last_verdict() const { return last_verdict_; }
  /// How many there were for each cause.
  std::uint64_t deaths(Cause cause) const { return deaths_[static_cast<std::size_t>(cause)]; }
  /// STATUS= of this invocation.
  const std::string& status_text() const { return death_.status_text; }
  /// Deaths in the last AlarmIntervalSec=.
  unsigned exits_in_window(Instant now) const { return exits_.count(now); }
  const ProbeWatch& probe(ProbeKind kind) const { return probes_[static_cast<std::size_t>(kind)]; }
  /// Active, and its ReadinessProbe= finds it so.
  bool is_ready() const;

 private:
  /// A command that runs, or was asked for (pid 0).
  struct Control {
    CommandKind kind;
    std::size_t index;
    int pid = 0;
    std::optional<ExecFailure> exec_failure{};
  };
  /// What is true of one invocation and starts anew with the next.
  struct Invocation {
    std::size_t main_index = 0;  ///< of ExecStart=
    bool main_alive = false;
    bool executed = false;      ///< execve(2) of the main process succeeded
    bool started = false;       ///< it was all that its Type= calls started
    bool aborted = false;       ///< TimeoutStopFailureMode=abort: it was sent that signal
    bool gave_up = false;       ///< its main process outlived all that it may be sent
    bool stop_ran = false;      ///< ExecStop= was run
    bool post_ran = false;      ///< ExecStopPost= was run
    bool others_alive = false;  ///< at the last look
    bool ready_waits = false;   ///< READY=1 came, until its MAINPID= is looked up
    bool reload_begun = false;  ///< RELOADING=1 came after the reload was asked for
    bool reload_ended = false;  ///< and READY=1 after that
    bool tidied = false;
    bool left = false;           ///< gatevisor ends, and its main process goes on
    bool memory_missed = false;  ///< memory.events changed while there was no main process
    std::optional<Verdict> verdict;
    std::string_view result;   ///< systemd's Result=: the first failure; empty: none
    std::string_view told;     ///< the same when the verdict was told
    bool by_policy = false;    ///< what is next follows from Restart=
    bool group_lives = false;  ///< ExitType=cgroup: its main process has ended, and not all
    Instant watchdog_due = Instant::max();
    Duration watchdog{0};  ///< WatchdogSec=, or what the service set
    Instant runtime_due = Instant::max();
    Duration stop_time{0};  ///< how long what was asked to end may take
  };

  bool main_alive() const { return life_.main_alive; }
  /// What its ExitType= counts.
  bool alive() const { return life_.main_alive || life_.group_lives; }
  /// systemd keeps the first one.
  void fail(std::string_view result) {
    if (life_.result.empty()) life_.result = result;
  }
  std::string_view result() const { return life_.result.empty() ? "success" : life_.result; }
  /// A main process was asked for, and Spawned has not answered.
  bool asked_for_main() const {
    return state_ == ServiceState::Starting && death_.pid == 0 && !control_ &&
           settings_.life.type != ServiceType::Forking;
  }
  /// Type=forking: its first process has ended, and which one is the main process is not known.
  bool looking_for_main() const {
    return state_ == ServiceState::Starting && !main_alive() && !control_ &&
           settings_.life.type == ServiceType::Forking;
  }
  /// A command was asked for, and CommandSpawned has not answered.
  bool asked_for_command() const { return control_ && control_->pid == 0; }
  /// A stop, or a restart that may end something.
  bool not_wanted() const {
    return ending_ || (restarting_ && settings_.kill.mode != KillMode::None);
  }
  bool has_ended_well() const { return life_.verdict && life_.verdict->cause == Cause::Clean; }

  // service.cc: from the start to the end of one invocation; service_end.cc: that end
  void begin(Instant now, Actions& out);
  void spawn_main(Instant now, Actions& out);
  void start_without_process(Instant now, Actions& out);
  void note_process(const std::string& invocation, const CgroupSnapshot& baseline);
  void main_started(Instant now, Actions& out);
  void enter_running(Instant now, Actions& out);
  void resume(Instant now);
  void tell_verdict(Instant now, bool others_alive, Actions& out);
  void died(Instant now, bool others_alive, Actions& out);
  void after_death(Instant now, Actions& out);
  void skipped(Instant now, Actions& out);
  void decide_next(Verdict& verdict, Instant now);
  Next within_limit(Next next, Instant now) const;
  void take_result(Instant now, Actions& out);
  void tell_start_limit(Actions& out) const;
  void cleared(Instant now, Actions& out);
  void finish(Instant now, Actions& out);
  void over(int status, std::string reason);
  bool start_limit_hit(Instant at) const;
  void enter(ServiceState state, Instant deadline);

  // service_stop.cc, service_clear.cc: on the way down
  void tell_group_end(Instant now, Actions& out);
  void run_stop(Instant now, StopReason reason, Actions& out);
  int stop_signal(StopReason reason) const;
  Duration stop_timeout(StopReason reason) const;
  void send(int signal, Actions& out) const;
  void final_kill(Actions& out) const;
  void begin_stop(Instant now, StopReason reason, Actions& out);
  void kill_now(Instant now, StopReason reason, std::string why, Actions& out);
  void abort_start(Instant now, Actions& out);
  void end_reload(Instant now, Actions& out);
  void end_start_post(Instant now, Actions& out);
  void start_timeout(Instant now, Actions& out);
  void clear(Instant now, ServiceState before, Actions& out);
  void clear_slow(Instant now, Actions& out);
  void escalate(Instant now, Actions& out);
  bool abort_stop(Instant now, Actions& out);
  void let_go(Instant now, int status, std::string reason, Actions& out);
  void note_sent(Instant now, int signal, std::string why, bool forwarded = false);

  // service_commands.cc: ExecStartPre= and its like
  void run(CommandKind kind, Instant now, Actions& out);
  void start_command(CommandKind kind, std::size_t index, Actions& out);
  std::vector<std::string> command_environment(CommandKind kind) const;
  void command_ended(Instant now, const FailedCommand& what, Actions& out);
  void command_failed(Instant now, const FailedCommand& what, Actions& out);
  void command_timeout(Instant now, Actions& out);
  void command_came_late(Instant now, Actions& out);
  Duration command_time(CommandKind kind) const;
  void after_commands(CommandKind kind, Instant now, Actions& out);
  void after_reload(Instant now, Actions& out);
  const Command& command() const;

  // service_watch.cc: while the gateway lives
  void check_memory(Instant now, Actions& out);
  void check_flight(Instant now, Actions& out);
  void be_ready(Instant now, Actions& out);
  void check_watchdog(Instant now, Actions& out);
  void check_runtime(Instant now, Actions& out);
  void end_watches(Actions& out);
  /// Its main process lives and nobody has begun to end it.
  bool undisturbed() const;

  // service_probes.cc
  ProbeWatch& watch(ProbeKind kind) { return probes_[static_cast<std::size_t>(kind)]; }
  void main_executes(Instant now, Actions& out);
  void begin_probes(Instant now, Actions& out);
  void check_probes(Instant now, Actions& out);
  void take_probe(Instant now, ProbeKind kind, const ProbeResult& result, Actions& out);
  void end_probes(Actions& out);

  const ServiceSettings& settings_;
  RestartPolicy policy_;
  std::mt19937_64 random_;
  SlidingWindow exits_;
  SlidingWindow starts_;
  ServiceState state_ = ServiceState::Inactive;
  Instant state_deadline_ = Instant::max();
  std::uint64_t launches_ = 0;
  Death death_;  ///< of the current invocation, filled as it lives
  Invocation life_;
  std::optional<Control> control_;
  MemoryWatch memory_;
  FlightRecorder flight_;
  std::array<ProbeWatch, kAllProbeKinds.size()> probes_;
  HookWatch hooks_;
  bool ending_ = false;      ///< a stop was asked for: no respawn
  bool restarting_ = false;  ///< a restart was asked for: no delay
  Requester requester_;
  Next next_;
  Instant last_alarm_{};
  bool alarm_raised_ = false;
  Instant asked_at_{};  ///< when requester_ did
  bool reloaded_ = false;
  std::optional<Verdict> last_verdict_;
  std::array<std::uint64_t, kAllCauses.size()> deaths_{};
  std::vector<std::string> caller_;
  bool failed_ = false;  ///< Over, and not because it was to end
  int exit_status_ = 0;
  std::string end_reason_;
};

}  // namespace gatevisor::core
