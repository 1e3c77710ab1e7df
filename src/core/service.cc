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
      probe_(settings.probe) {}

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
  if (!main_alive()) return state_deadline_;
  return std::min({state_deadline_, memory_.deadline(), flight_.deadline(), probe_.deadline(), life_.watchdog_due,
                   life_.runtime_due});
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
      emit(out, record::StartLimitHit{settings_.start_limit.burst, settings_.start_limit.interval});
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
  probe_ = ProbeWatch(settings_.probe);
  restarting_ = false;
  run(CommandKind::Condition, now, out);
}

void Service::spawn_main(Actions& out) {
  const LifeSettings& life = settings_.life;
  if (life.type == ServiceType::Forking) return start_command(CommandKind::Main, 0, out);
  enter(ServiceState::Starting, Instant::max());  // Spawned arms it
  death_.pid = 0;
  life_.executed = false;
  out.push_back(action::Spawn{launches_, life_.main_index, caller_});
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
  // Until execve(2) nothing can take long; what comes then may.
  const LifeSettings& life = settings_.life;
  if (life.type == ServiceType::Oneshot || life.notifies())
    state_deadline_ = after(now, life.start_timeout());
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
    case ServiceType::Idle: return main_started(now, out);
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
  if (!forked) return;
  life_.main_alive = true;
  life_.executed = true;
  memory_.begin(death_.baseline);
  flight_.begin(now);
  emit(out, record::Started{death_.pid, death_.invocation, launches_});
  main_started(now, out);
}

void Service::main_started(Instant now, Actions& out) {
  life_.started = true;
  run(CommandKind::StartPost, now, out);
}

void Service::resume(Instant now) {
  enter(ServiceState::Running, life_.tidied ? Instant::max() : now + kTidyAfter);
}

void Service::enter_running(Instant now) {
  resume(now);
  probe_.begin(now);
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
  const std::vector<Command>& commands = settings_.commands.main;
  const bool starting_oneshot =
      settings_.life.type == ServiceType::Oneshot && state_ == ServiceState::Starting;
  const bool more =
      starting_oneshot && !death_.exec_failure && life_.main_index + 1 < commands.size();
  if (more && (is_success(event.status, settings_) || commands[life_.main_index].ignore_failure)) {
    life_.main_alive = false;
    life_.others_alive = event.others_alive;
    ++life_.main_index;
    return spawn_main(out);
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

void Service::tell_verdict(Instant now, bool others_alive, Actions& out) {
  end_probes(out);
  life_.main_alive = false;
  life_.others_alive = others_alive;
  death_.ended = now;
  life_.verdict = judge(death_, settings_);
  Verdict& verdict = *life_.verdict;
  exit_status_ = verdict.cause == Cause::Clean ? 0 : verdict.shell_status;
  const unsigned exits = exits_.add(now);
  decide_next(verdict, now);
  if (auto samples = flight_.take(); !samples.empty()) {
    emit(out, record::Flight{death_.invocation, std::move(samples)});
  }
  emit(out, record::Exited{verdict, exits, settings_.alarm.interval});
  last_verdict_ = verdict;
  if (next_.action == NextAction::GiveUp) {
    emit(out, record::StartLimitHit{settings_.start_limit.burst, settings_.start_limit.interval});
  }
  const RateSettings& alarm = settings_.alarm;
  if (alarm.burst == 0 || exits < alarm.burst || next_.action != NextAction::Respawn) {
    alarm_raised_ = false;
  } else if (!alarm_raised_ || now - last_alarm_ >= alarm.interval) {
    alarm_raised_ = true;
    last_alarm_ = now;
    emit(out, record::Alarm{exits, alarm.interval});
  }
  end_reason_ = verdict.summary;
  out.push_back(action::RemovePidFile{});
}

// The main process is dead, its verdict is told, and none of the commands runs.
void Service::after_death(Instant now, Actions& out) {
  const bool undisturbed = !ending_ && !restarting_;
  if (life_.started && has_ended_well() && state_ != ServiceState::Stopping &&
      state_ != ServiceState::StopKilling) {
    if (settings_.life.remain_after_exit && undisturbed) {
      return enter(ServiceState::Exited, Instant::max());
    }
    // systemd.service(5), ExecStop=: also when it has ended by itself, and well.
    if (!life_.stop_ran) return run_stop(now, StopReason::Request, out);
  }
  clear(now, state_, out);
}

void Service::skipped(Instant now, Actions& out) {
  life_.result = "exec-condition";
  next_ = {NextAction::Stop, Duration{0}, "ExecCondition="};
  exit_status_ = 0;
  end_reason_ = "skipped: ExecCondition= was not met";
  clear(now, state_, out);
}

void Service::decide_next(Verdict& verdict, Instant now) {
  if (ending_) {
    next_ = {NextAction::Stop, Duration{0}, "stop requested"};
  } else if (restarting_) {
    next_ = {NextAction::Respawn, Duration{0}, "restart requested"};
  } else if (settings_.life.remain_after_exit && verdict.cause == Cause::Clean &&
             death_.stop_reason == StopReason::None) {
    next_ = {NextAction::Stop, Duration{0}, "RemainAfterExit=yes"};
  } else {
    next_ = policy_.decide(verdict);
    if (next_.action == NextAction::Respawn && start_limit_hit(after(now, next_.delay))) {
      next_ = {NextAction::GiveUp, Duration{0}, "StartLimitBurst="};
    }
  }
  verdict.next = next_;
}

void Service::on(Instant now, const event::TreeEmpty&, Actions& out) {
  if (asked_for_command()) return;  // of before it
  life_.others_alive = false;
  if (state_ == ServiceState::Clearing || state_ == ServiceState::ClearKilling) {
    return cleared(now, out);
  }
  if (!looking_for_main()) return;
  death_.stop_reason = StopReason::Protocol;
  death_.protocol = "went into the background and left no process";
  died(now, false, out);
}

// Nothing of the invocation is alive, or what is has been given up.
void Service::cleared(Instant now, Actions& out) {
  // Its CommandSpawned is still to come, and would be taken for the next one's.
  if (asked_for_command()) return enter(ServiceState::ClearKilling, Instant::max());
  control_.reset();
  life_.others_alive = false;
  if (life_.post_ran) return finish(now, out);
  life_.post_ran = true;
  run(CommandKind::StopPost, now, out);
}

void Service::finish(Instant now, Actions& out) {
  if (!life_.left) out.push_back(action::Release{});
  if (ending_ || next_.action != NextAction::Respawn) {
    failed_ = life_.verdict && service_result(*life_.verdict, settings_) != "success";
    return over(exit_status_, end_reason_);
  }
  // start() ends it, also where there is no delay: other units may have to be ended first.
  enter(ServiceState::Waiting, life_.verdict ? after(life_.verdict->ended, next_.delay) : now);
}

void Service::on(Instant now, const event::TimerExpired&, Actions& out) {
  if (main_alive()) check_flight(now, out);
  if (main_alive()) check_memory(now, out);
  if (main_alive()) check_probe(now, out);
  if (main_alive()) check_watchdog(now, out);
  if (main_alive()) check_runtime(now, out);
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
