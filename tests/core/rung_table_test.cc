// What the table of rungs promises is what a verdict delivers there: each cause is played on each
// rung, with the events and the counters that this rung would give.

#include "core/rung_table.h"

#include <algorithm>
#include <cerrno>

#include "core_testing.h"
#include "fake_cgroups.h"

namespace gatevisor::core {
namespace {

Rungs rungs_of(CgroupRung cgroup, bool pids, bool pressure) {
  Rungs rungs;
  rungs.cgroup = cgroup;
  rungs.pids_controller = pids;
  rungs.pressure = pressure;
  return rungs;
}

/// All that src/os can find, as far as it matters to a verdict.
std::vector<Rungs> every_machine() {
  std::vector<Rungs> all;
  for (const bool pressure : {true, false}) {
    for (const bool pids : {true, false}) {
      all.push_back(rungs_of(CgroupRung::MemoryController, pids, pressure));
    }
  }
  all.push_back(rungs_of(CgroupRung::NoMemory, true, false));
  all.push_back(rungs_of(CgroupRung::NoMemory, false, false));
  all.push_back(rungs_of(CgroupRung::ReadOnly, false, false));
  all.push_back(rungs_of(CgroupRung::Hidden, false, false));
  return all;
}

/// One death of this cause on one machine. No verdict: it was never noticed there.
class Play {
 public:
  explicit Play(const Rungs& rungs)
      : rungs_(rungs), groups_(rungs.cgroup, rungs.pids_controller), rig_(settings()) {
    rig_.run(groups_.baseline());
    rig_.now += 10s;
  }

  std::optional<Verdict> of(Cause cause);

 private:
  static ServiceSettings settings() {
    ServiceSettings settings = loop_settings();
    settings.memory.pressure_policy = ManagedOom::Kill;
    settings.memory.pressure_duration = 10s;
    return settings;
  }
  std::optional<Verdict> dies(WaitStatus status, int seccomp_mode = -1,
                              std::optional<LastWords> said = {}) {
    rig_.feed(event::MainExited{status, groups_.now(), false, seccomp_mode, std::move(said)});
    return rig_.verdict();
  }
  std::optional<Verdict> stalls();
  std::optional<Verdict> of_its_type(Cause cause);

  Rungs rungs_;
  FakeCgroups groups_;
  Rig rig_;
};

std::optional<Verdict> Play::of(Cause cause) {
  switch (cause) {
    case Cause::Clean: return dies(WaitStatus::exited(0));
    case Cause::ExitCode: return dies(WaitStatus::exited(1));
    case Cause::Signal: return dies(WaitStatus::killed(SIGKILL));
    // With the signal of a fault it would be less sure who sent it.
    case Cause::CoreDump: return dies(WaitStatus::dumped(SIGQUIT));
    case Cause::Seccomp: return dies(WaitStatus::dumped(SIGSYS), 2);
    case Cause::RuntimeOom:
      return dies(WaitStatus::dumped(SIGABRT), 0, LastWords{"V8", "JavaScript heap out of memory"});
    case Cause::Requested: rig_.signal(SIGTERM); return dies(WaitStatus::killed(SIGTERM));
    case Cause::StopTimeout:
      rig_.signal(SIGTERM);
      rig_.timer();
      return dies(WaitStatus::killed(SIGKILL));
    case Cause::OomKill:
      groups_.oom_kill(groups_.own_leaf() ? Scope::OwnLimit : Scope::AncestorLimit);
      return dies(WaitStatus::killed(SIGKILL));
    case Cause::TaskLimit: groups_.refuse_forks(2, true); return dies(WaitStatus::exited(1));
    case Cause::ExecFailure: {
      Rig other(loop_settings());
      other.start();
      other.spawned(groups_.baseline());
      other.feed(event::ExecFailed{ExecStep::Exec, ENOENT});
      other.dies(WaitStatus::exited(203), false, groups_.now());
      return other.verdict();
    }
    case Cause::MemoryStall: return stalls();
    case Cause::ProbeFailure: {
      ServiceSettings settings = loop_settings();
      settings.probes.liveness.target.emplace();
      settings.probes.liveness.start_failures = 1;
      Rig other(settings);
      other.run(groups_.baseline());
      other.timer();  // tidy
      other.timer();
      other.feed(event::Probed{{ProbeOutcome::Failed, "refused"}});
      other.dies(WaitStatus::killed(SIGTERM), false, groups_.now());
      return other.verdict();
    }
    case Cause::StartTimeout:
    case Cause::RuntimeLimit:
    case Cause::Watchdog:
    case Cause::Protocol: return of_its_type(cause);
  }
  return std::nullopt;
}

// The rules of Type=notify, and the times that a service is given.
std::optional<Verdict> Play::of_its_type(Cause cause) {
  ServiceSettings settings = loop_settings();
  settings.life.type = ServiceType::Notify;
  settings.life.timeout_start = 30s;
  settings.life.runtime_max = 10min;
  settings.life.watchdog = cause == Cause::Watchdog ? Duration(20s) : Duration(0);
  Rig other(settings);
  other.launch(groups_.baseline());
  if (cause == Cause::Protocol) {
    other.dies(WaitStatus::exited(0), false, groups_.now());
    return other.verdict();
  }
  if (cause != Cause::StartTimeout) {
    other.feed(event::Notified{.ready = true});
    other.timer();  // tidy
  }
  other.timer();
  other.dies(WaitStatus::killed(cause == Cause::Watchdog ? SIGABRT : SIGTERM), false,
             groups_.now());
  return other.verdict();
}

// PSI tells once a window, where it tells at all.
std::optional<Verdict> Play::stalls() {
  if (!rungs_.pressure) return std::nullopt;
  for (int window = 0; window < 10; ++window) {
    rig_.now += 2s;
    if (rig_.feed(event::PressureHigh{}).find("kill") != std::string::npos) {
      return dies(WaitStatus::killed(SIGKILL));
    }
  }
  return std::nullopt;
}

Confidence delivered(const Rungs& rungs, Cause cause) {
  const std::optional<Verdict> verdict = Play(rungs).of(cause);
  return verdict && verdict->cause == cause ? verdict->confidence : Confidence::Unknown;
}

class EachMachine : public ::testing::TestWithParam<Rungs> {};

TEST_P(EachMachine, DeliversWhatTheTableSays) {
  for (const Tellable& entry : tellable(GetParam())) {
    EXPECT_EQ(to_string(delivered(GetParam(), entry.cause)), to_string(entry.here))
        << to_string(entry.cause);
  }
}

TEST_P(EachMachine, SaysWhatIsMissingExactlyWhereSomethingIs) {
  bool all = true;
  for (const Tellable& entry : tellable(GetParam())) {
    EXPECT_EQ(entry.missing.empty(), entry.here == entry.best) << to_string(entry.cause);
    EXPECT_GE(entry.here, entry.best) << to_string(entry.cause) << ": better than the best";
    all = all && entry.here == entry.best;
  }
  EXPECT_EQ(all_verdicts(GetParam()), all);
  EXPECT_EQ(cgroup_remedies(GetParam()).empty(), GetParam().cgroup == CgroupRung::MemoryController);
}

TEST_P(EachMachine, NeverGuessesOutOfMemory) {
  // An outside SIGKILL, nothing counted: whatever can be seen here, it is no out-of-memory kill.
  const std::optional<Verdict> verdict = Play(GetParam()).of(Cause::Signal);
  ASSERT_TRUE(verdict);
  EXPECT_EQ(verdict->cause, Cause::Signal);
}

std::string machine_name(const ::testing::TestParamInfo<Rungs>& info) {
  const std::array<const char*, 4> names = {"MemoryController", "NoMemory", "ReadOnly", "Hidden"};
  return std::string(names[static_cast<std::size_t>(info.param.cgroup)]) +
         (info.param.pids_controller ? "WithPids" : "WithoutPids") +
         (info.param.pressure ? "WithPressure" : "WithoutPressure");
}

INSTANTIATE_TEST_SUITE_P(RungTable, EachMachine, ::testing::ValuesIn(every_machine()),
                         machine_name);

TEST(RungTable, ListsEveryCauseOnce) {
  const auto table = tellable(Rungs{});
  for (std::size_t i = 0; i < kAllCauses.size(); ++i) EXPECT_EQ(table[i].cause, kAllCauses[i]);
}

TEST(RungTable, AllVerdictsCanBeHadOnTheBestMachineAlone) {
  int complete = 0;
  for (const Rungs& rungs : every_machine()) complete += all_verdicts(rungs) ? 1 : 0;
  EXPECT_EQ(complete, 1);
  EXPECT_TRUE(all_verdicts(rungs_of(CgroupRung::MemoryController, true, true)));
}

TEST(RungTable, EveryPlatformHasARemedy) {
  const std::vector<Remedy> remedies = cgroup_remedies(Rungs{});
  for (const std::string_view platform : {"docker", "podman", "Kubernetes", "systemd"}) {
    EXPECT_EQ(std::ranges::count(remedies, platform, &Remedy::platform), 1) << platform;
  }
}

TEST(RungTable, KernelLogCostsNoVerdictButHasARemedy) {
  Rungs rungs = rungs_of(CgroupRung::MemoryController, true, true);
  EXPECT_TRUE(all_verdicts(rungs));
  EXPECT_FALSE(kernel_log_remedies(rungs).empty());
  rungs.kernel_log = true;
  EXPECT_TRUE(all_verdicts(rungs));
  EXPECT_TRUE(kernel_log_remedies(rungs).empty());
}

}  // namespace
}  // namespace gatevisor::core
