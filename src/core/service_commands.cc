// The commands beside the main process: what runs when, and what its end means.
// systemd.service(5), ExecStartPre= and its like.

#include "core/format.h"
#include "core/service.h"
#include "core/service_result.h"

namespace gatevisor::core {
namespace {

ServiceState state_of(CommandKind kind) {
  switch (kind) {
    case CommandKind::Condition: return ServiceState::Condition;
    case CommandKind::StartPre: return ServiceState::StartPre;
    case CommandKind::Main: return ServiceState::Starting;
    case CommandKind::StartPost: return ServiceState::StartPost;
    case CommandKind::Reload: return ServiceState::Reloading;
    case CommandKind::Stop: return ServiceState::StopCommands;
    case CommandKind::StopPost: return ServiceState::StopPost;
  }
  return ServiceState::Starting;
}

bool is_of_the_stop(CommandKind kind) {
  return kind == CommandKind::Stop || kind == CommandKind::StopPost;
}

std::string how(const FailedCommand& what) {
  if (what.exec_failure) {
    return "could not be executed (" + std::string(to_string(what.exec_failure->step)) +
           to_string(Error{"", "", what.exec_failure->code, ""}) + ")";
  }
  return what.status ? how_it_ended(*what.status) : "was not made";
}

}  // namespace

const Command& Service::command() const {
  return settings_.commands.of(control_->kind).at(control_->index);
}

void Service::run(CommandKind kind, Instant now, Actions& out) {
  if (settings_.commands.of(kind).empty()) return after_commands(kind, now, out);
  start_command(kind, 0, out);
}

Duration Service::command_time(CommandKind kind) const {
  return is_of_the_stop(kind) ? settings_.kill.timeout_stop : settings_.life.start_timeout();
}

void Service::start_command(CommandKind kind, std::size_t index, Actions& out) {
  control_ = Control{kind, index};
  enter(state_of(kind), Instant::max());  // CommandSpawned arms it
  out.push_back(action::SpawnCommand{launches_, kind, index, command_environment(kind)});
}

std::vector<std::string> Service::command_environment(CommandKind kind) const {
  if (kind == CommandKind::Condition || kind == CommandKind::StartPre ||
      kind == CommandKind::Main) {
    return caller_;
  }
  std::vector<std::string> all;
  if (is_of_the_stop(kind)) all = result_variables("");
  if (kind == CommandKind::StartPost) all = caller_;
  if (main_alive()) all.insert(all.begin(), "MAINPID=" + std::to_string(death_.pid));
  return all;
}

std::vector<std::string> Service::result_variables(const std::string& prefix) const {
  std::vector<std::string> all = {prefix + "SERVICE_RESULT=" + std::string(result())};
  std::optional<WaitStatus> ended = death_.status;
  if (!ended && death_.exec_failure) {
    ended = WaitStatus::exited(systemd_exit_code(death_.exec_failure->step));
  }
  // Type=forking may leave none.
  const bool had_main = death_.pid != 0 || death_.exec_failure;
  if (!ended || !had_main) return all;
  const WaitStatus& status = *ended;
  all.push_back(prefix + "EXIT_CODE=" + std::string(to_string(status.kind)));
  // 'TERM', as systemd.exec(5) has it.
  const std::string name =
      status.by_signal() ? signal_name(status.value) : std::to_string(status.value);
  all.push_back(prefix + "EXIT_STATUS=" + (name.starts_with("SIG") ? name.substr(3) : name));
  return all;
}

void Service::on(Instant now, const event::CommandSpawned& event, Actions& out) {
  if (!control_ || control_->pid != 0) return;
  control_->pid = event.pid;
  note_process(event.invocation, event.baseline);
  if (state_ != state_of(control_->kind)) return command_came_late(now, out);
  state_deadline_ = after(now, command_time(control_->kind));
  // A stop that came between the decision and the process.
  if (!not_wanted()) return;
  switch (state_) {
    case ServiceState::Condition:
    case ServiceState::StartPre:
    case ServiceState::Starting: return abort_start(now, out);
    case ServiceState::StartPost:
      if (!main_alive()) end_start_post(now, out);
      return;
    case ServiceState::Reloading: return end_reload(now, out);
    default: return;
  }
}

// The unit is being ended since it was asked for.
void Service::command_came_late(Instant now, Actions& out) {
  const KillSettings& kill = settings_.kill;
  const bool clearing = state_ == ServiceState::Clearing || state_ == ServiceState::ClearKilling;
  if (clearing && kill.mode == KillMode::None) return cleared(now, out);
  const bool killing = state_ == ServiceState::StopKilling || state_ == ServiceState::ClearKilling;
  out.push_back(
      action::SignalCommand{killing && kill.send_sigkill ? kill.final_signal : kill.signal});
  if (state_ == ServiceState::ClearKilling) state_deadline_ = after(now, kKillGrace);
}

void Service::on(Instant now, const event::CommandSpawnFailed& event, Actions& out) {
  if (!control_ || control_->pid != 0) return;
  emit(out, record::Warning{event.error});
  if (state_ != state_of(control_->kind)) {
    control_.reset();
    const bool clearing = state_ == ServiceState::Clearing || state_ == ServiceState::ClearKilling;
    if (clearing && !life_.others_alive) cleared(now, out);
    return;
  }
  FailedCommand what{control_->kind, command().argv.front(), 0, {}, {}};
  what.exec_failure = ExecFailure{event.step, event.error.code};
  command_ended(now, what, out);
}

void Service::on(Instant, const event::CommandExecFailed& event, Actions&) {
  const bool running = control_ && control_->pid != 0;
  if (running) control_->exec_failure = ExecFailure{event.step, event.code};
}

void Service::on(Instant now, const event::CommandExited& event, Actions& out) {
  const bool clearing = state_ == ServiceState::Clearing || state_ == ServiceState::ClearKilling;
  if (!control_ && clearing && !event.others_alive) {
    // One that was given up was the last that lived: nobody else may tell so.
    return cleared(now, out);
  }
  if (!control_ || control_->pid == 0) return;  // of one that was given up
  life_.others_alive = event.others_alive;
  if (!main_alive()) death_.after = event.after;
  if (event.kernel_log) death_.kernel_log = event.kernel_log;
  switch (state_) {
    case ServiceState::Stopping:
    case ServiceState::StopKilling: control_.reset(); return;  // the main process is what counts
    case ServiceState::Clearing:
    case ServiceState::ClearKilling:
      control_.reset();
      // KillMode=process: what it leaves is nobody's.
      if (!event.others_alive || settings_.kill.mode == KillMode::Process) cleared(now, out);
      return;
    default: break;
  }
  FailedCommand what{control_->kind, command().argv.front(), control_->pid, event.status, {}};
  what.exec_failure = control_->exec_failure;
  command_ended(now, what, out);
}

void Service::command_ended(Instant now, const FailedCommand& what, Actions& out) {
  const auto [kind, index, pid, failure] = *control_;
  const Command& ended = command();
  control_.reset();
  const bool well = !what.exec_failure && what.status && is_success(*what.status, settings_);
  if (not_wanted() && what.status == std::nullopt) {
    // A stop came between the decision and the process that could not be made.
    if (state_ == ServiceState::Condition || state_ == ServiceState::StartPre ||
        state_ == ServiceState::Starting) {
      return abort_start(now, out);
    }
    if (state_ == ServiceState::Reloading) return end_reload(now, out);
  }
  if (kind == CommandKind::Condition && !well && !what.exec_failure && !ended.ignore_failure &&
      !what.status->by_signal() && what.status->value < 255) {
    emit(out, record::Skipped{"ExecCondition=" + what.program, "says so (" + how(what) + ")"});
    return skipped(now, out);
  }
  if (!well && !ended.ignore_failure) return command_failed(now, what, out);
  if (index + 1 < settings_.commands.of(kind).size()) {
    return start_command(kind, index + 1, out);
  }
  after_commands(kind, now, out);
}

void Service::command_failed(Instant now, const FailedCommand& what, Actions& out) {
  emit(out, record::CommandFailed{what.kind, what.program, how(what)});
  if (what.kind != CommandKind::Reload) fail(service_result(what));
  switch (what.kind) {
    case CommandKind::Condition:
    case CommandKind::StartPre:
    case CommandKind::Main:
      death_.command = what;
      death_.stop_reason = StopReason::CommandFailed;
      return died(now, life_.others_alive, out);
    case CommandKind::StartPost:
      // KillMode=none has nothing that could end it: it is only told.
      if (main_alive() && settings_.kill.mode == KillMode::None) return enter_running(now, out);
      if (main_alive() || !life_.verdict) death_.command = what;
      if (main_alive()) return begin_stop(now, StopReason::CommandFailed, out);
      if (!life_.verdict) death_.stop_reason = StopReason::CommandFailed;
      return end_start_post(now, out);
    case CommandKind::Reload: return after_reload(now, out);
    case CommandKind::Stop:
    case CommandKind::StopPost: return after_commands(what.kind, now, out);
  }
}

// All of a kind have run, or there is none.
void Service::after_commands(CommandKind kind, Instant now, Actions& out) {
  switch (kind) {
    case CommandKind::Condition: return run(CommandKind::StartPre, now, out);
    case CommandKind::StartPre: return spawn_main(now, out);
    case CommandKind::Main:
      // Type=forking: it has gone into the background.
      out.push_back(action::FindMain{});
      out.push_back(action::AwaitTree{});
      return;
    case CommandKind::StartPost:
      if (alive()) return enter_running(now, out);
      return life_.verdict ? after_death(now, out) : died(now, life_.others_alive, out);
    case CommandKind::Reload:
      if (!alive()) return after_reload(now, out);
      if (settings_.life.type == ServiceType::NotifyReload && !life_.reload_ended) {
        return enter(ServiceState::Reloading, after(now, settings_.life.start_timeout()));
      }
      emit(out, record::Reloaded{});
      reloaded_ = true;
      return resume(now);
    case CommandKind::Stop:
      if (main_alive()) return begin_stop(now, death_.stop_reason, out);
      return clear(now, ServiceState::Running, out);
    case CommandKind::StopPost:
      if (life_.others_alive && !life_.left) return clear(now, ServiceState::Running, out);
      return finish(now, out);
  }
}

// What it has become meanwhile.
void Service::after_reload(Instant now, Actions& out) {
  if (alive()) return resume(now);
  life_.verdict ? after_death(now, out) : died(now, life_.others_alive, out);
}

// The deadline of Reloading, StopCommands or StopPost has passed.
void Service::command_timeout(Instant now, Actions& out) {
  if (!control_) {
    emit(out, record::Warning{Error{"reload", settings_.name, 0,
                                    "no READY=1 within TimeoutStartSec=; going on as it is"}});
    return resume(now);
  }
  emit(out,
       record::CommandFailed{control_->kind, command().argv.front(),
                             "no end within " + format_duration(command_time(control_->kind))});
  const CommandKind kind = control_->kind;
  if (kind == CommandKind::Reload) {
    // What it was to bring about can be undone by nobody; the service goes on.
    out.push_back(action::SignalCommand{9});
    control_.reset();
    // It is in the tree, and goes with it.
    if (!alive()) life_.others_alive = true;
    return after_reload(now, out);
  }
  if (life_.left && settings_.kill.mode != KillMode::None) {
    out.push_back(action::SignalCommand{9});
  }
  fail("timeout");
  // It is in the tree, and goes with it.
  life_.others_alive = true;
  if (kind == CommandKind::Stop && main_alive() && settings_.kill.mode != KillMode::None) {
    const TimeoutMode mode = settings_.life.stop_failure;
    life_.stop_time = command_time(kind);
    if (mode == TimeoutMode::Kill) {
      emit(out, record::KillEscalated{death_.pid, life_.stop_time});
      death_.timed_out = true;
      return kill_now(now, death_.stop_reason, "stop time-out", out);
    }
    if (abort_stop(now, out)) return;
  }
  if (!main_alive() && !life_.left) return clear_slow(now, out);
  after_commands(kind, now, out);
}

}  // namespace gatevisor::core
