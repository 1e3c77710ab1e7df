#include "simulation/fake_kernel.h"

#include <algorithm>
#include <csignal>
#include <utility>

namespace gatevisor::core {

using namespace std::chrono_literals;

FakeKernel::FakeKernel(const Scenario& scenario, Dice& dice)
    : scenario_(scenario),
      dice_(dice),
      now_(Instant{} + 1000s),
      groups_(scenario.rung, scenario.pids) {}

// ---- time ----------------------------------------------------------------------------------

Instant FakeKernel::next_at() const {
  return agenda_.empty() ? Instant::max() : agenda_.begin()->first;
}

void FakeKernel::run_next() {
  const auto next = agenda_.begin();
  now_ = std::max(now_, next->first);
  const std::function<void()> what = std::move(next->second);
  agenda_.erase(next);
  what();
}

// ---- what the core asks for ----------------------------------------------------------------

void FakeKernel::perform(const Action& action, bool forwarded) {
  if (const auto* spawn_action = std::get_if<action::Spawn>(&action)) {
    spawn(spawn_action->invocation);
  } else if (const auto* command = std::get_if<action::SpawnCommand>(&action)) {
    spawn_command(*command);
  } else if (std::holds_alternative<action::FindMain>(action)) {
    find_main();
  } else if (const auto* adopted = std::get_if<action::AdoptMain>(&action)) {
    adopt_main(adopted->pid);
  } else if (std::holds_alternative<action::AwaitTree>(action)) {
    awaiting_tree_ = population() > 0;
    if (!awaiting_tree_) {
      finding_ = false;
      events.push_back(event::TreeEmpty{});
    }
  } else if (const auto* to_command = std::get_if<action::SignalCommand>(&action)) {
    if (Process* process = find(command_)) deliver(*process, to_command->signal, false);
  } else if (const auto* to_main = std::get_if<action::SignalMain>(&action)) {
    act(to_main->signal);
    if (Process* main = find(main_)) deliver(*main, to_main->signal, forwarded);
  } else if (const auto* to_tree = std::get_if<action::SignalTree>(&action)) {
    act(to_tree->signal);
    deliver_to_tree(to_tree->signal);
  } else if (std::holds_alternative<action::KillTree>(action)) {
    act(SIGKILL);
    deliver_to_tree(SIGKILL);
  } else if (std::holds_alternative<action::Release>(action)) {
    watching_ = false;
    awaiting_tree_ = false;
  } else if (std::holds_alternative<action::RearmMemoryWatch>(action)) {
    memory_armed_ = true;
    tell_memory();
  } else if (std::holds_alternative<action::TakeSample>(action)) {
    events.push_back(event::Sampled{});
  } else if (const auto* asked = std::get_if<action::Probe>(&action)) {
    answer_probe(asked->kind);
  } else if (const auto* given_up = std::get_if<action::EndProbe>(&action)) {
    probe(given_up->kind) = 0;
  } else if (const auto* run = std::get_if<action::RunHook>(&action)) {
    run_hook(run->kind);
  } else if (const auto* late = std::get_if<action::KillHook>(&action)) {
    end_hook(late->kind, dice_.span(100us, 20ms), WaitStatus::killed(SIGKILL));
  }
}

void FakeKernel::act(int signal) {
  ++ending_.acts;
  ending_.sent.set(static_cast<std::size_t>(signal));
}

void FakeKernel::open_invocation(std::uint64_t invocation) {
  if (invocation_ == invocation) return;
  invocation_ = invocation;
  std::erase_if(processes_, [](const Process& process) { return !process.alive; });
  groups_.begin_invocation(invocation);
  oom_kills_ = 0;
  spun_ = false;
  refused_ = refusing_ = false;
  watching_ = true;
  awaiting_tree_ = false;
  memory_armed_ = true;
  memory_changed_ = false;
  command_ = 0;
}

void FakeKernel::spawn(std::uint64_t invocation) {
  open_invocation(invocation);
  life_ = draw_life(dice_, scenario_);
  ending_ = {};
  wedged_ = false;
  serves_from_ = Instant::max();
  exec_told_ = false;
  ready_ = false;
  refused_ = refused_ || refusing_;
  if (life_.fate == Fate::NoLeaf || life_.fate == Fate::NoClone) {
    truth_ = {Cause::ExecFailure, {}, {}};
    told_pid_ = 0;
    events.push_back(event::SpawnFailed{life_.step, Error{"spawn", "", life_.code, ""}});
    return;
  }
  Process main = new_process(invocation);
  main_ = main.pid;
  main.main = true;
  processes_.push_back(main);
  events.push_back(event::Spawned{main.pid, std::to_string(invocation), groups_.baseline()});
  in(dice_.span(200us, 4ms), [this, pid = main.pid] { exec_done(pid); });
}

Process FakeKernel::new_process(std::uint64_t invocation) {
  Process process;
  process.pid = next_pid_++;
  process.parent = 1;
  process.invocation = invocation;
  process.nature = draw_nature(dice_, scenario_);
  return process;
}

void FakeKernel::exec_done(int pid) {
  Process* main = find(pid);
  if (main == nullptr || !main->alive) return;
  exec_told_ = true;
  if (life_.fate == Fate::ExecFails) {
    events.push_back(event::ExecFailed{life_.step, life_.code});
    in(soon(), [this, pid] {
      end(pid, WaitStatus::exited(systemd_exit_code(life_.step)), End::NotStarted);
    });
    return;
  }
  main->executed = true;
  events.push_back(event::ExecSucceeded{});
  begin_serving(pid);
}

void FakeKernel::begin_serving(int pid) {
  serves_from_ = after(now_, life_.boots_in);
  const ServiceType type = scenario_.settings.life.type;
  if ((type == ServiceType::Notify || type == ServiceType::NotifyReload) &&
      life_.ready_in != kForever) {
    in(life_.ready_in, [this, pid] {
      if (pid == main_ && main_alive()) events.push_back(event::Notified{.ready = true});
    });
  }
  for (unsigned i = 0; i < life_.helpers; ++i) {
    // A child, one that double-forked away, or a child of the helper before.
    add_helper(dice_.pick({pid, 1, processes_.back().pid}));
  }
  in(life_.until, [this, pid] { strike(pid); });
}

// ---- probes --------------------------------------------------------------------------------

bool FakeKernel::serving() const { return !wedged_ && now_ >= serves_from_; }

bool FakeKernel::surely_serving() const {
  const Duration doubt = scenario_.settings.probes.liveness.timeout +
                         scenario_.settings.probes.liveness.interval;
  return !wedged_ && now_ >= after(serves_from_, doubt);
}

void FakeKernel::run_hook(HookKind kind) {
  hook(kind) = ++asked_;
  if (dice_.chance(10)) return end_hook(kind, Duration{0}, std::nullopt);
  const int code = dice_.chance(30) ? 1 : 0;
  end_hook(kind, dice_.chance(30) ? 1h : dice_.span(1ms, 2s), WaitStatus::exited(code));
}

void FakeKernel::end_hook(HookKind kind, Duration after, std::optional<WaitStatus> status) {
  in(after, [this, kind, status, number = hook(kind)] {
    if (number == 0 || hook(kind) != number) return;
    hook(kind) = 0;
    events.push_back(event::HookEnded{kind, status, status ? "" : "clone: EAGAIN"});
  });
}

void FakeKernel::answer_probe(ProbeKind kind) {
  const std::uint64_t number = probe(kind) = ++asked_;
  const auto tell = [this, kind, number](ProbeResult result) {
    if (probe(kind) != number) return;
    probe(kind) = 0;
    events.push_back(event::Probed{std::move(result), kind});
  };
  if (dice_.chance(5)) return tell({ProbeOutcome::CannotRun, "socket: no descriptor"});
  if (wedged_ && dice_.chance(80)) return;
  const bool fine = serving();
  in(fine ? dice_.span(100us, 20ms) : soon(), [tell, fine] {
    tell({fine ? ProbeOutcome::Serving : ProbeOutcome::Failed, fine ? "connected" : "refused"});
  });
}

void FakeKernel::add_helper(int parent) {
  Process helper;
  helper.pid = next_pid_++;
  helper.parent = parent;
  helper.in_group = dice_.chance(60);
  helper.executed = true;
  helper.invocation = invocation_;
  helper.nature = draw_nature(dice_, scenario_);
  processes_.push_back(helper);
  const int pid = helper.pid;
  if (dice_.chance(30)) in(dice_.span(0s, 60s), [this, pid] { end(pid, {}, End::ByItself); });
  if (dice_.chance(15)) {
    in(dice_.span(0s, 20s), [this, pid, life = invocation_] {
      const Process* forking = find(pid);
      const bool can = forking != nullptr && forking->alive && !forking->doomed;
      if (can && life == invocation_) add_helper(pid);
    });
  }
}

// ---- fates ---------------------------------------------------------------------------------

void FakeKernel::strike(int pid) {
  Process* main = find(pid);
  if (main == nullptr || !main->alive || main->doomed) return;
  switch (life_.fate) {
    case Fate::Exits: return end(pid, life_.end, End::ByItself);
    case Fate::Faults: return end(pid, life_.end, End::Fault);
    case Fate::Seccomp: return end(pid, life_.end, End::Seccomp);
    case Fate::RunsOut: return end(pid, life_.end, End::RanOut);
    case Fate::KilledFromOutside:
      if (life_.end.by_signal(SIGKILL)) return doom(*main, End::FromOutside);
      return end(pid, life_.end, End::FromOutside);
    case Fate::TaskLimit:
      refusing_ = true;
      groups_.refuse_forks(1 + dice_.below(5), dice_.chance(50));
      in(dice_.span(0ms, 50ms), [this, pid] { end(pid, life_.end, End::NoMoreTasks); });
      return;
    case Fate::OomMain:
    case Fate::OomGroup: return strike_for_memory(*main);
    case Fate::OomHelper: return lose_helper(pid);
    case Fate::Spins: return spin(pid);
    case Fate::Pressed: return press(pid);
    case Fate::Wedges: wedged_ = true; return;
    case Fate::NoLeaf:
    case Fate::NoClone:
    case Fate::ExecFails:
    case Fate::Serves: return;
  }
}

void FakeKernel::count_oom_kill(Scope scope, std::uint64_t victims, bool group) {
  groups_.oom_kill(scope, victims, group);
  ++oom_kills_;
  oom_scope_ = scope;
  last_oom_ = now_;
  notify_memory();
}

void FakeKernel::strike_for_memory(Process& main) {
  const bool group = life_.fate == Fate::OomGroup;
  count_oom_kill(life_.scope, group ? population() : 1, group);
  if (life_.slow_to_die && main.nature.killable()) main.nature.dies_in = dice_.span(600ms, 2s);
  if (!group) return doom(main, End::KernelOom);
  for (Process& process : processes_) {
    if (process.alive && process.invocation == invocation_) doom(process, End::KernelOomAll);
  }
}

// A helper is taken. The main process exits for it, or lives on and meets another fate.
void FakeKernel::lose_helper(int main_pid) {
  const auto victim = [this] {
    return std::ranges::find_if(processes_, [&](const Process& process) {
      return process.alive && !process.main && !process.command &&
             process.invocation == invocation_;
    });
  };
  if (victim() == processes_.end()) add_helper(1);
  end(victim()->pid, WaitStatus::killed(SIGKILL), End::KernelOom);
  count_oom_kill(life_.scope, 1, false);
  if (dice_.chance(50)) {
    const WaitStatus status = WaitStatus::exited(dice_.pick({1, 1, 137, 0}));
    in(dice_.span(0s, 3s), [this, main_pid, status] { end(main_pid, status, End::LostHelper); });
    return;
  }
  do {
    life_ = draw_life(dice_, scenario_);
  } while (life_.fate == Fate::NoLeaf || life_.fate == Fate::NoClone ||
           life_.fate == Fate::ExecFails);
  in(15s + life_.until, [this, main_pid] { strike(main_pid); });
}

void FakeKernel::spin(int main_pid) {
  const Process* main = find(main_pid);
  if (main == nullptr || !main->alive || !main->main || !has_memory_events()) return;
  spun_ = true;
  groups_.declare_oom(Scope::OwnLimit, 1 + dice_.below(300));
  notify_memory();
  const Duration pause = life_.sparse ? dice_.span(4s, 40s) : dice_.span(100ms, 900ms);
  in(pause, [this, main_pid] { spin(main_pid); });
}

void FakeKernel::press(int main_pid) {
  const Process* main = find(main_pid);
  if (main == nullptr || !main->alive || !main->main || !has_memory_events()) return;
  events.push_back(event::PressureHigh{});
  in(dice_.span(2s, 3s), [this, main_pid] { press(main_pid); });
}

void FakeKernel::kill_everybody() {
  for (Process& process : processes_) {
    if (process.alive) doom(process, End::FromOutside);
  }
}

// ---- signals and ends ----------------------------------------------------------------------

void FakeKernel::deliver_to_tree(int signal) {
  finding_ = false;
  // By number, and as it is now: what is delivered may end one and so let go of another.
  std::vector<int> targets;
  for (const Process& process : processes_) {
    if (process.alive && process.invocation == invocation_ && reachable(process)) {
      targets.push_back(process.pid);
    }
  }
  for (const int pid : targets) {
    if (Process* process = find(pid)) deliver(*process, signal, false);
  }
}

// Without a cgroup only children can be reached: those of a dead parent have become ours.
bool FakeKernel::reachable(const Process& process) const {
  if (groups_.own_leaf() || process.main || process.parent == 1) return true;
  const Process* parent = find(process.parent);
  if (parent == nullptr || !parent->alive) return true;
  return parent->main && process.in_group;
}

void FakeKernel::deliver(Process& process, int signal, bool forwarded) {
  if (!process.alive) return;
  const int pid = process.pid;
  const WaitStatus by_default = signal == SIGQUIT || signal == SIGABRT ? WaitStatus::dumped(signal)
                                                                       : WaitStatus::killed(signal);
  if (signal == SIGKILL) return doom(process, End::Ours);
  if (signal == SIGCONT || process.doomed) return;
  if (!process.executed) return end(pid, by_default, End::Ours);
  if (forwarded) {
    const bool dies = ending_.reason == Reason::None && dice_.chance(10);
    return dies ? end(pid, by_default, End::Ours) : void();
  }
  if (signal == SIGHUP) return;
  if (signal == SIGABRT) {  // FinalKillSignal=
    if (process.nature.dies_in == kForever) return;
    return in(process.nature.dies_in, [this, pid, by_default] { end(pid, by_default, End::Ours); });
  }
  if (process.nature.ignores_stop || process.stopping) return;
  process.stopping = true;
  const WaitStatus status =
      process.nature.stop_code ? WaitStatus::exited(*process.nature.stop_code) : by_default;
  in(process.nature.stops_in, [this, pid, status] { end(pid, status, End::Ours); });
}

void FakeKernel::doom(Process& process, End how) {
  if (process.doomed) return;
  process.doomed = true;
  if (process.nature.dies_in == kForever) return;
  in(process.nature.dies_in,
     [this, pid = process.pid, how] { end(pid, WaitStatus::killed(SIGKILL), how); });
}

void FakeKernel::end(int pid, WaitStatus status, End how) {
  Process* process = find(pid);
  // What has SIGKILL pending cannot end in another way.
  if (process == nullptr || !process->alive) return;
  if (process->doomed && !status.by_signal(SIGKILL)) return;
  const bool was_ours = reachable(*process);
  process->alive = false;
  if (process->command) return tell_command(pid, status);
  if (!process->main) {
    if (was_ours) tell_tree();
    return;
  }
  if (life_.fate == Fate::ExecFails && exec_told_) how = End::NotStarted;
  // Also one of which the file has not told yet: its timer is late.
  const bool untold = memory_changed_ || now_ - last_oom_ < 13s;
  const bool recent_oom = oom_kills_ > 0 && (!has_memory_events() || untold);
  const ServiceType type = scenario_.settings.life.type;
  const bool waits = type == ServiceType::Notify || type == ServiceType::NotifyReload;
  truth_ = truth_of({how, status, ending_, oom_scope_, scenario_.rung, groups_.pids(), recent_oom,
                     waits && !ready_, command_cause_},
                    scenario_.settings);
  // The counters tell which limits were hit in this life, not which one at which moment.
  if (oom_kills_ > 1 || spun_) truth_.scope.reset();
  // One that the kernel took, and that needed longer to die than anybody attributes.
  const bool taken = how == End::KernelOom || how == End::KernelOomAll;
  truth_.ambiguous = truth_.ambiguous || (taken && now_ - last_oom_ > kOomAttribution - 1s);
  truth_.prompt = oom_kills_ > 0 && now_ - last_oom_ <= kOomSameKill - 5ms;
  // The counter is the invocation's, and Type=oneshot has several main processes in one.
  truth_.ambiguous = truth_.ambiguous || refused_;
  acts_at_death_ = ending_.acts;
  const int seccomp_mode = life_.seccomp_mode;
  in(soon(), [this, pid, status, seccomp_mode, was_ready = ready_, said = life_.said] {
    truth_.ambiguous = truth_.ambiguous || was_ready != ready_;
    if (!exec_told_) events.push_back(event::ExecSucceeded{});  // all that its pipe shows
    exec_told_ = true;
    truth_.ambiguous = truth_.ambiguous || acts_at_death_ != ending_.acts;
    main_ = 0;
    told_pid_ = pid;
    const bool others = population() > 0;
    events.push_back(event::MainExited{status, groups_.now(), others, seccomp_mode, said});
    awaiting_tree_ = others;
  });
}

// ---- notifications -------------------------------------------------------------------------

void FakeKernel::tell_tree() {
  in(dice_.span(0ms, groups_.own_leaf() ? 10ms : 2ms), [this] {
    if (!awaiting_tree_) return;
    if (population() == 0) {
      awaiting_tree_ = false;
      finding_ = false;
      events.push_back(event::TreeEmpty{});
    } else if (!groups_.own_leaf()) {
      events.push_back(event::TreeChanged{});
    }
  });
}

void FakeKernel::notify_memory() {
  memory_changed_ = true;
  tell_memory();
}

// The kernel's file tells once; gatevisor arms it again.
void FakeKernel::tell_memory() {
  if (!watching_ || !memory_armed_ || !memory_changed_ || !has_memory_events()) return;
  memory_armed_ = false;
  memory_changed_ = false;
  in(dice_.span(0ms, 10ms), [this, life = invocation_] {
    if (watching_ && life == invocation_) events.push_back(event::MemoryChanged{groups_.now()});
  });
}

// ---- what is true --------------------------------------------------------------------------

Process* FakeKernel::find(int pid) { return const_cast<Process*>(std::as_const(*this).find(pid)); }

const Process* FakeKernel::find(int pid) const {
  const auto found = std::ranges::find(processes_, pid, &Process::pid);
  return found == processes_.end() ? nullptr : &*found;
}

bool FakeKernel::main_alive() const {
  const Process* main = find(main_);
  return main != nullptr && main->alive;
}

bool FakeKernel::main_executed() const {
  const Process* main = find(main_);
  return main != nullptr && main->executed;
}

std::size_t FakeKernel::population() const {
  return static_cast<std::size_t>(std::ranges::count_if(processes_, [&](const Process& process) {
    return process.alive && process.invocation == invocation_;
  }));
}

bool FakeKernel::all_killable() const {
  return std::ranges::all_of(processes_, [&](const Process& process) {
    return !process.alive || process.invocation != invocation_ || process.nature.killable();
  });
}

}  // namespace gatevisor::core
