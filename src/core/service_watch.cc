// While the gateway lives: its memory, and what it says of itself.

#include <algorithm>

#include "core/format.h"
#include "core/service.h"

namespace gatevisor::core {

// ---- memory --------------------------------------------------------------------------------

void Service::on(Instant now, const event::MemoryChanged& event, Actions& out) {
  if (!main_alive()) {
    life_.memory_missed = true;
    return;
  }
  memory_.changed(now, event.now);
  if (memory_.limit_was_hit()) flight_.tight(now);
  check_flight(now, out);
  check_memory(now, out);
}

void Service::on(Instant now, const event::PressureHigh&, Actions& out) {
  if (!main_alive()) return;
  memory_.pressure_high(now);
  flight_.tight(now);
  check_flight(now, out);
  check_memory(now, out);
}

void Service::on(Instant now, const event::Sampled& event, Actions&) {
  flight_.add(now, event.sample);
}

void Service::check_flight(Instant now, Actions& out) {
  if (flight_.take_due(now)) out.push_back(action::TakeSample{});
}

bool Service::undisturbed() const {
  return main_alive() && (state_ == ServiceState::Running || state_ == ServiceState::Starting ||
                          state_ == ServiceState::StartPost || state_ == ServiceState::Reloading);
}

void Service::check_memory(Instant now, Actions& out) {
  death_.oom = memory_.history();
  if (memory_.take_rearm(now)) out.push_back(action::RearmMemoryWatch{});
  const OomPolicy policy = settings_.memory.oom_policy;
  if (memory_.take_helper_killed(now) && undisturbed()) {
    const bool may_stop = settings_.kill.mode != KillMode::None;
    const bool stopping = policy == OomPolicy::Kill || (policy == OomPolicy::Stop && may_stop);
    emit(out, record::OomWhileAlive{death_.oom.kills, stopping});
    if (stopping && policy == OomPolicy::Stop) return begin_stop(now, StopReason::OutOfMemory, out);
    if (policy == OomPolicy::Kill) {
      return kill_now(now, StopReason::OutOfMemory, "OOMPolicy=kill", out);
    }
  }
  if (auto stall = memory_.take_stall(); stall && undisturbed()) {
    // Where the kernel finds nobody whom it may kill, OOMPolicy= says what is to be done.
    const bool killing = stall->unkillable ? policy != OomPolicy::Continue
                                           : settings_.memory.pressure_policy == ManagedOom::Kill;
    emit(out, record::MemoryStalled{stall->evidence, killing});
    death_.stall = stall->evidence;
    if (killing) kill_now(now, StopReason::MemoryStall, "memory stall", out);
  }
}

// ---- sd_notify(3), reload, and how long it may live --------------------------------------------

void Service::on(Instant now, const event::Notified& event, Actions& out) {
  if (event.status) death_.status_text = *event.status;
  if (event.error_number) death_.error_number = event.error_number;
  if (!main_alive()) return;
  const bool another_main = event.main_pid && *event.main_pid != death_.pid;
  if (another_main) out.push_back(action::AdoptMain{*event.main_pid});
  if (event.watchdog_usec) life_.watchdog = *event.watchdog_usec;
  const bool watched = life_.watchdog_due != Instant::max();
  if ((event.watchdog && watched) || (event.watchdog_usec && undisturbed())) {
    life_.watchdog_due = life_.watchdog > Duration{0} ? after(now, life_.watchdog) : Instant::max();
  }
  if (event.watchdog_trigger && undisturbed()) {  // a WATCHDOG=1 after it does not take it back
    death_.watchdog = life_.watchdog;
    return begin_stop(now, StopReason::Watchdog, out);
  }
  if (event.extend_timeout) {
    // Never sooner than it would be (sd_notify(3)).
    const Instant until = after(now, *event.extend_timeout);
    if (state_deadline_ != Instant::max() && state_ != ServiceState::Running &&
        state_ != ServiceState::StopKilling) {
      state_deadline_ = std::max(state_deadline_, until);
    }
    if (life_.runtime_due != Instant::max()) life_.runtime_due = std::max(life_.runtime_due, until);
  }
  if (event.reloading && state_ == ServiceState::Reloading) life_.reload_begun = true;
  if (event.ready && settings_.life.notifies() && state_ == ServiceState::Starting) {
    // What is started then is told the new process's pid.
    if (another_main) {
      life_.ready_waits = true;
      return;
    }
    return be_ready(now, out);
  }
  if (event.ready && state_ == ServiceState::Reloading && life_.reload_begun) {
    life_.reload_ended = true;
    if (!control_) after_commands(CommandKind::Reload, now, out);
    return;
  }
  if (event.stopping && state_ == ServiceState::Running && settings_.kill.mode != KillMode::None) {
    // It ends by itself, in the time that a stop has.
    end_watches(out);
    life_.stop_time = settings_.kill.timeout_stop;
    enter(ServiceState::Stopping, after(now, life_.stop_time));
  }
}

// READY=1 of a start.
void Service::be_ready(Instant now, Actions& out) {
  life_.ready_waits = false;
  if (state_ != ServiceState::Starting || !main_alive()) return;
  emit(out, record::Ready{death_.pid});
  main_started(now, out);
}

bool Service::can_reload() const {
  return settings_.life.type == ServiceType::NotifyReload || !settings_.commands.reload.empty();
}

void Service::reload(Instant now, const Requester& from, Actions& out) {
  if (state_ != ServiceState::Running) {
    return emit(out, record::Warning{
                         Error{"reload", settings_.name, 0,
                               "it is " + std::string(to_string(state_)) + ", and not running"}});
  }
  emit(out, record::Reloading{from});
  reloaded_ = false;
  life_.reload_begun = life_.reload_ended = false;
  if (settings_.life.type == ServiceType::NotifyReload) {
    const int signal = settings_.life.reload_signal;
    note_sent(now, signal, "reload", true);
    out.push_back(action::SignalMain{signal});
    enter(ServiceState::Reloading, after(now, settings_.life.start_timeout()));
  }
  run(CommandKind::Reload, now, out);
}

void Service::forward(Instant now, int received, int sent, const Requester& from, Actions& out) {
  const bool alive = main_alive();
  emit(out, record::Forwarded{received, sent, alive ? death_.pid : 0, from});
  if (!alive) return;
  note_sent(now, sent, "forwarded " + signal_name(received), true);
  out.push_back(action::SignalMain{sent});
}

bool Service::kill(Instant now, int signal, KillWhom whom, const Requester& from, Actions& out) {
  const bool to_main = whom != KillWhom::Control && main_alive();
  const bool to_command = whom != KillWhom::Main && control_pid() != 0;
  // What a main process has left behind, while it is cleared away.
  const bool to_others = whom == KillWhom::All && life_.others_alive;
  if (!to_main && !to_command && !to_others) return false;
  emit(out, record::SignalSent{signal, whom, to_main ? death_.pid : 0, from});
  if (to_main) note_sent(now, signal, "kill, asked for by pid " + std::to_string(from.pid), true);
  if (whom == KillWhom::All) {
    out.push_back(action::SignalTree{signal});
  } else if (to_main) {
    out.push_back(action::SignalMain{signal});
  } else {
    out.push_back(action::SignalCommand{signal});
  }
  return true;
}

// It is on its way down: nothing of this ends it any more.
void Service::end_watches(Actions& out) {
  end_probes(out);
  life_.watchdog_due = life_.runtime_due = Instant::max();
}

void Service::check_watchdog(Instant now, Actions& out) {
  if (now < life_.watchdog_due) return;
  life_.watchdog_due = Instant::max();
  death_.watchdog = life_.watchdog;
  if (undisturbed()) begin_stop(now, StopReason::Watchdog, out);
}

void Service::check_runtime(Instant now, Actions& out) {
  if (now < life_.runtime_due) return;
  life_.runtime_due = Instant::max();
  if (life_.group_lives && state_ == ServiceState::Running) {
    fail("timeout");
    death_.stop_reason = StopReason::RuntimeLimit;
    tell_group_end(now, out);
    return run_stop(now, StopReason::RuntimeLimit, out);
  }
  if (!undisturbed()) return;
  // Of a reload that runs nothing is known.
  if (settings_.kill.mode == KillMode::None || state_ != ServiceState::Running) {
    return begin_stop(now, StopReason::RuntimeLimit, out);
  }
  // As systemd: a stop, with its ExecStop=.
  fail("timeout");
  run_stop(now, StopReason::RuntimeLimit, out);
}

}  // namespace gatevisor::core
