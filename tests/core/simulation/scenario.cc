#include "simulation/scenario.h"

#include <cerrno>
#include <csignal>

#include "core/format.h"

namespace gatevisor::core {
namespace {

using namespace std::chrono_literals;

KillSettings draw_kill(Dice& dice) {
  KillSettings kill;
  kill.mode = dice.pick({KillMode::ControlGroup, KillMode::ControlGroup, KillMode::ControlGroup,
                         KillMode::ControlGroup, KillMode::Mixed, KillMode::Mixed,
                         KillMode::Process, KillMode::None});
  kill.signal = dice.pick({SIGTERM, SIGTERM, SIGTERM, SIGTERM, SIGINT, SIGQUIT, SIGKILL});
  kill.restart_signal = dice.pick({0, 0, 0, SIGUSR2});
  kill.final_signal = dice.pick({SIGKILL, SIGKILL, SIGKILL, SIGKILL, SIGABRT});
  kill.send_sigkill = !dice.chance(15);
  kill.send_sighup = dice.chance(20);
  kill.timeout_stop = dice.pick<Duration>({50ms, 1s, 8s, 8s, 90s, kForever});
  return kill;
}

RestartSettings draw_restart(Dice& dice) {
  RestartSettings restart;
  const bool lively = dice.chance(70);
  restart.mode =
      lively ? RestartMode::Always
             : dice.pick({RestartMode::No, RestartMode::OnSuccess, RestartMode::OnFailure,
                          RestartMode::OnAbnormal, RestartMode::OnWatchdog, RestartMode::OnAbort});
  restart.delay = dice.pick<Duration>({0s, 100ms, 2s, 2s, 20s});
  if (dice.chance(3)) restart.delay = kForever;
  // A world that ends with the first missing file says little.
  if (lively) restart.by_cause[Cause::ExecFailure] = {true, {}};
  restart.steps = dice.pick({0u, 0u, 3u, 8u});
  restart.max_delay = dice.pick<Duration>({1s, 60s, 300s, kForever});
  restart.randomized = dice.pick<Duration>({0s, 0s, 500ms, 5s});
  restart.reset_after = dice.pick<Duration>({10s, 60s, kForever});
  if (dice.chance(25)) restart.prevent.codes.set(78);
  if (dice.chance(5)) restart.prevent.signals.set(SIGKILL);
  if (dice.chance(20)) restart.force.codes.set(dice.pick({0u, 3u}));
  for (const Cause cause : kAllCauses) {
    if (!dice.chance(4)) continue;
    CauseRule& rule = restart.by_cause[cause];
    if (dice.chance(70)) rule.restart = dice.chance(70);
    if (dice.chance(50)) rule.delay = dice.pick<Duration>({0s, 1s, 30s});
  }
  return restart;
}

MemorySettings draw_memory(Dice& dice) {
  MemorySettings memory;
  memory.oom_policy = dice.pick({OomPolicy::Continue, OomPolicy::Stop, OomPolicy::Kill});
  memory.pressure_policy = dice.pick({ManagedOom::Auto, ManagedOom::Kill});
  memory.pressure_duration = dice.pick<Duration>({4s, 10s, 30s});
  memory.sample_interval = dice.pick<Duration>({0s, 0s, 10s});
  return memory;
}

LifeSettings draw_life_settings(Dice& dice) {
  LifeSettings life;
  life.type = dice.pick({ServiceType::Simple, ServiceType::Exec, ServiceType::Oneshot,
                         ServiceType::Oneshot, ServiceType::Forking, ServiceType::Forking,
                         ServiceType::Notify, ServiceType::Notify, ServiceType::NotifyReload});
  life.remain_after_exit = dice.chance(20);
  life.timeout_start = dice.pick<Duration>({kForever, 100ms, 3s, 3s, 90s});
  life.start_failure = dice.pick(
      {TimeoutMode::Terminate, TimeoutMode::Terminate, TimeoutMode::Abort, TimeoutMode::Kill});
  life.stop_failure = dice.pick(
      {TimeoutMode::Terminate, TimeoutMode::Terminate, TimeoutMode::Abort, TimeoutMode::Kill});
  life.runtime_max = dice.pick<Duration>({kForever, kForever, 2s, 60s});
  life.runtime_extra = dice.pick<Duration>({0s, 2s});
  life.watchdog = dice.pick<Duration>({0s, 0s, 500ms, 20s});
  if (dice.chance(30)) life.timeout_abort = dice.pick<Duration>({50ms, 2s});
  return life;
}

Commands draw_commands(Dice& dice, ServiceType type) {
  Commands commands;
  const auto fill = [&](CommandKind kind, std::uint64_t number) {
    for (std::uint64_t i = 0; i < number; ++i) {
      Command command{.argv = {"/" + std::to_string(i)}};
      command.ignore_failure = kind != CommandKind::Main && dice.chance(30);
      commands.of(kind).push_back(std::move(command));
    }
  };
  fill(CommandKind::Main, type == ServiceType::Oneshot ? 1 + dice.below(3) : 1);
  if (dice.chance(10)) fill(CommandKind::Condition, 1);
  for (const CommandKind kind : {CommandKind::StartPre, CommandKind::StartPost, CommandKind::Reload,
                                 CommandKind::Stop, CommandKind::StopPost}) {
    if (dice.chance(35)) fill(kind, 1 + dice.below(2));
  }
  return commands;
}

ProbeSettings draw_probe(Dice& dice) {
  ProbeSettings probe;
  if (!dice.chance(40)) return probe;
  probe.target.emplace();
  probe.target->text = "tcp://127.0.0.1:8080";
  probe.interval = dice.pick<Duration>({100ms, 1s, 10s});
  probe.timeout = dice.pick<Duration>({50ms, 1s, 5s, 20s});
  probe.failures = dice.pick({1u, 4u});
  probe.start_failures = dice.pick({1u, 20u});
  return probe;
}

HookSettings draw_hooks(Dice& dice) {
  HookSettings hooks;
  const auto fill = [&dice](std::vector<Command>& all) {
    if (!dice.chance(20)) return;
    for (std::size_t i = 1 + dice.below(2); i > 0; --i) {
      all.push_back(Command{.argv = {"/usr/bin/page"}});
    }
  };
  fill(hooks.alarm);
  fill(hooks.out_of_memory);
  hooks.timeout = dice.pick<Duration>({500ms, 5s});
  return hooks;
}

}  // namespace

Scenario draw_scenario(Dice& dice) {
  Scenario world;
  ServiceSettings& settings = world.settings;
  settings.commands.main = {Command{.argv = {"/usr/bin/gateway"}}};
  settings.kill = draw_kill(dice);
  settings.restart = draw_restart(dice);
  settings.memory = draw_memory(dice);
  settings.probes.liveness = draw_probe(dice);
  if (dice.chance(20)) {
    settings.probes.readiness = draw_probe(dice);
    settings.probes.readiness.start_failures = 0;
  }
  settings.hooks = draw_hooks(dice);
  if (dice.chance(25)) settings.start_limit = {static_cast<unsigned>(dice.below(5)) + 2, 60s};
  if (dice.chance(75)) settings.alarm = {static_cast<unsigned>(dice.below(5)) + 1, 60s};
  if (dice.chance(15)) settings.success.codes.set(3);
  if (dice.chance(15)) settings.success.signals.set(SIGTERM);
  if (dice.chance(60)) {
    world.plain = false;
    settings.life = draw_life_settings(dice);
    settings.commands = draw_commands(dice, settings.life.type);
    world.notifies = dice.chance(60);
  }
  settings.forward = {{SIGHUP, SIGHUP}, {SIGUSR1, SIGUSR2}, {SIGQUIT, 0}};

  world.rung = dice.pick({CgroupRung::MemoryController, CgroupRung::MemoryController,
                          CgroupRung::MemoryController, CgroupRung::MemoryController,
                          CgroupRung::NoMemory, CgroupRung::ReadOnly, CgroupRung::Hidden});
  world.pids = dice.chance(80);
  world.horizon = dice.span(1s, 1800s);
  world.outside = dice.pick({0u, 0u, 1u, 6u, 20u});
  world.unkillable = dice.pick({0u, 0u, 0u, 20u});
  world.late_timers = dice.chance(20);
  return world;
}

std::string to_string(const Scenario& world) {
  const KillSettings& kill = world.settings.kill;
  const RestartSettings& restart = world.settings.restart;
  const auto number = [](auto value) { return std::to_string(static_cast<int>(value)); };
  return "cgroup: " + std::string(to_string(world.rung)) +
         (world.pids ? "" : ", no pids controller") + "; KillMode number " + number(kill.mode) +
         ", KillSignal=" + signal_name(kill.signal) +
         ", FinalKillSignal=" + signal_name(kill.final_signal) +
         (kill.send_sigkill ? "" : ", SendSIGKILL=no") +
         (kill.send_sighup ? ", SendSIGHUP=yes" : "") +
         ", TimeoutStopSec=" + format_duration(kill.timeout_stop) + "; Restart number " +
         number(restart.mode) + ", RestartSec=" + format_duration(restart.delay) + " to " +
         format_duration(restart.max_delay) + " in " + std::to_string(restart.steps) + " + " +
         format_duration(restart.randomized) +
         ", StartLimitBurst=" + std::to_string(world.settings.start_limit.burst) +
         (world.settings.probes.liveness.target
              ? "; LivenessProbeSec=" + format_duration(world.settings.probes.liveness.interval)
              : "") +
         "; Type number " + number(world.settings.life.type) +
         ", TimeoutStartSec=" + format_duration(world.settings.life.start_timeout()) +
         ", RuntimeMaxSec=" + format_duration(world.settings.life.runtime_max) +
         ", WatchdogSec=" + format_duration(world.settings.life.watchdog) +
         (world.settings.life.remain_after_exit ? ", RemainAfterExit=yes" : "") +
         "; OOMPolicy number " + number(world.settings.memory.oom_policy) + "; until " +
         format_duration(world.horizon);
}

bool Nature::killable() const { return dies_in <= 10ms; }

Nature draw_nature(Dice& dice, const Scenario& scenario) {
  Nature nature;
  nature.ignores_stop = dice.chance(25);
  nature.stops_in = dice.chance(20) ? dice.span(0s, 12s) : dice.span(0ms, 300ms);
  if (dice.chance(50)) nature.stop_code = dice.pick({0, 0, 1, 143});
  nature.dies_in = dice.span(0ms, 5ms);
  if (dice.chance(scenario.unkillable)) {
    nature.dies_in = dice.chance(30) ? kForever : dice.span(11ms, 12s);
  }
  return nature;
}

CommandLife draw_command_life(Dice& dice, CommandKind kind) {
  CommandLife life;
  life.until = dice.chance(85) ? dice.span(0s, 200ms) : dice.span(0s, 20s);
  life.leaves = dice.chance(20) ? 1 + static_cast<unsigned>(dice.below(2)) : 0;
  life.end = WaitStatus::exited(0);
  life.stops_main = kind == CommandKind::Stop && dice.chance(40);
  // Type=forking
  if (kind == CommandKind::Main && dice.chance(90)) life.leaves = 1;
  const std::uint64_t what = dice.below(100);
  if (what < 3) {
    life.fate = CommandLife::Fate::NoClone;
    life.step = ExecStep::Clone;
    life.code = dice.pick({EAGAIN, EPERM});
  } else if (what < 6) {
    life.fate = CommandLife::Fate::ExecFails;
    life.code = dice.pick({ENOENT, ETXTBSY});
    life.end = WaitStatus::exited(203);
    life.leaves = 0;
    life.stops_main = false;
  } else if (what < 12) {
    life.fate = CommandLife::Fate::Hangs;
  } else if (what < 20) {
    life.end = WaitStatus::exited(dice.pick({1, 3, 255}));
  } else if (what < 24) {
    const int signal = dice.pick({SIGKILL, SIGTERM, SIGSEGV});
    life.end = dice.chance(30) ? WaitStatus::dumped(SIGSEGV) : WaitStatus::killed(signal);
  }
  return life;
}

Life draw_life(Dice& dice, const Scenario& scenario) {
  Life life;
  life.fate = dice.pick({Fate::NoLeaf,
                         Fate::NoClone,
                         Fate::ExecFails,
                         Fate::Exits,
                         Fate::Exits,
                         Fate::Exits,
                         Fate::Exits,
                         Fate::Faults,
                         Fate::Faults,
                         Fate::KilledFromOutside,
                         Fate::KilledFromOutside,
                         Fate::Seccomp,
                         Fate::RunsOut,
                         Fate::OomMain,
                         Fate::OomMain,
                         Fate::OomGroup,
                         Fate::OomHelper,
                         Fate::OomHelper,
                         Fate::TaskLimit,
                         Fate::Spins,
                         Fate::Pressed,
                         Fate::Wedges,
                         Fate::Serves,
                         Fate::Serves});
  if (dice.chance(85)) life.ready_in = dice.chance(80) ? dice.span(0s, 2s) : dice.span(0s, 60s);
  if (scenario.settings.life.type == ServiceType::Oneshot && dice.chance(50)) {
    life.fate = Fate::Exits;
  }
  life.until = dice.chance(40) ? dice.span(0s, 3s) : dice.span(0s, 120s);
  life.scope = dice.pick({Scope::OwnLimit, Scope::AncestorLimit, Scope::OutsideView});
  life.helpers = static_cast<unsigned>(dice.below(4));
  life.slow_to_die = dice.chance(15);
  life.sparse = dice.chance(30);
  life.boots_in = dice.chance(70) ? dice.span(0s, 8s) : dice.span(0s, 120s);
  switch (life.fate) {
    case Fate::NoLeaf:
      life.step = ExecStep::Cgroup;
      life.code = dice.pick({EBUSY, EACCES, ENOSPC});
      break;
    case Fate::NoClone:
      life.step = ExecStep::Clone;
      life.code = dice.pick({EAGAIN, ENOMEM, EPERM});
      break;
    case Fate::ExecFails:
      life.step = static_cast<ExecStep>(2 + dice.below(14));
      life.code = dice.pick({ENOENT, EACCES, EPERM, ETXTBSY, EAGAIN});
      break;
    case Fate::Exits:
      life.end = WaitStatus::exited(dice.pick({0, 0, 1, 1, 3, 78, 255}));
      // Said long before, or by somebody else: it does not end so.
      if (dice.chance(20)) life.said = LastWords{"Rust", "memory allocation of 1 bytes failed"};
      break;
    case Fate::Faults: {
      const int signal = dice.pick({SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL});
      life.end = dice.chance(50) ? WaitStatus::dumped(signal) : WaitStatus::killed(signal);
      break;
    }
    case Fate::KilledFromOutside: {
      const int signal = dice.pick({SIGKILL, SIGKILL, SIGTERM, SIGINT, SIGQUIT, SIGSYS});
      life.end = signal == SIGQUIT ? WaitStatus::dumped(signal) : WaitStatus::killed(signal);
      life.seccomp_mode = 0;
      break;
    }
    case Fate::Seccomp:
      life.end = dice.chance(50) ? WaitStatus::dumped(SIGSYS) : WaitStatus::killed(SIGSYS);
      life.seccomp_mode = dice.pick({2, 2, -1});
      break;
    case Fate::RunsOut:
      life.end = dice.pick({WaitStatus::killed(SIGABRT), WaitStatus::dumped(SIGABRT),
                            WaitStatus::exited(134)});
      life.said = LastWords{dice.pick({"V8", "C++"}), "out of memory"};
      break;
    case Fate::TaskLimit: life.end = WaitStatus::exited(dice.pick({1, 1, 11, 0})); break;
    case Fate::OomHelper: life.helpers = std::max(life.helpers, 1u); break;
    case Fate::OomGroup:
      if (scenario.settings.memory.oom_policy != OomPolicy::Kill) life.fate = Fate::OomMain;
      break;
    case Fate::OomMain:
      // With memory.oom.group the kernel kills all or nobody.
      if (scenario.settings.memory.oom_policy == OomPolicy::Kill &&
          scenario.rung == CgroupRung::MemoryController) {
        life.fate = Fate::OomGroup;
      }
      break;
    case Fate::Spins:
    case Fate::Pressed:
    case Fate::Wedges:
    case Fate::Serves: break;
  }
  return life;
}

}  // namespace gatevisor::core
