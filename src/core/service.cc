#include "core/service.h"

#include <algorithm>
#include <csignal>

namespace gatevisor::core {
namespace {

const char* why_stopped(StopReason reason) {
  switch (reason) {
    case StopReason::None:
    case StopReason::Request: return "stop";
    case StopReason::OutOfMemory: return "OOMPolicy=stop";
    case StopReason::MemoryStall: return "memory stall";
    case StopReason::ProbeFailure: return "LivenessProbe=";
  }
  return "?";
}

}  // namespace

Service::Service(const ServiceSettings& settings, std::uint64_t seed)
    : settings_(settings),
      policy_(settings, seed),
      exits_(settings.alarm.interval),
      starts_(settings.start_limit.interval),
      memory_(settings.memory),
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

bool Service::main_alive() const {
  switch (state_) {
    case ServiceState::Starting:
    case ServiceState::Running:
    case ServiceState::Stopping:
    case ServiceState::StopKilling: return death_.pid != 0;
    case ServiceState::Inactive:
    case ServiceState::Clearing:
    case ServiceState::ClearKilling:
    case ServiceState::Waiting:
    case ServiceState::Over: return false;
  }
  return false;
}

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

Instant Service::deadline() const {
  if (!main_alive()) return state_deadline_;
  return std::min({state_deadline_, memory_.deadline(), probe_.deadline()});
}

// ---- starting ------------------------------------------------------------------------------

void Service::start(Instant now, Actions& out) {
  if (state_ == ServiceState::Inactive) spawn(now, out);
}

void Service::spawn(Instant now, Actions& out) {
  starts_.add(now);
  death_ = Death{};
  death_.started = now;
  memory_ = MemoryWatch(settings_.memory);
  probe_ = ProbeWatch(settings_.probe);
  restarting_ = false;
  executed_ = false;
  gave_up_ = false;
  enter(ServiceState::Starting, Instant::max());
  out.push_back(action::Spawn{++launches_});
}

void Service::on(Instant now, const event::Spawned& event, Actions& out) {
  if (state_ != ServiceState::Starting || death_.pid != 0) return;
  death_.pid = event.pid;
  death_.invocation = event.invocation;
  death_.baseline = event.baseline;
  memory_.begin(event.baseline);
  // A stop that came between the decision and the process.
  if (ending_ || restarting_) begin_stop(now, StopReason::Request, out);
}

void Service::on(Instant now, const event::SpawnFailed& event, Actions& out) {
  if (state_ != ServiceState::Starting || death_.pid != 0) return;
  death_.exec_failure = ExecFailure{event.step, event.error.code};
  emit(out, record::Warning{event.error});
  died(now, false, out);
}

void Service::on(Instant now, const event::ExecSucceeded&, Actions& out) {
  if (!main_alive() || executed_) return;
  executed_ = true;
  if (state_ == ServiceState::Starting) {
    enter(ServiceState::Running, now + kTidyAfter);
    probe_.begin(now);
  }
  out.push_back(action::WritePidFile{death_.pid});
  emit(out, record::Started{death_.pid, death_.invocation, launches_});
}

void Service::on(Instant, const event::ExecFailed& event, Actions&) {
  if (main_alive() && !executed_) death_.exec_failure = ExecFailure{event.step, event.code};
}

// ---- stopping ------------------------------------------------------------------------------

void Service::stop(Instant now, const Requester& from, Actions& out) {
  if (ending_) return;  // TimeoutStopSec= bounds the first one; a second changes nothing
  ending_ = true;
  requester_ = from;
  emit(out, record::Stopping{from, main_alive() ? death_.pid : 0, settings_.kill.signal, false});
  switch (state_) {
    case ServiceState::Inactive: return over(0, "stopped before it was started");
    case ServiceState::Starting:
    case ServiceState::Running:
      if (main_alive()) begin_stop(now, StopReason::Request, out);
      return;
    case ServiceState::Stopping:
      // It is on its way down, unless it outlived that and may not be killed: once more, then.
      if (gave_up_) begin_stop(now, death_.stop_reason, out);
      return;
    case ServiceState::StopKilling:
      if (gave_up_) abandon(out);
      return;
    case ServiceState::Clearing:
    case ServiceState::ClearKilling:
      next_ = {NextAction::Stop, Duration{0}, "stop requested"};
      return;
    case ServiceState::Waiting:
      return over(exit_status_, "stopped while it waited for its respawn");
    case ServiceState::Over: return;
  }
}

void Service::restart(Instant now, const Requester& from, Actions& out) {
  if (ending_ || restarting_) return;
  policy_.start_anew();
  switch (state_) {
    case ServiceState::Starting:
    case ServiceState::Running:
      restarting_ = true;
      requester_ = from;
      if (settings_.kill.mode == KillMode::None) {
        return emit(out, record::Warning{Error{"restart", settings_.name, 0,
                                               "KillMode=none: it is when it ends by itself"}});
      }
      emit(out, record::Stopping{from, death_.pid, stop_signal(), true});
      if (main_alive()) begin_stop(now, StopReason::Request, out);
      return;
    case ServiceState::Stopping:
    case ServiceState::StopKilling: restarting_ = true; return;
    case ServiceState::Clearing:
    case ServiceState::ClearKilling:
      next_ = {NextAction::Respawn, Duration{0}, "restart requested"};
      return;
    case ServiceState::Waiting: return spawn(now, out);
    case ServiceState::Inactive:
    case ServiceState::Over: return;
  }
}

int Service::stop_signal() const {
  const bool again = restarting_ && !ending_ && settings_.kill.restart_signal != 0;
  return again ? settings_.kill.restart_signal : settings_.kill.signal;
}

void Service::begin_stop(Instant now, StopReason reason, Actions& out) {
  const KillSettings& kill = settings_.kill;
  const int signal = stop_signal();
  if (kill.mode == KillMode::None) {
    // systemd.kill(5): nothing is killed. What runs is nobody's from here on.
    if (!ending_) return;
    out.push_back(action::RemovePidFile{});
    return over(0, "KillMode=none: the gateway is left running");
  }
  end_probes(out);
  death_.stop_reason = reason;
  death_.requester = requester_;
  const auto send = [&](int what) {
    if (kill.mode == KillMode::ControlGroup) {
      out.push_back(action::SignalTree{what});
    } else {
      out.push_back(action::SignalMain{what});
    }
  };
  send(signal);
  note_sent(now, signal, why_stopped(reason));
  if (kill.send_sighup) {
    send(SIGHUP);
    note_sent(now, SIGHUP, "SendSIGHUP=yes");
  }
  // A stopped process acts on the signal only when it goes on (systemd does the same).
  if (signal != SIGKILL && signal != SIGCONT) send(SIGCONT);
  enter(ServiceState::Stopping, after(now, kill.timeout_stop));
}

void Service::kill_now(Instant now, StopReason reason, std::string why, Actions& out) {
  end_probes(out);
  death_.stop_reason = reason;
  note_sent(now, SIGKILL, std::move(why));
  out.push_back(action::KillTree{});
  enter(ServiceState::StopKilling, after(now, kKillGrace));
}

void Service::final_kill(Actions& out) const {
  if (settings_.kill.final_signal == SIGKILL) {
    out.push_back(action::KillTree{});
  } else {
    out.push_back(action::SignalTree{settings_.kill.final_signal});
  }
}

// gatevisor ends and leaves the main process behind.
void Service::abandon(Actions& out) {
  out.push_back(action::RemovePidFile{});
  over(137, "the gateway could not be killed");
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
    if (!alive) return finish(now, out);
    // While the main process lives there can be no other. Its end, if it comes, is an event.
    if (ending_) return abandon(out);
    gave_up_ = true;
    state_deadline_ = Instant::max();
    return;
  }
  emit(out, record::KillEscalated{alive ? death_.pid : 0, kill.timeout_stop});
  if (alive) {
    death_.timed_out = true;
    note_sent(now, kill.final_signal, "stop time-out");
  }
  if (kill.mode == KillMode::Process && alive) {
    out.push_back(action::SignalMain{kill.final_signal});
  } else {
    final_kill(out);
  }
  enter(alive ? ServiceState::StopKilling : ServiceState::ClearKilling, after(now, kKillGrace));
}

void Service::forward(Instant now, int received, int sent, const Requester& from, Actions& out) {
  const bool alive = main_alive();
  emit(out, record::Forwarded{received, sent, alive ? death_.pid : 0, from});
  if (!alive) return;
  note_sent(now, sent, "forwarded " + signal_name(received), true);
  out.push_back(action::SignalMain{sent});
}

// ---- the end of an invocation ----------------------------------------------------------------

void Service::on(Instant now, const event::MainExited& event, Actions& out) {
  if (!main_alive()) return;
  death_.status = event.status;
  death_.after = event.after;
  death_.seccomp_mode = event.seccomp_mode;
  died(now, event.others_alive, out);
}

void Service::died(Instant now, bool others_alive, Actions& out) {
  const ServiceState before = state_;
  end_probes(out);
  death_.ended = now;
  Verdict verdict = judge(death_, settings_);
  exit_status_ = verdict.cause == Cause::Clean ? 0 : verdict.shell_status;
  const unsigned exits = exits_.add(now);
  decide_next(verdict, now);
  const Cause cause = verdict.cause;
  const std::string summary = verdict.summary;
  emit(out, record::Exited{std::move(verdict), exits, settings_.alarm.interval});
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
  end_reason_ = summary;
  out.push_back(action::RemovePidFile{});
  if (others_alive) return clear(now, before, cause, out);
  finish(now, out);
}

void Service::decide_next(Verdict& verdict, Instant now) {
  if (ending_) {
    next_ = {NextAction::Stop, Duration{0}, "stop requested"};
  } else if (restarting_) {
    next_ = {NextAction::Respawn, Duration{0}, "restart requested"};
  } else {
    next_ = policy_.decide(verdict);
    const RateSettings& limit = settings_.start_limit;
    if (next_.action == NextAction::Respawn && limit.burst > 0 && limit.interval > Duration{0} &&
        starts_.count(after(now, next_.delay)) >= limit.burst) {
      next_ = {NextAction::GiveUp, Duration{0}, "StartLimitBurst="};
    }
  }
  verdict.next = next_;
}

// The main process is dead; what it started is not. What it gets depends on what it got already.
void Service::clear(Instant now, ServiceState before, Cause cause, Actions& out) {
  const KillSettings& kill = settings_.kill;
  if (kill.mode == KillMode::Process || kill.mode == KillMode::None) return finish(now, out);
  const bool oom = cause == Cause::OomKill && settings_.memory.oom_policy == OomPolicy::Kill;
  const bool at_once = oom || kill.mode == KillMode::Mixed || before == ServiceState::StopKilling;
  if (at_once && kill.send_sigkill) {
    if (oom) {
      out.push_back(action::KillTree{});
    } else {
      final_kill(out);
    }
    return enter(ServiceState::ClearKilling, after(now, kKillGrace));
  }
  const bool stopping = before == ServiceState::Stopping;
  if (!stopping || kill.mode == KillMode::Mixed) {  // else they were asked with the main process
    out.push_back(action::SignalTree{kill.signal});
    if (kill.send_sighup) out.push_back(action::SignalTree{SIGHUP});
    if (kill.signal != SIGKILL && kill.signal != SIGCONT)
      out.push_back(action::SignalTree{SIGCONT});
  }
  // One deadline for all of a stop: theirs has passed where the main process's has.
  const Instant shared = gave_up_ ? now : state_deadline_;
  enter(ServiceState::Clearing, stopping ? shared : after(now, kill.timeout_stop));
}

void Service::on(Instant now, const event::TreeEmpty&, Actions& out) {
  if (state_ == ServiceState::Clearing || state_ == ServiceState::ClearKilling) finish(now, out);
}

void Service::on(Instant, const event::TreeChanged&, Actions& out) {
  if (state_ == ServiceState::ClearKilling) out.push_back(action::KillTree{});
}

void Service::finish(Instant now, Actions& out) {
  out.push_back(action::Release{});
  if (next_.action != NextAction::Respawn) return over(exit_status_, end_reason_);
  const Instant due = after(death_.ended, next_.delay);
  if (due <= now) return spawn(now, out);
  enter(ServiceState::Waiting, due);
}

void Service::on(Instant now, const event::TimerExpired&, Actions& out) {
  if (main_alive()) check_memory(now, out);
  if (main_alive()) check_probe(now, out);
  if (now < state_deadline_) return;
  switch (state_) {
    case ServiceState::Waiting: return spawn(now, out);
    case ServiceState::Stopping:
    case ServiceState::StopKilling:
    case ServiceState::Clearing:
    case ServiceState::ClearKilling: return escalate(now, out);
    case ServiceState::Running:
      out.push_back(action::Tidy{});
      state_deadline_ = Instant::max();
      return;
    case ServiceState::Inactive:
    case ServiceState::Starting:
    case ServiceState::Over: return;
  }
}

}  // namespace gatevisor::core
