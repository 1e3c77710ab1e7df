// Thousands of random lives in virtual time, each replayed by its seed.
//
// A fake kernel performs what the manager asks for: processes that exit, crash, are killed for
// memory or from outside, ignore SIGTERM, leave others behind, cannot be started. The order of
// exits, signals and timers is random but seeded; the invariants are checked after every step. On a
// failure the seed and its trace are printed: GATEVISOR_SIM_SEED=n replays one,
// GATEVISOR_SIM_SEEDS=n sets the count.

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <map>
#include <optional>
#include <random>

#include "core/manager.h"

namespace gatevisor::core {
namespace {

using namespace std::chrono_literals;

/// How the main process of one invocation will end by itself, and what the kernel then counts.
enum class Fate {
  Exit0,
  Exit1,
  Exit78,
  Segv,
  Dump,
  OomOwn,
  OomAncestor,
  OomOutside,
  OomLauncher,
  OutsideKill,
  Seccomp,
  TaskLimit,
  LivesOn,
  ExecFails,
  CloneFails
};

struct Process {
  int pid = 0;
  bool alive = false;
  bool ignores_term = false;
  bool helper_alive = false;
  bool helper_ignores_term = false;
  Fate fate = Fate::LivesOn;
  Instant ends_at = Instant::max();
  std::optional<WaitStatus> status;
  bool stop_signal_sent = false;  ///< by the manager, before it died
  bool killed_by_us = false;
};

class Life {
 public:
  explicit Life(std::uint64_t seed)
      : random_(seed), settings_(random_settings()), manager_(settings_, seed) {}

  void run();
  const std::string& trace() const { return trace_; }
  std::map<Cause, int> causes;

 private:
  ServiceSettings random_settings();
  int below(int bound) { return static_cast<int>(random_() % static_cast<unsigned>(bound)); }
  Duration up_to(Duration span) {
    return Duration(
        static_cast<Duration::rep>(random_() % static_cast<std::uint64_t>(span.count())));
  }
  void step(const Event& event);
  void perform(const Action& action);
  void spawn();
  void main_dies(WaitStatus status);
  void signal_main(int signal);
  void signal_helper(int signal);
  void after_release();
  void check_record(const record::Exited& exited);
  Cause true_cause() const;
  CgroupSnapshot snapshot() const;

  std::mt19937_64 random_;
  ServiceSettings settings_;
  Manager manager_;
  Instant now_{1h};
  Process process_;
  int next_pid_ = 100;
  int deaths_ = 0;
  int records_ = 0;
  bool exited_ = false;
  std::optional<Instant> stop_asked_;
  Instant may_spawn_at_{};
  bool may_spawn_ = true;
  bool exec_pending_ = false;
  std::vector<Event> pending_;
  std::string trace_;
};

ServiceSettings Life::random_settings() {
  ServiceSettings settings;
  settings.exec.argv = {"/bin/gateway"};
  constexpr RestartMode kModes[] = {RestartMode::No, RestartMode::OnFailure,
                                    RestartMode::OnAbnormal, RestartMode::OnAbort,
                                    RestartMode::Always};
  settings.restart.mode = kModes[below(5)];
  settings.restart.delay = below(3) == 0 ? Duration{0} : up_to(5s);
  settings.restart.prevent.codes.set(78);
  if (below(3) == 0) {
    settings.restart.steps = 3;
    settings.restart.max_delay = 30s;
  }
  constexpr KillMode kKill[] = {KillMode::ControlGroup, KillMode::Mixed};
  settings.kill.mode = kKill[below(2)];
  settings.kill.timeout_stop = 1s + up_to(9s);
  settings.alarm = {5, 60s};
  if (below(3) == 0) settings.start_limit = {static_cast<unsigned>(2 + below(5)), 600s};
  constexpr OomPolicy kOom[] = {OomPolicy::Continue, OomPolicy::Stop, OomPolicy::Kill};
  settings.memory.oom_policy = kOom[below(3)];
  settings.forward = {{SIGHUP, SIGHUP}};
  return settings;
}

void Life::spawn() {
  // Never two main processes, and none before its delay.
  ASSERT_FALSE(process_.alive) << "two main processes";
  ASSERT_FALSE(process_.helper_alive) << "a new invocation beside what the old one left";
  ASSERT_TRUE(may_spawn_) << "a spawn that nobody decided";
  ASSERT_GE(now_, may_spawn_at_) << "a respawn before its delay";
  may_spawn_ = false;
  process_ = Process{};
  process_.fate = static_cast<Fate>(below(15));
  if (process_.fate == Fate::CloneFails) {
    ++deaths_;
    pending_.push_back(event::SpawnFailed{ExecStep::Clone, {"clone3", "", EAGAIN, ""}});
    return;
  }
  process_.pid = next_pid_++;
  process_.alive = true;
  process_.ignores_term = below(4) == 0;
  process_.helper_alive = below(3) == 0;
  process_.helper_ignores_term = below(2) == 0;
  process_.ends_at = process_.fate == Fate::LivesOn ? Instant::max() : now_ + up_to(20s);
  CgroupSnapshot baseline;
  baseline.levels = {{"gateway.slice", {}, MemoryEvents{}, 1000, 0},
                     {"", {}, MemoryEvents{}, {}, 0}};
  baseline.own_leaf = true;
  pending_.push_back(event::Spawned{process_.pid, "id", baseline});
  if (process_.fate == Fate::ExecFails) {
    pending_.push_back(event::ExecFailed{ExecStep::Exec, ENOENT});
    process_.ends_at = now_;
  } else {
    pending_.push_back(event::ExecSucceeded{});
  }
}

CgroupSnapshot Life::snapshot() const {
  CgroupSnapshot after;
  after.own_leaf = true;
  CgroupLevel leaf{"gateway.slice/1", MemoryEvents{}, MemoryEvents{}, {}, 0};
  CgroupLevel slice{"gateway.slice", {}, MemoryEvents{}, 1000, 0};
  CgroupLevel base{"", {}, MemoryEvents{}, {}, 0};
  const bool by_fate = process_.status && !process_.killed_by_us && !process_.stop_signal_sent;
  if (by_fate) {
    const Fate fate = process_.fate;
    const bool oom = fate == Fate::OomOwn || fate == Fate::OomAncestor ||
                     fate == Fate::OomOutside || fate == Fate::OomLauncher;
    if (oom) leaf.hierarchical->oom_kill = 1;
    if (fate == Fate::OomOwn || fate == Fate::OomLauncher) slice.local->oom = 1;
    if (fate == Fate::OomAncestor) base.local->oom = 1;
    if (fate == Fate::TaskLimit) leaf.pids_max_hit = 1;
  }
  after.levels = {leaf, slice, base};
  return after;
}

/// What the fake kernel knows, told without any of the code under test.
Cause Life::true_cause() const {
  if (process_.pid == 0 || process_.fate == Fate::ExecFails) return Cause::ExecFailure;
  if (process_.killed_by_us) return Cause::StopTimeout;
  if (process_.stop_signal_sent) return Cause::Requested;
  switch (process_.fate) {
    case Fate::Exit0:
      return Cause::Clean;
    case Fate::Exit1:
    case Fate::Exit78:
      return Cause::ExitCode;
    case Fate::Segv:
    case Fate::OutsideKill:
      return Cause::Signal;
    case Fate::Dump:
      return Cause::CoreDump;
    case Fate::OomOwn:
    case Fate::OomAncestor:
    case Fate::OomOutside:
    case Fate::OomLauncher:
      return Cause::OomKill;
    case Fate::Seccomp:
      return Cause::Seccomp;
    case Fate::TaskLimit:
      return Cause::TaskLimit;
    case Fate::LivesOn:
    case Fate::ExecFails:
    case Fate::CloneFails:
      break;
  }
  return Cause::Signal;
}

WaitStatus status_of(Fate fate) {
  switch (fate) {
    case Fate::Exit0:
      return WaitStatus::exited(0);
    case Fate::Exit78:
      return WaitStatus::exited(78);
    case Fate::Segv:
      return WaitStatus::killed(SIGSEGV);
    case Fate::Dump:
      return WaitStatus::dumped(SIGABRT);
    case Fate::Seccomp:
      return WaitStatus::killed(SIGSYS);
    case Fate::OomOwn:
    case Fate::OomAncestor:
    case Fate::OomOutside:
    case Fate::OutsideKill:
      return WaitStatus::killed(SIGKILL);
    case Fate::ExecFails:
      return WaitStatus::exited(203);
    case Fate::Exit1:
    case Fate::OomLauncher:
    case Fate::TaskLimit:
    case Fate::LivesOn:
    case Fate::CloneFails:
      break;
  }
  return WaitStatus::exited(1);
}

void Life::main_dies(WaitStatus status) {
  if (!process_.alive) return;
  process_.alive = false;
  process_.status = status;
  process_.ends_at = Instant::max();
  ++deaths_;
  pending_.push_back(event::MainExited{status, snapshot(), process_.helper_alive,
                                       status.by_signal(SIGSYS) ? 2 : -1});
}

void Life::signal_main(int signal) {
  if (!process_.alive) return;
  if (signal == SIGKILL) {
    process_.killed_by_us = true;
    return main_dies(WaitStatus::killed(SIGKILL));
  }
  if (signal != SIGTERM) return;
  process_.stop_signal_sent = true;
  if (!process_.ignores_term) {
    main_dies(below(2) == 0 ? WaitStatus::exited(0) : WaitStatus::killed(SIGTERM));
  } else {
    process_.ends_at = Instant::max();  // only SIGKILL ends it now
  }
}

void Life::signal_helper(int signal) {
  if (!process_.helper_alive || (signal != SIGKILL && process_.helper_ignores_term)) return;
  if (signal != SIGKILL && signal != SIGTERM) return;
  process_.helper_alive = false;
  if (!process_.alive) pending_.push_back(event::TreeEmpty{});
}

void Life::check_record(const record::Exited& exited) {
  ++records_;
  ASSERT_EQ(records_, deaths_) << "each death has exactly one verdict";
  const Verdict& verdict = exited.verdict;
  ++causes[verdict.cause];
  ASSERT_EQ(to_string(verdict.cause), to_string(true_cause()));
  ASSERT_FALSE(verdict.summary.empty());
  if (verdict.cause == Cause::OomKill) {
    const bool launcher = process_.fate == Fate::OomLauncher;
    ASSERT_EQ(*verdict.victim, launcher ? Victim::Helper : Victim::Main);
    ASSERT_EQ(*verdict.scope, process_.fate == Fate::OomAncestor  ? Scope::AncestorLimit
                              : process_.fate == Fate::OomOutside ? Scope::OutsideView
                                                                  : Scope::OwnLimit);
  }
  if (verdict.next.action == NextAction::Respawn) {
    may_spawn_ = true;
    may_spawn_at_ = after(now_, verdict.next.delay);
  }
}

void Life::perform(const Action& action) {
  ASSERT_FALSE(exited_) << "an action after Exit";
  if (std::holds_alternative<action::Spawn>(action)) return spawn();
  if (const auto* one = std::get_if<action::SignalMain>(&action)) return signal_main(one->signal);
  if (const auto* all = std::get_if<action::SignalTree>(&action)) {
    signal_main(all->signal);
    return signal_helper(all->signal);
  }
  if (std::holds_alternative<action::KillTree>(action)) {
    signal_main(SIGKILL);
    return signal_helper(SIGKILL);
  }
  if (std::holds_alternative<action::Release>(action)) {
    ASSERT_FALSE(process_.alive) << "released while its main process lives";
    ASSERT_FALSE(process_.helper_alive) << "a dead unit has an empty cgroup";
    return;
  }
  if (const auto* emit = std::get_if<action::Emit>(&action)) {
    if (const auto* exited = std::get_if<record::Exited>(&emit->record)) check_record(*exited);
    return;
  }
  if (const auto* exit = std::get_if<action::Exit>(&action)) {
    exited_ = true;
    trace_ += "  exit " + std::to_string(exit->status) + "\n";
    ASSERT_FALSE(process_.alive);
    ASSERT_FALSE(process_.helper_alive);
  }
}

void Life::step(const Event& event) {
  trace_ += std::to_string(now_.time_since_epoch().count() / 1000) + "ms " +
            gatevisor::to_string(event) + " [" +
            std::string(to_string(manager_.service().state())) + "]\n";
  for (const Action& action : manager_.step(now_, event)) {
    perform(action);
    if (::testing::Test::HasFatalFailure()) return;
  }
}

void Life::run() {
  step(event::Start{});
  for (int steps = 0; steps < 400 && !exited_; ++steps) {
    if (::testing::Test::HasFatalFailure()) return;
    if (!pending_.empty()) {
      // In order; but a signal may come in between anything.
      const Event event = pending_.front();
      pending_.erase(pending_.begin());
      step(event);
      if (below(40) != 0) continue;
    }
    if (below(12) == 0 || steps > 300) {
      if (!stop_asked_) stop_asked_ = now_;
      step(event::SignalReceived{below(2) == 0 ? SIGTERM : SIGINT, {"SIGTERM", 1, 0}});
    } else if (below(8) == 0) {
      step(event::SignalReceived{SIGHUP, {"SIGHUP", 1, 0}});
    }
    if (exited_ || !pending_.empty()) continue;
    const Instant next = std::min(process_.ends_at, manager_.deadline());
    if (next == Instant::max()) continue;
    now_ = std::max(now_, next);
    if (stop_asked_) {
      ASSERT_LE(now_, *stop_asked_ + settings_.kill.timeout_stop + Service::kKillGrace)
          << "a stop that takes too long";
    }
    if (process_.ends_at <= now_ && process_.alive) {
      main_dies(status_of(process_.fate));
    } else {
      const Instant before = manager_.deadline();
      step(event::TimerExpired{});
      if (!exited_ && pending_.empty()) {
        ASSERT_TRUE(manager_.deadline() > now_ || manager_.deadline() != before) << "a busy loop";
      }
    }
  }
  ASSERT_TRUE(exited_) << "it never ends";
}

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text != nullptr ? std::strtoull(text, nullptr, 10) : otherwise;
}

TEST(Simulation, RandomLivesKeepTheInvariants) {
  const std::uint64_t only = from_environment("GATEVISOR_SIM_SEED", 0);
  const std::uint64_t count = from_environment("GATEVISOR_SIM_SEEDS", 5000);
  std::map<Cause, int> causes;
  for (std::uint64_t seed = only != 0 ? only : 1; seed <= (only != 0 ? only : count); ++seed) {
    Life life(seed);
    life.run();
    if (only != 0) std::fputs(life.trace().c_str(), stdout);
    if (HasFatalFailure()) {
      FAIL() << "seed " << seed << "; its trace:\n" << life.trace();
    }
    for (const auto& [cause, seen] : life.causes) causes[cause] += seen;
  }
  if (only != 0) return;
  for (const Cause cause : kAllCauses) {
    if (cause == Cause::MemoryStall) continue;  // a test of its own: it takes memory events in time
    EXPECT_GT(causes[cause], 0) << to_string(cause) << " never happened";
  }
}

TEST(Simulation, AYearOfRespawnsStaysBounded) {
  ServiceSettings settings;
  settings.exec.argv = {"/bin/gateway"};
  settings.restart.mode = RestartMode::Always;
  settings.restart.delay = 2s;
  settings.alarm = {5, 60s};
  Manager manager(settings, 1);
  Instant now{1h};
  const Instant end = now + 24h * 365;
  manager.step(now, event::Start{});
  long deaths = 0;
  long records = 0;
  long alarms = 0;
  while (now < end) {
    manager.step(now, event::Spawned{100, "id", {}});
    manager.step(now, event::ExecSucceeded{});
    now += 58s;
    ++deaths;
    for (const Action& action :
         manager.step(now, event::MainExited{WaitStatus::exited(1), {}, false, -1})) {
      const auto* emit = std::get_if<action::Emit>(&action);
      if (emit == nullptr) continue;
      if (std::holds_alternative<record::Exited>(emit->record)) ++records;
      if (std::holds_alternative<record::Alarm>(emit->record)) ++alarms;
    }
    now = manager.deadline();
    manager.step(now, event::TimerExpired{});
  }
  EXPECT_GT(deaths, 500'000);
  EXPECT_EQ(records, deaths);
  EXPECT_EQ(alarms, 0) << "two exits in a window of 60 s are no alarm";
}

}  // namespace
}  // namespace gatevisor::core
