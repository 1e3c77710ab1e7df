// When it comes back: growing delays, jitter, and what starts the growth anew.

#include <algorithm>
#include <cmath>

#include "core/restart_policy.h"
#include "core_testing.h"

namespace gatevisor::core {
namespace {

Verdict crash(Duration lived = 1s, Cause cause = Cause::ExitCode) {
  Verdict verdict;
  verdict.cause = cause;
  verdict.status = WaitStatus::exited(1);
  verdict.started = at(1000s);
  verdict.ended = verdict.started + lived;
  return verdict;
}

ServiceSettings growing(Duration first, Duration last, unsigned steps) {
  ServiceSettings settings;
  settings.restart.mode = RestartMode::Always;
  settings.restart.delay = first;
  settings.restart.max_delay = last;
  settings.restart.steps = steps;
  return settings;
}

std::vector<Duration> delays(const ServiceSettings& settings, int count, std::uint64_t seed = 1) {
  RestartPolicy policy(settings, seed);
  std::vector<Duration> all;
  for (int i = 0; i < count; ++i) all.push_back(policy.decide(crash(), "exit-code").delay);
  return all;
}

TEST(RestartDelay, IsRestartSecAsLongAsNothingGrows) {
  EXPECT_EQ(delays(growing(2s, kForever, 0), 3), (std::vector<Duration>{2s, 2s, 2s}));
  EXPECT_EQ(delays(growing(2s, kForever, 5), 3), (std::vector<Duration>{2s, 2s, 2s}));
  EXPECT_EQ(delays(growing(2s, 60s, 0), 3), (std::vector<Duration>{2s, 2s, 2s}));
  EXPECT_EQ(delays(growing(0s, 60s, 5), 3), (std::vector<Duration>{0s, 0s, 0s}));
  EXPECT_EQ(delays(growing(2s, 2s, 5), 3), (std::vector<Duration>{2s, 2s, 2s}));
}

TEST(RestartDelay, IsNeverAboveTheMaximum) {
  // systemd's service_verify(): RestartSec= is set back to RestartMaxDelaySec=.
  EXPECT_EQ(delays(growing(2s, 1s, 5), 3), (std::vector<Duration>{1s, 1s, 1s}));
  EXPECT_EQ(delays(growing(2s, 1s, 0), 3), (std::vector<Duration>{1s, 1s, 1s}));
}

TEST(RestartDelay, GrowsByOneFactorAndReachesTheMaximumOneStepLater) {
  EXPECT_EQ(delays(growing(2s, 16s, 3), 6), (std::vector<Duration>{2s, 4s, 8s, 16s, 16s, 16s}));
  EXPECT_EQ(delays(growing(1s, 4s, 2), 4), (std::vector<Duration>{1s, 2s, 4s, 4s}));
  EXPECT_EQ(delays(growing(1s, 60s, 1), 3), (std::vector<Duration>{1s, 60s, 60s}));
  EXPECT_EQ(delays(growing(100ms, 10s, 2), 4), (std::vector<Duration>{100ms, 1s, 10s, 10s}));
}

// service_restart_usec_next() of systemd 254, which has the formula in its comment:
// r_i = r_0 * (r_n / r_0) ^ (i / n), in long double and rounded down.
Duration as_systemd(Duration first, Duration last, unsigned steps, unsigned n_restarts_next) {
  first = std::min(first, last);
  if (n_restarts_next <= 1 || steps == 0 || first == 0s || last == kForever || first >= last) {
    return first;
  }
  if (n_restarts_next > steps) return last;
  const auto r_0 = static_cast<long double>(first.count());
  const auto r_n = static_cast<long double>(last.count());
  const long double exponent = static_cast<long double>(n_restarts_next - 1) / steps;
  return Duration(static_cast<Duration::rep>(r_0 * std::pow(r_n / r_0, exponent)));
}

TEST(RestartDelay, EqualsSystemdsToTheMicrosecond) {
  const std::array<Duration, 6> firsts = {1us, 100ms, 333ms, 1s, 2s, 7s};
  const std::array<Duration, 6> lasts = {2s, 9s, 17s, 60s, 300s, 24h};
  for (const Duration first : firsts) {
    for (const Duration last : lasts) {
      for (const unsigned steps : {1u, 2u, 3u, 5u, 7u, 10u, 100u}) {
        const std::vector<Duration> got = delays(growing(first, last, steps), 105);
        for (unsigned i = 0; i < got.size(); ++i) {
          ASSERT_EQ(got[i], as_systemd(first, last, steps, i + 1))
              << first << " to " << last << " in " << steps << ", respawn " << i + 1;
        }
      }
    }
  }
}

TEST(RestartDelay, ForeverStaysForever) {
  EXPECT_EQ(delays(growing(kForever, kForever, 3), 2), (std::vector<Duration>{kForever, kForever}));
  ServiceSettings settings = growing(kForever, kForever, 0);
  settings.restart.randomized = 5s;
  EXPECT_EQ(delays(settings, 1).front(), kForever);
  settings.restart.delay = kForever - 1us;
  for (const Duration delay : delays(settings, 20)) EXPECT_GE(delay, kForever - 1us);
}

TEST(RestartDelay, OfOneCauseNeitherGrowsNorJitters) {
  ServiceSettings settings = growing(1s, 60s, 3);
  settings.restart.randomized = 5s;
  settings.restart.by_cause[Cause::OomKill] = {true, 0s};
  RestartPolicy policy(settings, 1);
  for (int i = 0; i < 10; ++i)
    EXPECT_EQ(policy.decide(crash(1s, Cause::OomKill), "exit-code").delay, 0s);
}

TEST(RestartJitter, IsAddedOnTopAndStaysBelowItsBound) {
  ServiceSettings settings = growing(2s, 16s, 3);
  settings.restart.randomized = 4s;
  Duration least = kForever;
  Duration most{0};
  RestartPolicy policy(settings, 3);
  for (int i = 0; i < 4; ++i) policy.decide(crash(), "exit-code");
  for (int i = 0; i < 2000; ++i) {
    const Duration delay = policy.decide(crash(), "exit-code").delay;
    ASSERT_GE(delay, 16s);
    ASSERT_LT(delay, 20s);
    least = std::min(least, delay);
    most = std::max(most, delay);
  }
  EXPECT_LT(least, 16s + 100ms) << "the lower end is never drawn";
  EXPECT_GT(most, 20s - 100ms) << "the upper end is never drawn";
}

TEST(RestartJitter, OfOneMicrosecondIsNone) {
  ServiceSettings settings = growing(2s, kForever, 0);
  settings.restart.randomized = 1us;
  EXPECT_EQ(delays(settings, 3), (std::vector<Duration>{2s, 2s, 2s}));
}

TEST(RestartJitter, IsDecidedByTheSeed) {
  ServiceSettings settings = growing(2s, kForever, 0);
  settings.restart.randomized = 1h;
  EXPECT_EQ(delays(settings, 50, 42), delays(settings, 50, 42));
  EXPECT_NE(delays(settings, 50, 42), delays(settings, 50, 43));
}

TEST(RestartReset, ALongLifeStartsTheStepsAnew) {
  ServiceSettings settings = growing(2s, 16s, 3);
  settings.restart.reset_after = 60s;
  RestartPolicy policy(settings, 1);
  EXPECT_EQ(policy.decide(crash(), "exit-code").delay, 2s);
  EXPECT_EQ(policy.decide(crash(), "exit-code").delay, 4s);
  EXPECT_EQ(policy.decide(crash(60s - 1us), "exit-code").delay, 8s);
  EXPECT_EQ(policy.decide(crash(60s), "exit-code").delay, 2s);
  EXPECT_EQ(policy.respawns(), 1u);
  EXPECT_EQ(policy.decide(crash(), "exit-code").delay, 4s);
}

TEST(RestartReset, InfinityIsTheDefaultAndNeverResets) {
  EXPECT_EQ(ServiceSettings{}.restart.reset_after, kForever);
  const ServiceSettings settings = growing(2s, 16s, 3);
  RestartPolicy policy(settings, 1);
  policy.decide(crash(), "exit-code");
  EXPECT_EQ(policy.decide(crash(24h * 365), "exit-code").delay, 4s);
}

TEST(RestartReset, AStopIsNotCounted) {
  ServiceSettings settings = growing(2s, 16s, 3);
  settings.restart.mode = RestartMode::OnFailure;
  settings.restart.prevent.codes.set(1);
  RestartPolicy policy(settings, 1);
  EXPECT_EQ(policy.decide(crash(), "exit-code").action, NextAction::Stop);
  EXPECT_EQ(policy.respawns(), 0u);
}

}  // namespace
}  // namespace gatevisor::core
