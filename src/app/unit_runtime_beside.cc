// What runs beside the unit's life: probes and hooks.

#include <algorithm>

#include "app/unit_runtime.h"
#include "core/death.h"
#include "os/invocation.h"

namespace gatevisor::app {

bool UnitRuntime::is_helper(int pid) const {
  if (pid == 0) return false;
  const auto is_it = [pid](const auto& each) { return each.process.pid() == pid; };
  return pid == leavings_.pid() || std::ranges::any_of(probe_commands_, is_it) ||
         std::ranges::any_of(hooks_, is_it);
}

// False: it is none of these.
bool UnitRuntime::collect_beside(int pid, WaitStatus status) {
  for (const ProbeKind kind : kAllProbeKinds) {
    ProbeCommand& command = probe_command(kind);
    if (command.process.pid() != pid) continue;
    SideProcess::End end = command.process.collect(status);
    if (command.dropped) return true;
    ProbeResult result{ProbeOutcome::Failed, core::how_it_ended(end.status)};
    if (end.status == WaitStatus::exited(0)) result.outcome = ProbeOutcome::Serving;
    if (!end.problem.empty()) result = {ProbeOutcome::CannotRun, std::move(end.problem)};
    push(event::Probed{std::move(result), kind});
    return true;
  }
  for (const HookKind kind : kAllHookKinds) {
    if (hook(kind).process.pid() != pid) continue;
    SideProcess::End end = hook(kind).process.collect(status);
    end_group(hook(kind));
    push(event::HookEnded{kind, end.status, std::move(end.problem)});
    return true;
  }
  return false;
}

// ---- probes ----------------------------------------------------------------------------------

void UnitRuntime::perform(const action::Probe& action) {
  const auto& target = parts_.settings.probes.of(action.kind).target;
  if (target && target->kind == ProbeTarget::Kind::Command) {
    return ask_command(action.kind, *target->command);
  }
  if (target && target->kind == ProbeTarget::Kind::Line) return ask_line();
  if (auto result = prober(action.kind).ask()) {
    push(event::Probed{std::move(*result), action.kind});
  }
}

std::string UnitRuntime::awaited_line() const {
  const auto& target = parts_.settings.probes.startup.target;
  return target ? target->line : "";
}

void UnitRuntime::ask_line() {
  line_asked_ = !line_seen_;
  if (!line_seen_) return;
  push(event::Probed{{ProbeOutcome::Serving, "in a line of its output"}, ProbeKind::Startup});
}

void UnitRuntime::line_seen(const std::string& invocation) {
  if (invocation != invocation_id_) return;
  line_seen_ = true;
  if (line_asked_) ask_line();
}

void UnitRuntime::ask_command(ProbeKind kind, const Command& command) {
  const auto cannot = [&](std::string why) {
    push(event::Probed{{ProbeOutcome::CannotRun, std::move(why)}, kind});
  };
  ProbeCommand& running = probe_command(kind);
  if (running.process) return cannot("the command before it has not ended yet");
  const std::vector<std::string> variables = {"MAINPID=" + std::to_string(child_.pid)};
  auto plan = parts_.launcher.beside(command, invocation_id_, variables);
  if (!plan) return cannot(to_string(plan.error()));
  auto made = spawn_in_leaf(*plan, true);
  if (!made) return cannot(to_string(made.error().error));
  running = {SideProcess(std::move(made->child), std::move(made->exec_pipe)), false};
}

void UnitRuntime::perform(const action::EndProbe& action) {
  prober(action.kind).end();
  if (action.kind == ProbeKind::Startup) line_asked_ = false;
  ProbeCommand& command = probe_command(action.kind);
  command.dropped = true;
  command.process.kill(shared_.maker);
}

// ---- hooks -----------------------------------------------------------------------------------

void UnitRuntime::perform(const action::RunHook& action) {
  Hook& running = hook(action.kind);
  // How the invocation ended, as it is now: when its next command runs there may be another.
  if (action.index == 0) running.input = exit_json_;
  const auto failed = [&](std::string why) {
    push(event::HookEnded{action.kind, std::nullopt, std::move(why)});
  };
  const Command& command = parts_.settings.hooks.of(action.kind).at(action.index);
  auto plan = parts_.launcher.beside(command, invocation_id_, action.environment);
  if (!plan) return failed(to_string(plan.error()));
  plan->standard_input = StandardInput::Data;
  plan->input_data = running.input;
  running.group = parts_.placement.hook_group(std::string(setting_of(action.kind)));
  auto made = spawn(*plan, running.group ? &running.group : nullptr);
  if (!made) return failed(to_string(made.error().error));
  running.process = SideProcess(std::move(made->child), std::move(made->exec_pipe));
}

void UnitRuntime::perform(const action::KillHook& action) {
  hook(action.kind).process.kill(shared_.maker);
  end_group(hook(action.kind));
}

// Nothing that it has started stays.
void UnitRuntime::end_group(const Hook& hook) {
  if (hook.group) note_failure(hook.group.kill_all(shared_.maker.has_pidfd_open()));
}

// ---- FDSTORE=1 ---------------------------------------------------------------------------------

void UnitRuntime::perform(const action::CloseStored&) { stored_.clear(); }

}  // namespace gatevisor::app
