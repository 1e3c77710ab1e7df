// Memory trouble while the gateway lives.

#include "core/memory_watch.h"

#include "core_testing.h"
#include "fake_cgroups.h"

namespace gatevisor::core {
namespace {

class MemoryWatchTest : public ::testing::Test {
 protected:
  MemoryWatchTest() { watch_.begin(groups_.baseline()); }

  void changed() { watch_.changed(now_, groups_.now()); }
  /// The kernel's notification, as far as the throttle lets it through: once a second.
  void spin_for(Duration span) {
    for (const Instant end = now_ + span; now_ < end; now_ += 1s) {
      groups_.declare_oom(Scope::OwnLimit, 275);
      changed();
    }
  }
  /// PSI tells once in each window of 2 s.
  void press_for(Duration span) {
    for (const Instant end = now_ + span; now_ <= end; now_ += 2s) watch_.pressure_high(now_);
  }

  MemorySettings settings_;
  FakeCgroups groups_;
  MemoryWatch watch_{settings_};
  Instant now_ = at(100s);
};

TEST_F(MemoryWatchTest, ASilentLifeNeedsNoTimer) {
  EXPECT_EQ(watch_.deadline(), Instant::max());
  EXPECT_FALSE(watch_.take_helper_killed(Instant::max() - 1us));
  EXPECT_FALSE(watch_.take_stall());
  EXPECT_FALSE(watch_.take_rearm(Instant::max() - 1us));
}

TEST_F(MemoryWatchTest, KilledHelperIsToldWhenTheMainProcessHasLivedOn) {
  groups_.oom_kill(Scope::OwnLimit);
  changed();
  EXPECT_EQ(watch_.history().kills, 1u);
  EXPECT_EQ(watch_.history().last_growth, now_);
  EXPECT_EQ(watch_.deadline(), now_ + MemoryWatch::kSettle);
  EXPECT_FALSE(watch_.take_helper_killed(now_ + MemoryWatch::kSettle - 1us));
  EXPECT_TRUE(watch_.take_helper_killed(now_ + MemoryWatch::kSettle));
  EXPECT_FALSE(watch_.take_helper_killed(now_ + MemoryWatch::kSettle)) << "told once";
}

TEST_F(MemoryWatchTest, SameCountIsNoNewKill) {
  groups_.oom_kill(Scope::OwnLimit);
  changed();
  EXPECT_TRUE(watch_.take_helper_killed(now_ + MemoryWatch::kSettle));
  now_ += 20s;
  changed();
  EXPECT_FALSE(watch_.take_helper_killed(now_ + MemoryWatch::kSettle));
  EXPECT_EQ(watch_.history().last_growth, at(100s));
  groups_.oom_kill(Scope::OwnLimit);
  changed();
  EXPECT_TRUE(watch_.take_helper_killed(now_ + MemoryWatch::kSettle));
  EXPECT_EQ(watch_.history().kills, 2u);
}

TEST_F(MemoryWatchTest, RearmIsThrottledToOnceAnInterval) {
  changed();
  EXPECT_EQ(watch_.deadline(), now_ + MemoryWatch::kInterval);
  EXPECT_FALSE(watch_.take_rearm(now_ + MemoryWatch::kInterval - 1us));
  EXPECT_TRUE(watch_.take_rearm(now_ + MemoryWatch::kInterval));
  EXPECT_FALSE(watch_.take_rearm(now_ + MemoryWatch::kInterval)) << "armed once";
  EXPECT_EQ(watch_.deadline(), Instant::max());
}

TEST_F(MemoryWatchTest, SpinWithoutAKillIsAStallAfterFiveSeconds) {
  spin_for(5s);
  EXPECT_FALSE(watch_.take_stall());
  spin_for(1s);
  const auto stall = watch_.take_stall();
  ASSERT_TRUE(stall);
  EXPECT_TRUE(stall->unkillable);
  EXPECT_EQ(stall->evidence, "oom +275 in the last reading, oom_kill +0 for 5s");
}

TEST_F(MemoryWatchTest, StallIsToldOnceALife) {
  spin_for(6s);
  EXPECT_TRUE(watch_.take_stall());
  spin_for(60s);
  EXPECT_FALSE(watch_.take_stall());
  press_for(120s);
  EXPECT_FALSE(watch_.take_stall());
}

TEST_F(MemoryWatchTest, SpinThatEndsWithAKillIsNone) {
  spin_for(4s);
  groups_.oom_kill(Scope::OwnLimit);
  changed();
  now_ += 1s;
  spin_for(5s);
  EXPECT_FALSE(watch_.take_stall());
  spin_for(1s);
  EXPECT_TRUE(watch_.take_stall());
}

TEST_F(MemoryWatchTest, SpinThatPausesIsNone) {
  spin_for(4s);
  changed();  // something else than oom changed
  now_ += 1s;
  spin_for(5s);
  EXPECT_FALSE(watch_.take_stall());
}

TEST_F(MemoryWatchTest, TwoRefusalsFarApartAreNoSpin) {
  // Silence between two notifications is no growth: nothing changed, so nothing was told.
  groups_.declare_oom(Scope::OwnLimit);
  changed();
  now_ += 1h;
  groups_.declare_oom(Scope::OwnLimit);
  changed();
  EXPECT_FALSE(watch_.take_stall());
  now_ += 1s;
  spin_for(5s);
  EXPECT_TRUE(watch_.take_stall()) << "a spin that begins with the second is one";
}

TEST_F(MemoryWatchTest, AnAncestorsLimitIsNotOurStall) {
  for (int i = 0; i < 20; ++i, now_ += 1s) {
    groups_.declare_oom(Scope::AncestorLimit, 100);
    changed();
  }
  EXPECT_FALSE(watch_.take_stall());
}

TEST_F(MemoryWatchTest, RefusalsOfAnEarlierLifeAreNotThisOnes) {
  groups_.declare_oom(Scope::OwnLimit, 826);
  MemoryWatch next(settings_);
  next.begin(groups_.baseline());
  groups_.begin_invocation(2);
  for (int i = 0; i < 20; ++i, now_ += 1s) next.changed(now_, groups_.now());
  EXPECT_FALSE(next.take_stall());
  EXPECT_EQ(next.history().kills, 0u);
}

TEST_F(MemoryWatchTest, PressureForTheWholeDurationIsAStall) {
  press_for(28s);
  EXPECT_FALSE(watch_.take_stall());
  watch_.pressure_high(now_);  // 30 s
  const auto stall = watch_.take_stall();
  ASSERT_TRUE(stall);
  EXPECT_FALSE(stall->unkillable);
  EXPECT_EQ(stall->evidence, "memory.pressure full over 60% for 30s");
}

TEST_F(MemoryWatchTest, PressureThatEasesStartsAnew) {
  press_for(28s);
  now_ += MemoryWatch::kPressureGap;  // 7 s after the last window
  press_for(28s);
  EXPECT_FALSE(watch_.take_stall());
  watch_.pressure_high(now_);
  EXPECT_TRUE(watch_.take_stall());
}

TEST_F(MemoryWatchTest, PressureGapIsMeasuredToTheTick) {
  watch_.pressure_high(now_);
  settings_.pressure_duration = MemoryWatch::kPressureGap;
  watch_.pressure_high(now_ + MemoryWatch::kPressureGap);
  EXPECT_TRUE(watch_.take_stall()) << "exactly the gap apart is one stall";
  MemoryWatch other(settings_);
  other.pressure_high(now_);
  other.pressure_high(now_ + MemoryWatch::kPressureGap + 1us);
  EXPECT_FALSE(other.take_stall());
}

TEST_F(MemoryWatchTest, CountersThatAreNotItsOwnSayNothing) {
  FakeCgroups container(CgroupRung::ReadOnly);
  MemoryWatch watch(settings_);
  watch.begin(container.baseline());
  container.oom_kill(Scope::AncestorLimit, 3);
  for (int i = 0; i < 20; ++i, now_ += 1s) {
    container.declare_oom(Scope::AncestorLimit, 100);
    watch.changed(now_, container.now());
  }
  EXPECT_EQ(watch.history().kills, 0u);
  EXPECT_FALSE(watch.take_helper_killed(now_ + 1s));
  EXPECT_FALSE(watch.take_stall());
  EXPECT_TRUE(watch.take_rearm(now_)) << "the watch is kept armed all the same";
}

TEST_F(MemoryWatchTest, HiddenCountersSayNothing) {
  watch_.changed(now_, CgroupSnapshot{});
  FakeCgroups none(CgroupRung::NoMemory);
  watch_.changed(now_, none.now());
  EXPECT_EQ(watch_.history().kills, 0u);
  EXPECT_FALSE(watch_.take_stall());
}

}  // namespace
}  // namespace gatevisor::core
