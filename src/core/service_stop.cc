// On the way down: what a process is sent, in which order, and for how long it is waited for.
// systemd.kill(5).

#include <csignal>

#include "core/format.h"
#include "core/service.h"

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
      enter_running(now);
    }
    return;
  }
  end_watches(out);
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

// The main process is dead; what it started may not be. What it gets depends on what it got
// already.
void Service::clear(Instant now, ServiceState before, Actions& out) {
  const KillSettings& kill = settings_.kill;
  if (!life_.others_alive && !control_) return cleared(now, out);
  if (kill.mode == KillMode::None) return cleared(now, out);
  if (kill.mode == KillMode::Process) {
    if (!control_) return cleared(now, out);
    out.push_back(action::SignalCommand{kill.signal});
    // It was asked with the main process, and has no more time than that.
    if (before == ServiceState::Stopping && death_.stop_reason != StopReason::None) {
      return enter(ServiceState::Clearing, life_.gave_up ? now : state_deadline_);
    }
    life_.stop_time = kill.timeout_stop;
    return enter(ServiceState::Clearing, after(now, kill.timeout_stop));
  }
  const bool oom = life_.verdict && life_.verdict->cause == Cause::OomKill &&
                   settings_.memory.oom_policy == OomPolicy::Kill;
  const bool start_kill = death_.stop_reason == StopReason::StartTimeout &&
                          settings_.life.start_failure == TimeoutMode::Kill;
  const bool at_once =
      oom || start_kill || kill.mode == KillMode::Mixed || before == ServiceState::StopKilling;
  if (at_once && kill.send_sigkill) {
    if (oom) {
      out.push_back(action::KillTree{});
    } else {
      final_kill(out);
    }
    return enter(ServiceState::ClearKilling, after(now, kKillGrace));
  }
  const bool stopping = before == ServiceState::Stopping;
  // STOPPING=1: nobody was asked.
  const bool asked = stopping && death_.stop_reason != StopReason::None;
  if (!asked || kill.mode == KillMode::Mixed) {  // else they were asked with the main process
    const int signal = death_.pid == 0 ? stop_signal(death_.stop_reason) : kill.signal;
    out.push_back(action::SignalTree{signal});
    if (kill.send_sighup) out.push_back(action::SignalTree{SIGHUP});
    if (signal != SIGKILL && signal != SIGCONT) out.push_back(action::SignalTree{SIGCONT});
  }
  if (!asked) life_.stop_time = kill.timeout_stop;
  // One deadline for all of a stop: theirs has passed where the main process's has.
  const Instant shared = life_.gave_up ? now : state_deadline_;
  enter(ServiceState::Clearing, asked ? shared : after(now, kill.timeout_stop));
}

// KillMode=: what is asked to end is all of it, or the main process alone.
void Service::send(int signal, Actions& out) const {
  if (settings_.kill.mode == KillMode::ControlGroup) {
    out.push_back(action::SignalTree{signal});
  } else {
    out.push_back(action::SignalMain{signal});
  }
}

void Service::final_kill(Actions& out) const {
  if (settings_.kill.final_signal == SIGKILL) {
    out.push_back(action::KillTree{});
  } else {
    out.push_back(action::SignalTree{settings_.kill.final_signal});
  }
}

// gatevisor ends and leaves the main process behind.
void Service::let_go(Instant now, int status, std::string reason, Actions& out) {
  end_probes(out);
  out.push_back(action::RemovePidFile{});
  life_.main_alive = false;
  life_.left = true;
  next_ = {NextAction::Stop, Duration{0}, "stop requested"};
  exit_status_ = status;
  end_reason_ = std::move(reason);
  cleared(now, out);
}

// A deadline of Stopping, StopKilling, Clearing or ClearKilling has passed.
void Service::escalate(Instant now, Actions& out) {
  const KillSettings& kill = settings_.kill;
  const bool alive = main_alive();
  const bool killed_already =
      state_ == ServiceState::StopKilling || state_ == ServiceState::ClearKilling;
  if (killed_already || !kill.send_sigkill) {
    emit(out,
         record::LeftBehind{alive ? death_.pid : 0, kill.send_sigkill ? kill.final_signal : 0});
    if (!alive) return cleared(now, out);
    // While the main process lives there can be no other. Its end, if it comes, is an event.
    if (ending_) return let_go(now, 137, "the gateway could not be killed", out);
    life_.gave_up = true;
    state_deadline_ = Instant::max();
    return;
  }
  if (state_ == ServiceState::Stopping && abort_stop(now, out)) return;
  emit(out,
       record::KillEscalated{alive ? death_.pid : 0, life_.stop_time, settings_.kill.final_signal});
  if (alive) {
    death_.timed_out = true;
    note_sent(now, kill.final_signal, "stop time-out");
  }
  if (kill.mode == KillMode::Process) {
    if (alive) out.push_back(action::SignalMain{kill.final_signal});
    if (control_) out.push_back(action::SignalCommand{kill.final_signal});
  } else {
    final_kill(out);
  }
  enter(alive ? ServiceState::StopKilling : ServiceState::ClearKilling, after(now, kKillGrace));
}

// TimeoutStopFailureMode=abort: once, before it is killed. False: it is not to be.
bool Service::abort_stop(Instant now, Actions& out) {
  const KillSettings& kill = settings_.kill;
  if (settings_.life.stop_failure != TimeoutMode::Abort || life_.aborted || !main_alive()) {
    return false;
  }
  const int signal = settings_.life.watchdog_signal;
  emit(out, record::KillEscalated{death_.pid, life_.stop_time, signal});
  life_.aborted = true;
  death_.timed_out = true;
  note_sent(now, signal, "stop time-out");
  send(signal, out);
  life_.stop_time = settings_.life.timeout_abort.value_or(kill.timeout_stop);
  enter(ServiceState::Stopping, after(now, life_.stop_time));
  return true;
}

void Service::on(Instant, const event::TreeChanged&, Actions& out) {
  if (state_ != ServiceState::ClearKilling) return;
  // KillMode=process: it is a command that is waited for, and the others are nobody's.
  if (settings_.kill.mode != KillMode::Process) out.push_back(action::KillTree{});
}

}  // namespace gatevisor::core
