// OOMPolicy= and memory stalls: what is done while the gateway lives.

#include "core_testing.h"
#include "fake_cgroups.h"

namespace gatevisor::core {
namespace {

class ServiceMemory : public ::testing::Test {
 protected:
  void begin(OomPolicy policy, ManagedOom pressure = ManagedOom::Auto,
             KillMode mode = KillMode::ControlGroup) {
    ServiceSettings settings = loop_settings();
    settings.memory.oom_policy = policy;
    settings.memory.pressure_policy = pressure;
    settings.kill.mode = mode;
    rig_.emplace(settings);
    rig_->run(groups_.baseline());
    rig_->now += 1s;
    rig_->feed(event::TimerExpired{});  // Tidy
  }
  std::string changed() { return rig_->feed(event::MemoryChanged{groups_.now()}); }
  /// A helper is killed, and the main process lives on for kSettle.
  std::string helper_is_killed() {
    groups_.oom_kill(Scope::OwnLimit);
    EXPECT_EQ(changed(), "");
    EXPECT_EQ(rig_->deadline(), rig_->now + MemoryWatch::kSettle);
    return rig_->timer();
  }
  std::string dies(WaitStatus status, bool others = false) {
    return rig_->dies(status, others, groups_.now());
  }
  /// The kernel finds nobody whom it may kill, for ten seconds or until something is done.
  std::string spins() {
    for (int second = 0; second < 10; ++second) {
      groups_.declare_oom(Scope::OwnLimit, 275);
      const std::string actions = changed();
      if (!actions.empty()) return actions;
      EXPECT_EQ(rig_->timer(), "rearm");
    }
    return {};
  }
  std::string is_pressed() {
    for (int window = 0; window < 20; ++window) {
      const std::string actions = rig_->feed(event::PressureHigh{});
      if (!actions.empty()) return actions;
      rig_->now += 2s;
    }
    return {};
  }

  FakeCgroups groups_;
  std::optional<Rig> rig_;
};

TEST_F(ServiceMemory, PolicyStopStopsTheService) {
  begin(OomPolicy::Stop);
  EXPECT_EQ(helper_is_killed(), "emit:oom tree:SIGTERM tree:SIGCONT");
  EXPECT_TRUE(rig_->last<record::OomWhileAlive>().stopping);
  EXPECT_EQ(rig_->last<record::OomWhileAlive>().kills, 1u);
  EXPECT_EQ(rig_->state(), ServiceState::Stopping);
  dies(WaitStatus::killed(SIGTERM));
  EXPECT_EQ(rig_->verdict().cause, Cause::OomKill);
  EXPECT_EQ(rig_->verdict().victim, Victim::Helper);
  // systemd: Result=oom-kill, which Restart=on-failure restarts.
  EXPECT_EQ(rig_->state(), ServiceState::Waiting);
}

TEST_F(ServiceMemory, PolicyStopKillsAtTheTimeout) {
  begin(OomPolicy::Stop);
  helper_is_killed();
  EXPECT_EQ(rig_->timer(), "rearm");
  EXPECT_EQ(rig_->timer(), "emit:escalated kill");
  dies(WaitStatus::killed(SIGKILL));
  EXPECT_EQ(rig_->verdict().cause, Cause::OomKill);
  EXPECT_EQ(rig_->verdict().victim, Victim::Helper);
}

TEST_F(ServiceMemory, PolicyKillKillsAllAtOnce) {
  begin(OomPolicy::Kill);
  EXPECT_EQ(helper_is_killed(), "emit:oom kill");
  EXPECT_EQ(rig_->state(), ServiceState::StopKilling);
  EXPECT_EQ(dies(WaitStatus::killed(SIGKILL), true), "emit:exited no-pidfile kill");
  EXPECT_EQ(rig_->verdict().cause, Cause::OomKill);
}

TEST_F(ServiceMemory, PolicyKillKillsWhatTheVictimLeftBehind) {
  begin(OomPolicy::Kill);
  groups_.oom_kill(Scope::OwnLimit);
  EXPECT_EQ(dies(WaitStatus::killed(SIGKILL), true), "emit:exited no-pidfile kill");
}

TEST_F(ServiceMemory, PolicyContinueOnlyTells) {
  begin(OomPolicy::Continue);
  EXPECT_EQ(helper_is_killed(), "emit:oom");
  EXPECT_FALSE(rig_->last<record::OomWhileAlive>().stopping);
  EXPECT_EQ(rig_->state(), ServiceState::Running);
  EXPECT_EQ(rig_->timer(), "rearm");
  EXPECT_EQ(helper_is_killed(), "emit:oom") << "each kill is told";
}

TEST_F(ServiceMemory, MainProcessAsTheVictimIsNoHelper) {
  begin(OomPolicy::Stop);
  groups_.oom_kill(Scope::OwnLimit);
  changed();
  rig_->now += MemoryWatch::kSettle - 1us;
  dies(WaitStatus::killed(SIGKILL));
  EXPECT_EQ(rig_->count<record::OomWhileAlive>(), 0u);
  EXPECT_EQ(rig_->verdict().victim, Victim::Main);
  EXPECT_EQ(rig_->verdict().confidence, Confidence::Certain);
}

TEST_F(ServiceMemory, KillWhileStoppingChangesNothing) {
  begin(OomPolicy::Stop);
  rig_->signal(SIGTERM);
  EXPECT_EQ(helper_is_killed(), "");
  EXPECT_EQ(rig_->state(), ServiceState::Stopping);
  dies(WaitStatus::exited(0));
  EXPECT_EQ(rig_->verdict().cause, Cause::Requested);
}

TEST_F(ServiceMemory, KillModeNoneIsNotStoppedNorBlamedLater) {
  begin(OomPolicy::Stop, ManagedOom::Auto, KillMode::None);
  EXPECT_EQ(helper_is_killed(), "emit:oom");
  EXPECT_EQ(rig_->state(), ServiceState::Running);
  rig_->now += 1h;
  dies(WaitStatus::exited(0));
  EXPECT_EQ(rig_->verdict().cause, Cause::Clean);
}

TEST_F(ServiceMemory, SpinIsEndedUnlessThePolicyIsToContinue) {
  for (const OomPolicy policy : {OomPolicy::Stop, OomPolicy::Kill}) {
    groups_ = FakeCgroups();
    begin(policy);
    EXPECT_EQ(spins(), "emit:stalled kill");
    EXPECT_TRUE(rig_->last<record::MemoryStalled>().killing);
    dies(WaitStatus::killed(SIGKILL));
    EXPECT_EQ(rig_->verdict().cause, Cause::MemoryStall);
    EXPECT_EQ(rig_->verdict().sender, Sender::Gatevisor);
    EXPECT_EQ(rig_->state(), ServiceState::Waiting) << "as systemd's watchdog: an abnormal end";
  }
  groups_ = FakeCgroups();
  begin(OomPolicy::Continue);
  EXPECT_EQ(spins(), "emit:stalled");
  EXPECT_FALSE(rig_->last<record::MemoryStalled>().killing);
  EXPECT_EQ(spins(), "") << "told once a life";
}

TEST_F(ServiceMemory, PressureIsToldAndEndedWhereManagedOomSaysKill) {
  begin(OomPolicy::Stop, ManagedOom::Auto);
  EXPECT_EQ(is_pressed(), "emit:stalled");
  EXPECT_EQ(rig_->state(), ServiceState::Running);
  begin(OomPolicy::Continue, ManagedOom::Kill);
  EXPECT_EQ(is_pressed(), "emit:stalled kill");
  dies(WaitStatus::killed(SIGKILL));
  EXPECT_EQ(rig_->verdict().cause, Cause::MemoryStall);
}

TEST_F(ServiceMemory, StallThatWasOnlyToldIsNoReasonOfALaterEnd) {
  begin(OomPolicy::Continue, ManagedOom::Auto);
  is_pressed();
  rig_->now += 1h;
  dies(WaitStatus::exited(3));
  EXPECT_EQ(rig_->verdict().cause, Cause::ExitCode);
}

TEST_F(ServiceMemory, StallWhileStoppingChangesNothing) {
  begin(OomPolicy::Kill, ManagedOom::Kill);
  rig_->signal(SIGTERM);
  for (int i = 0; i < 20; ++i) {
    rig_->now += 100ms;
    groups_.declare_oom(Scope::OwnLimit, 100);
    changed();
    rig_->feed(event::PressureHigh{});
  }
  EXPECT_EQ(rig_->count<record::MemoryStalled>(), 0u);
  EXPECT_EQ(rig_->state(), ServiceState::Stopping);
}

TEST_F(ServiceMemory, StopDuringAStallsKillIsBoundedByItsGrace) {
  begin(OomPolicy::Stop);
  spins();
  const Instant killed = rig_->now;
  EXPECT_EQ(rig_->signal(SIGTERM), "emit:stopping");
  for (int i = 0; i < 20 && rig_->exit_status < 0; ++i) rig_->timer();
  EXPECT_EQ(rig_->now, killed + Service::kKillGrace);
  EXPECT_EQ(rig_->exit_status, 137);
}

TEST_F(ServiceMemory, NextInvocationIsWatchedAnew) {
  begin(OomPolicy::Continue);
  helper_is_killed();
  rig_->exits(1);
  rig_->timer();
  groups_.begin_invocation(2);
  rig_->run(groups_.baseline());
  EXPECT_EQ(changed(), "");
  rig_->now += 1s;
  EXPECT_EQ(rig_->feed(event::TimerExpired{}), "rearm tidy") << "the old kill is not this life's";
}

TEST_F(ServiceMemory, RearmIsAskedForOnceASecondAndNotAfterTheEnd) {
  begin(OomPolicy::Continue);
  changed();
  EXPECT_EQ(rig_->deadline(), rig_->now + MemoryWatch::kInterval);
  EXPECT_EQ(rig_->timer(), "rearm");
  changed();
  rig_->exits(1);
  EXPECT_EQ(rig_->state(), ServiceState::Waiting);
  EXPECT_EQ(rig_->timer(), "spawn:2");
}

}  // namespace
}  // namespace gatevisor::core
