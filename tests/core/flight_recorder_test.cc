// When the recorder looks, and what it keeps.

#include "core/flight_recorder.h"

#include "core_testing.h"
#include "fake_cgroups.h"

namespace gatevisor::core {
namespace {

Sample of(std::uint64_t bytes) {
  Sample sample;
  sample.current = bytes;
  return sample;
}

/// Everything that is due until `end`, as a runtime would do it. How often it looked.
std::size_t fly(FlightRecorder& recorder, Instant end) {
  std::size_t looks = 0;
  while (recorder.deadline() <= end) {
    const Instant now = recorder.deadline();
    EXPECT_TRUE(recorder.take_due(now));
    EXPECT_GT(recorder.deadline(), now) << "it would never end";
    recorder.add(now, of(looks++));
  }
  return looks;
}

TEST(FlightRecorder, NothingIsDueBeforeALifeAndAfterIt) {
  FlightRecorder recorder(10s);
  EXPECT_EQ(recorder.deadline(), Instant::max());
  recorder.tight(at(1s));
  EXPECT_EQ(recorder.deadline(), Instant::max());
  recorder.begin(at(1s));
  EXPECT_EQ(recorder.deadline(), at(2s));
  EXPECT_FALSE(recorder.take_due(at(1s)));
  EXPECT_TRUE(recorder.take().empty());
  EXPECT_EQ(recorder.deadline(), Instant::max());
  recorder.add(at(3s), of(1));  // came too late
  EXPECT_TRUE(recorder.take().empty());
}

TEST(FlightRecorder, ZeroNeverLooks) {
  FlightRecorder recorder(0s);
  recorder.begin(at(1s));
  recorder.tight(at(2s));
  EXPECT_EQ(recorder.deadline(), Instant::max());
}

TEST(FlightRecorder, LooksAtTwiceTheAgeUntilItIsCalm) {
  FlightRecorder recorder(10s);
  recorder.begin(at(100s));
  fly(recorder, at(160s));
  std::vector<Duration> ages;
  for (const Sample& sample : recorder.take()) ages.push_back(sample.age);
  EXPECT_EQ(ages, (std::vector<Duration>{1s, 2s, 4s, 8s, 16s, 26s, 36s, 46s, 56s}));
}

TEST(FlightRecorder, LooksOftenWhileItIsTightAndCalmsDown) {
  FlightRecorder recorder(10s);
  recorder.begin(at(0s));
  fly(recorder, at(60s));
  recorder.tight(at(61s));
  EXPECT_EQ(recorder.deadline(), at(61s)) << "at once, where it has not looked just now";
  const std::size_t looks = fly(recorder, at(71s));
  EXPECT_NEAR(static_cast<double>(looks), 40, 2);
  EXPECT_LE(fly(recorder, at(101s)), 4u);
  // Signs that come faster than it looks do not make it look faster.
  std::size_t taken = 0;
  for (Duration passed = 200s; passed < 201s; passed += 10ms) {
    recorder.tight(at(passed));
    if (recorder.take_due(at(passed))) ++taken;
  }
  EXPECT_LE(taken, 5u);
}

TEST(FlightRecorder, KeepsFifteenMinutesAndNeverMoreThanItMay) {
  FlightRecorder recorder(1s);
  recorder.begin(at(0s));
  fly(recorder, at(3600s));
  const auto samples = recorder.take();
  EXPECT_LE(samples.size(), FlightRecorder::kMost);
  EXPECT_GE(samples.size(), FlightRecorder::kMost / 2);
  EXPECT_LE(samples.back().age - samples.front().age, FlightRecorder::kSpan);
  EXPECT_GE(samples.back().age - samples.front().age, 10min) << "the past is thinned, not cut";
  // What came last is whole.
  EXPECT_EQ(samples.back().age - samples[samples.size() - 20].age, 19s);
  for (std::size_t i = 1; i < samples.size(); ++i) EXPECT_GT(samples[i].age, samples[i - 1].age);
}

TEST(FlightRecorder, TheServiceTellsItWithTheDeath) {
  ServiceSettings settings = loop_settings();
  settings.memory.sample_interval = 10s;
  Rig rig(settings);
  rig.run();
  EXPECT_EQ(rig.timer(), "tidy");
  for (const std::uint64_t bytes : {100u, 200u, 300u}) {
    EXPECT_EQ(rig.timer(), "sample");
    rig.feed(event::Sampled{of(bytes)});
  }
  EXPECT_NE(rig.exits(1).find("emit:flight emit:exited"), std::string::npos);
  const auto flight = rig.last<record::Flight>();
  EXPECT_EQ(flight.invocation, rig.verdict().invocation);
  ASSERT_EQ(flight.samples.size(), 3u);
  EXPECT_EQ(flight.samples.back().current, 300u);
  EXPECT_EQ(flight.samples.back().age, 4s);
  // Each life has its own.
  rig.respawn();
  rig.exits(1);
  EXPECT_EQ(rig.count<record::Flight>(), 1u) << "a life that nobody looked at has none";
}

TEST(FlightRecorder, ALimitOfItsOwnMakesItLookAndAKillDoesNot) {
  ServiceSettings settings = loop_settings();
  settings.memory.sample_interval = 1min;
  settings.memory.oom_policy = OomPolicy::Continue;
  Rig rig(settings);
  FakeCgroups groups;
  groups.begin_invocation(1);
  rig.run(groups.baseline());
  const auto looks = [&rig](const Event& event) {
    rig.now += 1s;
    return rig.feed(event).find("sample") != std::string::npos;
  };
  rig.now += 20s;
  while (rig.deadline() <= rig.now) rig.feed(event::TimerExpired{});
  EXPECT_FALSE(looks(event::MemoryChanged{groups.now()})) << "nothing has grown";
  groups.oom_kill(Scope::AncestorLimit);
  EXPECT_FALSE(looks(event::MemoryChanged{groups.now()})) << "there may be nothing left to look with";
  groups.declare_oom(Scope::AncestorLimit);
  EXPECT_FALSE(looks(event::MemoryChanged{groups.now()}));
  groups.declare_oom(Scope::OwnLimit);
  EXPECT_TRUE(looks(event::MemoryChanged{groups.now()}));
}

TEST(FlightRecorder, PressureMakesItLook) {
  ServiceSettings settings = loop_settings();
  settings.memory.sample_interval = 1min;
  Rig rig(settings);
  rig.run();
  rig.now += 30s;
  EXPECT_NE(rig.feed(event::PressureHigh{}).find("sample"), std::string::npos);
}

}  // namespace
}  // namespace gatevisor::core
