// On the way down: what a process is sent, in which order, and for how long it is waited for.
// systemd.kill(5).

#include <csignal>

#include "core/format.h"
#include "core/service.h"
#include "core/service_result.h"

namespace gatevisor::core {
namespace {

const char* why_stopped(StopReason reason) {
  switch (reason) {
    case StopReason::None:
    case StopReason::Request: return "stop";
    case StopReason::OutOfMemory: return "OOMPolicy=stop";
    case StopReason::MemoryStall: return "memory stall";
    case StopReason::ProbeFailure: return "LivenessProbe=";
    case StopReason::StartTimeout: return "TimeoutStartSec=";
    case StopReason::RuntimeLimit: return "RuntimeMaxSec=";
    case StopReason::Watchdog: return "WatchdogSec=";
    case StopReason::CommandFailed: return "a command failed";
    case StopReason::Protocol: return "it broke the rules of its Type=";
  }
  return "?";
}

}  // namespace

// One entry a signal, so that it is bounded; and what was sent to end the process is not forgotten
// for a later one that a user had forwarded.
void Service::note_sent(Instant now, int signal, std::string why, bool forwarded) {
  for (SentSignal& entry : death_.sent) {
    if (entry.signal != signal) continue;
    if (!forwarded || entry.forwarded) entry = {signal, now, std::move(why), forwarded};
    return;
  }
  death_.sent.push_back({signal, now, std::move(why), forwarded});
}

void Service::stop(Instant now, const Requester& from, Actions& out) {
  if (ending_) return;  // TimeoutStopSec= bounds the first one; a second changes nothing
  ending_ = true;
  requester_ = from;
  asked_at_ = now;
  tell_group_end(now, out);
  emit(out, record::Stopping{from, main_alive() ? death_.pid : 0, settings_.kill.signal, false});
  const StopReason reason =  // None: it had said STOPPING=1
      death_.stop_reason == StopReason::None ? StopReason::Request : death_.stop_reason;
  switch (state_) {
    case ServiceState::Inactive: return over(0, "stopped before it was started");
    case ServiceState::Condition:
    case ServiceState::StartPre: return abort_start(now, out);
    case ServiceState::Starting:
      if (main_alive()) return begin_stop(now, StopReason::Request, out);
      return abort_start(now, out);
    case ServiceState::StartPost:
      if (main_alive()) return begin_stop(now, StopReason::Request, out);
      return end_start_post(now, out);
    case ServiceState::Running:
    case ServiceState::Exited: return run_stop(now, StopReason::Request, out);
    case ServiceState::Reloading: return end_reload(now, out);
    case ServiceState::Stopping:
      // It is on its way down, unless it outlived that and may not be killed: once more, then.
      if (life_.gave_up) begin_stop(now, reason, out);
      return;
    case ServiceState::StopKilling:
      if (life_.gave_up) let_go(now, 137, "the gateway could not be killed", out);
      return;
    case ServiceState::StopCommands:
    case ServiceState::Clearing:
    case ServiceState::ClearKilling:
    case ServiceState::StopPost: next_ = {NextAction::Stop, Duration{0}, "stop requested"}; return;
    case ServiceState::Waiting:
      return over(exit_status_, "stopped while it waited for its respawn");
    case ServiceState::Over: return;
  }
}

void Service::restart(Instant now, const Requester& from, Actions& out) {
  if (ending_ || restarting_) return;
  policy_.start_anew();
  if (life_.group_lives) {
    restarting_ = true;
    requester_ = from;
    asked_at_ = now;
    tell_group_end(now, out);
  }
  switch (state_) {
    case ServiceState::Condition:
    case ServiceState::StartPre:
      restarting_ = true;
      requester_ = from;
      asked_at_ = now;
      if (!not_wanted()) return;
      return abort_start(now, out);
    case ServiceState::Starting:
    case ServiceState::StartPost:
    case ServiceState::Running:
    case ServiceState::Reloading:
      restarting_ = true;
      requester_ = from;
      asked_at_ = now;
      if (life_.verdict) {  // a command of what has died
        next_ = {NextAction::Respawn, Duration{0}, "restart requested"};
        if (state_ == ServiceState::StartPost) end_start_post(now, out);
        if (state_ == ServiceState::Running) run_stop(now, StopReason::Request, out);
        return;
      }
      if (settings_.kill.mode == KillMode::None) {
        return emit(out, record::Warning{Error{"restart", settings_.name, 0,
                                               "KillMode=none: it is when it ends by itself"}});
      }
      emit(out, record::Stopping{from, death_.pid, stop_signal(StopReason::Request), true});
      if (state_ == ServiceState::Running || state_ == ServiceState::Reloading) {
        return end_reload(now, out);
      }
      if (main_alive()) return begin_stop(now, StopReason::Request, out);
      if (state_ == ServiceState::StartPost) return end_start_post(now, out);
      if (state_ == ServiceState::Starting) abort_start(now, out);
      return;
    case ServiceState::Exited:
      next_ = {NextAction::Respawn, Duration{0}, "restart requested"};
      return run_stop(now, StopReason::Request, out);
    case ServiceState::StopCommands:
    case ServiceState::Stopping:
    case ServiceState::StopKilling:
      restarting_ = true;
      if (!main_alive()) next_ = {NextAction::Respawn, Duration{0}, "restart requested"};
      return;
    case ServiceState::Clearing:
    case ServiceState::ClearKilling:
    case ServiceState::StopPost:
      next_ = {NextAction::Respawn, Duration{0}, "restart requested"};
      return;
    case ServiceState::Waiting: return enter(ServiceState::Waiting, now);
    case ServiceState::Inactive:
    case ServiceState::Over: return;
  }
}

// ExitType=cgroup: what the main process has left is asked to end, and its own end is told first.
void Service::tell_group_end(Instant now, Actions& out) {
  if (!life_.group_lives) return;
  life_.group_lives = false;
  tell_verdict(now, true, out);
}

void Service::run_stop(Instant now, StopReason reason, Actions& out) {
  life_.stop_ran = true;
  if (main_alive()) {
    end_watches(out);
    death_.stop_reason = reason;
    death_.requester = requester_;
    death_.asked_at = asked_at_;
  }
  run(CommandKind::Stop, now, out);
}

int Service::stop_signal(StopReason reason) const {
  const LifeSettings& life = settings_.life;
  if (reason == StopReason::Watchdog) return life.watchdog_signal;
  if (reason == StopReason::StartTimeout && life.start_failure == TimeoutMode::Abort) {
    return life.watchdog_signal;
  }
  const bool again = restarting_ && !ending_ && settings_.kill.restart_signal != 0;
  return again ? settings_.kill.restart_signal : settings_.kill.signal;
}

Duration Service::stop_timeout(StopReason reason) const {
  const bool aborting =
      reason == StopReason::Watchdog ||
      (reason == StopReason::StartTimeout && settings_.life.start_failure == TimeoutMode::Abort);
  return aborting ? settings_.life.timeout_abort.value_or(settings_.kill.timeout_stop)
                  : settings_.kill.timeout_stop;
}

void Service::begin_stop(Instant now, StopReason reason, Actions& out) {
  const KillSettings& kill = settings_.kill;
  const int signal = stop_signal(reason);
  if (kill.mode == KillMode::None) {
    // systemd.kill(5): nothing is killed. What runs is nobody's from here on.
    if (ending_) return let_go(now, 0, "KillMode=none: the gateway is left running", out);
    if (reason == StopReason::StartTimeout) {
      control_.reset();
      enter_running(now, out);
    }
    return;
  }
  end_watches(out);
  fail(service_result(reason));
  death_.stop_reason = reason;
  death_.requester = requester_;
  death_.asked_at = asked_at_;
  send(signal, out);
  note_sent(now, signal, why_stopped(reason));
  if (control_ && kill.mode != KillMode::ControlGroup) {
    out.push_back(action::SignalCommand{signal});
  }
  if (kill.send_sighup) {
    send(SIGHUP, out);
    note_sent(now, SIGHUP, "SendSIGHUP=yes");
  }
  // A stopped process acts on the signal only when it goes on (systemd does the same).
  if (signal != SIGKILL && signal != SIGCONT) send(SIGCONT, out);
  life_.stop_time = stop_timeout(reason);
  enter(ServiceState::Stopping, after(now, life_.stop_time));
}

void Service::kill_now(Instant now, StopReason reason, std::string why, Actions& out) {
  end_watches(out);
  fail(service_result(reason));
  death_.stop_reason = reason;
  note_sent(now, SIGKILL, std::move(why));
  const bool too_slow = reason == StopReason::StartTimeout || death_.timed_out;
  if (too_slow && settings_.kill.mode == KillMode::Process) {
    out.push_back(action::SignalMain{SIGKILL});
    if (control_) out.push_back(action::SignalCommand{SIGKILL});
  } else {
    out.push_back(action::KillTree{});
  }
  enter(ServiceState::StopKilling, after(now, kKillGrace));
}

// Somebody wants it to end, and it has no main process yet: nothing has died, and there is no
// verdict.
void Service::abort_start(Instant now, Actions& out) {
  if (asked_for_command() || asked_for_main()) return;  // its Spawned event comes back to this
  if (ending_) {
    next_ = {NextAction::Stop, Duration{0}, "stop requested"};
    exit_status_ = 0;
    end_reason_ = "stopped while it was started";
  } else {
    next_ = {NextAction::Respawn, Duration{0}, "restart requested"};
  }
  life_.others_alive = true;
  clear(now, state_, out);
}

// ExecStartPost= failed, hangs or is not wanted any more, and the main process has ended.
void Service::end_start_post(Instant now, Actions& out) {
  if (asked_for_command()) return;  // its CommandSpawned event comes back to this
  const bool others = life_.others_alive || control_.has_value();
  if (!life_.verdict) tell_verdict(now, others, out);
  clear(now, state_, out);
}

// A reload does not hold up a stop.
void Service::end_reload(Instant now, Actions& out) {
  if (asked_for_command()) return;  // its CommandSpawned event comes back to this
  if (control_) {
    out.push_back(action::SignalCommand{SIGKILL});
    control_.reset();
    life_.others_alive = true;
  }
  if (main_alive()) return run_stop(now, StopReason::Request, out);
  after_death(now, out);
}

void Service::start_timeout(Instant now, Actions& out) {
  const bool kill = settings_.life.start_failure == TimeoutMode::Kill;
  if (!main_alive()) {
    if (!life_.verdict) death_.stop_reason = StopReason::StartTimeout;
    if (state_ == ServiceState::StartPost) return end_start_post(now, out);
    return died(now, true, out);
  }
  if (kill && settings_.kill.mode != KillMode::None)
    return kill_now(now, StopReason::StartTimeout, "TimeoutStartSec=", out);
  begin_stop(now, StopReason::StartTimeout, out);
}

// KillMode=: what is asked to end is all of it, or the main process alone.
void Service::send(int signal, Actions& out) const {
  if (settings_.kill.mode == KillMode::ControlGroup) {
    out.push_back(action::SignalTree{signal});
  } else {
    out.push_back(action::SignalMain{signal});
  }
}

}  // namespace gatevisor::core
