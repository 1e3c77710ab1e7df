// The commands beside the main process, and a main process that another one has made.

#include <algorithm>
#include <csignal>
#include <utility>

#include "simulation/fake_kernel.h"

namespace gatevisor::core {

using namespace std::chrono_literals;

// ---- commands ------------------------------------------------------------------------------

void FakeKernel::spawn_command(const action::SpawnCommand& action) {
  open_invocation(action.invocation);
  const CommandLife life = draw_command_life(dice_, action.kind);
  finding_ = false;
  command_life_ = life;
  if (action.kind == CommandKind::Main) {
    ending_ = {};
    exec_told_ = true;
  }
  if (life.fate == CommandLife::Fate::NoClone) {
    command_ = 0;
    command_cause_ = Cause::ExecFailure;
    events.push_back(event::CommandSpawnFailed{life.step, Error{"spawn", "", life.code, ""}});
    return;
  }
  Process command = new_process(action.invocation);
  command_ = command.pid;
  command.command = true;
  command.executed = true;
  processes_.push_back(command);
  events.push_back(
      event::CommandSpawned{command.pid, std::to_string(action.invocation), groups_.baseline()});
  if (life.fate == CommandLife::Fate::Hangs) return;
  if (life.stops_main && main_ != 0) {
    in(dice_.span(0ms, 300ms), [this, pid = main_, own = command.pid] {
      if (own == command_ && pid == main_) end(pid, WaitStatus::exited(0), End::ByItself);
    });
  }
  in(life.until, [this, pid = command.pid, life] {
    const Process* process = find(pid);
    if (process == nullptr || !process->alive || process->doomed) return;
    // Of one that was given up, what it leaves is not of the current invocation.
    const unsigned leaves = process->invocation == invocation_ ? life.leaves : 0;
    for (unsigned i = 0; i < leaves; ++i) add_helper(dice_.pick({pid, 1}));
    end(pid, life.end, End::ByItself);
  });
}

// As src/app does: only the last one is told, and the tree is watched where there is no main.
void FakeKernel::tell_command(int pid, WaitStatus status) {
  in(soon(), [this, pid, status] {
    if (pid != command_) return tell_tree();
    command_ = 0;
    const bool exec_failed =
        command_life_.fate == CommandLife::Fate::ExecFails && status.with_code(203);
    command_cause_ = exec_failed                      ? Cause::ExecFailure
                     : status.kind == EndKind::Exited ? Cause::ExitCode
                     : status.kind == EndKind::Dumped ? Cause::CoreDump
                                                      : Cause::Signal;
    if (exec_failed) {
      events.push_back(event::CommandExecFailed{command_life_.step, command_life_.code});
    }
    const bool others = population() > 0;
    events.push_back(event::CommandExited{status, groups_.now(), others});
    awaiting_tree_ = awaiting_tree_ || (others && main_ == 0);
  });
}

bool FakeKernel::command_goes_on() const {
  const Process* command = find(command_);
  return command != nullptr && command->alive && !command->doomed;
}

// ---- a main process that was not made by us ---------------------------------------------------

void FakeKernel::forget_main() {
  if (Process* main = find(main_)) main->main = false;
  main_ = 0;
}

void FakeKernel::find_main() {
  finding_ = true;
  if (dice_.chance(15)) return;  // its PID file is never written
  in(dice_.chance(80) ? soon() : dice_.span(0s, 10s), [this, life = invocation_] {
    if (life != invocation_ || !watching_ || !finding_) return;
    const auto found = std::ranges::find_if(processes_, [&](const Process& process) {
      return process.alive && process.invocation == invocation_ && !process.command;
    });
    if (found != processes_.end() && main_ == 0) adopt_main(found->pid);
  });
}

void FakeKernel::adopt_main(int pid) {
  Process* process = find(pid);
  const bool can = process != nullptr && process->alive && !process->command &&
                   process->invocation == invocation_ && (main_ == 0 || main_alive());
  if (!can) {
    // Of Type=forking nobody had named it.
    if (!finding_) events.push_back(event::MainRefused{pid});
    return;
  }
  process->main = true;
  exec_told_ = true;
  events.push_back(event::MainFound{pid});
  if (Process* old = find(std::exchange(main_, pid))) {
    old->main = old->pid == pid;
    return in(life_.until, [this, pid] { strike(pid); });
  }
  do {
    life_ = draw_life(dice_, scenario_);
  } while (life_.fate == Fate::NoLeaf || life_.fate == Fate::NoClone ||
           life_.fate == Fate::ExecFails);
  begin_serving(pid);
}

int FakeKernel::some_pid() {
  return processes_.empty() ? 1 : processes_[dice_.below(processes_.size())].pid;
}

}  // namespace gatevisor::core
