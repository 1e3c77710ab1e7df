// From the start of one invocation to its end, and to the next.

#include "core/service.h"

#include <algorithm>

namespace gatevisor::core {

Service::Service(const ServiceSettings& settings, std::uint64_t seed)
    : settings_(settings),
      policy_(settings, seed),
      random_(seed),
      exits_(settings.alarm.interval),
      starts_(settings.start_limit.interval),
      memory_(settings.memory),
      flight_(settings.memory.sample_interval),
      probes_{ProbeWatch(settings.probes.startup), ProbeWatch(settings.probes.liveness),
              ProbeWatch(settings.probes.readiness)},
      hooks_(settings.hooks) {}

void Service::enter(ServiceState state, Instant deadline) {
  state_ = state;
  state_deadline_ = deadline;
}

void Service::over(int status, std::string reason) {
  enter(ServiceState::Over, Instant::max());
  exit_status_ = status;
  end_reason_ = std::move(reason);
}

Instant Service::deadline() const {
  if (!main_alive())
    return alive() ? std::min(state_deadline_, life_.runtime_due) : state_deadline_;
  Instant next = std::min({state_deadline_, memory_.deadline(), flight_.deadline(),
                           life_.watchdog_due, life_.runtime_due});
  for (const ProbeWatch& probe : probes_) next = std::min(next, probe.deadline());
  return next;
}

// ---- starting ------------------------------------------------------------------------------

bool Service::can_start() const {
  return state_ == ServiceState::Inactive || state_ == ServiceState::Waiting ||
         state_ == ServiceState::Over;
}

void Service::start(Instant now, Actions& out) {
  if (!can_start()) return;
  if (state_ == ServiceState::Over) {
    if (start_limit_hit(now)) {
      tell_start_limit(out);
      failed_ = true;
      return over(exit_status_ == 0 ? 1 : exit_status_, "StartLimitBurst=");
    }
    ending_ = false;
    exit_status_ = 0;
    end_reason_.clear();
    policy_.start_anew();
  }
  begin(now, out);
}

void Service::refuse(int status, std::string reason) {
  if (!can_start()) return;
  failed_ = false;
  over(status, std::move(reason));
}

void Service::reset_failed() {
  failed_ = false;
  starts_ = SlidingWindow(settings_.start_limit.interval);
  policy_.start_anew();
}

bool Service::start_limit_hit(Instant at) const {
  const RateSettings& limit = settings_.start_limit;
  return limit.burst > 0 && limit.interval > Duration{0} && starts_.count(at) >= limit.burst;
}

Activity Service::activity() const {
  switch (state_) {
    case ServiceState::Inactive: return Activity::Inactive;
    case ServiceState::Condition:
    case ServiceState::StartPre:
    case ServiceState::Starting:
    case ServiceState::StartPost: return Activity::Activating;
    case ServiceState::Running:
    case ServiceState::Exited:
    case ServiceState::Reloading: return Activity::Active;
    case ServiceState::StopCommands:
    case ServiceState::Stopping:
    case ServiceState::StopKilling:
    case ServiceState::Clearing:
    case ServiceState::ClearKilling:
    case ServiceState::StopPost: return Activity::Deactivating;
    case ServiceState::Waiting: return Activity::AutoRestart;
    case ServiceState::Over: return failed_ ? Activity::Failed : Activity::Inactive;
  }
  return Activity::Inactive;
}

void Service::begin(Instant now, Actions& out) {
  starts_.add(now);
  ++launches_;
  death_ = Death{};
  death_.started = now;
  life_ = Invocation{};
  life_.watchdog = settings_.life.watchdog;
  control_.reset();
  memory_ = MemoryWatch(settings_.memory);
  for (const ProbeKind kind : kAllProbeKinds) watch(kind) = ProbeWatch(settings_.probes.of(kind));
  restarting_ = false;
  run(CommandKind::Condition, now, out);
}

void Service::spawn_main(Instant now, Actions& out) {
  const LifeSettings& life = settings_.life;
  if (settings_.commands.main.empty()) return start_without_process(now, out);
  if (life.type == ServiceType::Forking) return start_command(CommandKind::Main, 0, out);
  enter(ServiceState::Starting, Instant::max());  // Spawned arms it
  death_.pid = 0;
  life_.executed = false;
  out.push_back(action::Spawn{launches_, life_.main_index, caller_});
}

// Type=oneshot without ExecStart=: as if it had ended, and well.
void Service::start_without_process(Instant now, Actions& out) {
  enter(ServiceState::Starting, Instant::max());
  death_.pid = 0;
  death_.status = WaitStatus::exited(0);
  if (settings_.commands.start_post.empty()) return died(now, life_.others_alive, out);
  main_started(now, out);
}

// The first process of an invocation tells which one it is, and what was counted before it.
void Service::note_process(const std::string& invocation, const CgroupSnapshot& baseline) {
  if (!death_.invocation.empty()) return;
  death_.invocation = invocation;
  death_.baseline = baseline;
}

void Service::on(Instant now, const event::Spawned& event, Actions& out) {
  if (!asked_for_main()) return;
  death_.pid = event.pid;
  life_.main_alive = true;
  note_process(event.invocation, event.baseline);
  memory_.begin(death_.baseline);
  flight_.begin(now);
  if (life_.memory_missed) out.push_back(action::RearmMemoryWatch{});
  life_.memory_missed = false;
  life_.watchdog = settings_.life.watchdog;  // of Type=oneshot this may be the next one
  life_.watchdog_due = Instant::max();
  // Type=simple and idle are started when it is there; the others are given their time.
  const LifeSettings& life = settings_.life;
  if (life.type != ServiceType::Simple && life.type != ServiceType::Idle) {
    state_deadline_ = after(now, life.start_timeout());
  }
  // A stop that came between the decision and the process.
  if (not_wanted()) begin_stop(now, StopReason::Request, out);
}

void Service::on(Instant now, const event::SpawnFailed& event, Actions& out) {
  if (!asked_for_main()) return;
  death_.exec_failure = ExecFailure{event.step, event.error.code};
  emit(out, record::Warning{event.error});
  died(now, life_.others_alive, out);  // of ExecStartPre=
}

void Service::on(Instant now, const event::ExecSucceeded&, Actions& out) {
  if (!main_alive() || life_.executed) return;
  life_.executed = true;
  out.push_back(action::WritePidFile{death_.pid});
  emit(out, record::Started{death_.pid, death_.invocation, launches_});
  if (state_ != ServiceState::Starting) return;
  switch (settings_.life.type) {
    case ServiceType::Simple:
    case ServiceType::Exec:
    case ServiceType::Idle: return main_executes(now, out);
    case ServiceType::Oneshot:
    case ServiceType::Forking:
    case ServiceType::Notify:
    case ServiceType::NotifyReload: return;
  }
}

void Service::on(Instant, const event::ExecFailed& event, Actions&) {
  if (main_alive() && !life_.executed) death_.exec_failure = ExecFailure{event.step, event.code};
}

void Service::on(Instant now, const event::MainFound& event, Actions& out) {
  const bool forked = looking_for_main();
  if (!forked && !main_alive()) return;
  death_.pid = event.pid;
  if (!forked) {
    if (life_.ready_waits) be_ready(now, out);
    return;
  }
  life_.main_alive = true;
  life_.executed = true;
  memory_.begin(death_.baseline);
  flight_.begin(now);
  emit(out, record::Started{death_.pid, death_.invocation, launches_});
  main_executes(now, out);
}

void Service::on(Instant now, const event::MainRefused& event, Actions& out) {
  emit(out, record::Warning{Error{"MAINPID=" + std::to_string(event.pid), "", 0,
                                  "it is no process of this invocation, and is not taken"}});
  if (life_.ready_waits) be_ready(now, out);
}

void Service::main_started(Instant now, Actions& out) {
  life_.started = true;
  run(CommandKind::StartPost, now, out);
}

void Service::resume(Instant now) {
  enter(ServiceState::Running, life_.tidied ? Instant::max() : now + kTidyAfter);
}

void Service::enter_running(Instant now, Actions& out) {
  resume(now);
  begin_probes(now, out);
  const LifeSettings& life = settings_.life;
  if (life_.watchdog > Duration{0}) life_.watchdog_due = after(now, life_.watchdog);
  if (life.runtime_max != kForever) {
    const auto span = static_cast<std::uint64_t>(life.runtime_extra.count());
    const Duration extra(span == 0 ? 0 : static_cast<Duration::rep>(random_() % span));
    life_.runtime_due = after(after(now, life.runtime_max), extra);
  }
}

// ---- the end of an invocation ----------------------------------------------------------------

void Service::on(Instant now, const event::MainExited& event, Actions& out) {
  if (!main_alive()) return;
  death_.status = event.status;
  death_.after = event.after;
  death_.seccomp_mode = event.seccomp_mode;
  death_.last_words = event.last_words;
  if (event.kernel_log) death_.kernel_log = event.kernel_log;
  const std::vector<Command>& commands = settings_.commands.main;
  const bool starting_oneshot =
      settings_.life.type == ServiceType::Oneshot && state_ == ServiceState::Starting;
  const bool more =
      starting_oneshot && !death_.exec_failure && life_.main_index + 1 < commands.size();
  if (more && (is_success(event.status, settings_) || commands[life_.main_index].ignore_failure)) {
    life_.main_alive = false;
    life_.others_alive = event.others_alive;
    ++life_.main_index;
    return spawn_main(now, out);
  }
  if (starting_oneshot && !death_.exec_failure && is_success(event.status, settings_) &&
      !settings_.commands.start_post.empty()) {
    // It is started only when ExecStartPost= is done, and until then it can fail.
    life_.main_alive = false;
    life_.others_alive = event.others_alive;
    return main_started(now, out);
  }
  if (settings_.life.notifies() && state_ == ServiceState::Starting &&
      is_success(event.status, settings_)) {
    death_.stop_reason = StopReason::Protocol;
    death_.protocol = "ended before it sent READY=1";
  }
  const bool started = state_ == ServiceState::Running || state_ == ServiceState::Reloading ||
                       state_ == ServiceState::StartPost;
  if (settings_.life.exit_type == ExitType::Cgroup && started && event.others_alive) {
    life_.main_alive = false;
    life_.group_lives = life_.others_alive = true;
    end_probes(out);
    life_.watchdog_due = Instant::max();
    return;
  }
  died(now, event.others_alive, out);
}

void Service::died(Instant now, bool others_alive, Actions& out) {
  tell_verdict(now, others_alive, out);
  if (settings_.life.type == ServiceType::Oneshot && state_ == ServiceState::Starting &&
      has_ended_well()) {
    life_.started = true;
  }
  // A command that has begun is not cut short; after_commands() goes on.
  const bool commands_run =
      control_ && (state_ == ServiceState::StartPost || state_ == ServiceState::Reloading ||
                   state_ == ServiceState::StopCommands);
  if (!commands_run) after_death(now, out);
}

void Service::on(Instant now, const event::TreeEmpty&, Actions& out) {
  if (asked_for_command()) return;  // of before it
  life_.others_alive = false;
  if (state_ == ServiceState::Clearing || state_ == ServiceState::ClearKilling) {
    return cleared(now, out);
  }
  if (life_.group_lives) {
    life_.group_lives = false;
    if (state_ == ServiceState::Running) died(now, false, out);
    return;  // else when the commands that run have ended
  }
  if (!looking_for_main()) return;
  if (settings_.pid_file.empty()) {
    // As systemd: no main process was promised, and this is an end as any other.
    death_.status = WaitStatus::exited(0);
    return main_started(now, out);
  }
  death_.stop_reason = StopReason::Protocol;
  death_.protocol = "went into the background and left no process";
  died(now, false, out);
}

void Service::on(Instant now, const event::TimerExpired&, Actions& out) {
  hooks_.check(now, out);
  if (main_alive()) check_flight(now, out);
  if (main_alive()) check_memory(now, out);
  if (main_alive()) check_probes(now, out);
  if (main_alive()) check_watchdog(now, out);
  if (alive()) check_runtime(now, out);
  if (now < state_deadline_) return;
  switch (state_) {
    case ServiceState::Condition:
    case ServiceState::StartPre:
    case ServiceState::Starting:
    case ServiceState::StartPost: return start_timeout(now, out);
    case ServiceState::Reloading:
    case ServiceState::StopCommands:
    case ServiceState::StopPost: return command_timeout(now, out);
    case ServiceState::Stopping:
    case ServiceState::StopKilling:
    case ServiceState::Clearing:
    case ServiceState::ClearKilling: return escalate(now, out);
    case ServiceState::Running:
      out.push_back(action::Tidy{});
      life_.tidied = true;
      state_deadline_ = Instant::max();
      return;
    case ServiceState::Inactive:
    case ServiceState::Exited:
    case ServiceState::Waiting:
    case ServiceState::Over: return;
  }
}

}  // namespace gatevisor::core
