// What is left once it was asked to end: what it gets next, and when it is given up.
// systemd.kill(5).

#include <csignal>

#include "core/service.h"

namespace gatevisor::core {

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

// A command of the stop is too slow, and there is no main process: TimeoutStopFailureMode=.
void Service::clear_slow(Instant now, Actions& out) {
  const KillSettings& kill = settings_.kill;
  const TimeoutMode mode = settings_.life.stop_failure;
  if (mode == TimeoutMode::Terminate || kill.mode == KillMode::None) {
    return clear(now, ServiceState::Running, out);
  }
  const bool abort = mode == TimeoutMode::Abort;
  if (!abort && !kill.send_sigkill) {
    emit(out, record::LeftBehind{0, 0});
    return cleared(now, out);
  }
  const int signal = abort ? settings_.life.watchdog_signal : kill.final_signal;
  if (kill.mode == KillMode::Process) {
    if (control_) out.push_back(action::SignalCommand{signal});
  } else if (abort) {
    out.push_back(action::SignalTree{signal});
    out.push_back(action::SignalTree{SIGCONT});
  } else {
    final_kill(out);
  }
  if (!abort) return enter(ServiceState::ClearKilling, after(now, kKillGrace));
  life_.stop_time = settings_.life.timeout_abort.value_or(kill.timeout_stop);
  enter(ServiceState::Clearing, after(now, life_.stop_time));
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
  fail("timeout");
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
  send(SIGCONT, out);
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
