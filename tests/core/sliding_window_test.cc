// The true sliding window: its edge, its order, its bound.

#include "core/sliding_window.h"

#include <gtest/gtest.h>

namespace gatevisor::core {
namespace {

using namespace std::chrono_literals;

constexpr Instant at(Duration since_boot) { return Instant{} + since_boot; }

TEST(SlidingWindow, CountsTheEventThatIsAdded) {
  SlidingWindow window(60s);
  EXPECT_EQ(window.add(at(1s)), 1U);
  EXPECT_EQ(window.add(at(2s)), 2U);
}

TEST(SlidingWindow, ExactlyOneIntervalOldStillCounts) {
  SlidingWindow window(60s);
  window.add(at(10s));
  EXPECT_EQ(window.add(at(70s)), 2U);
}

TEST(SlidingWindow, OneTickOlderDoesNot) {
  SlidingWindow window(60s);
  window.add(at(10s));
  EXPECT_EQ(window.add(at(70s) + 1us), 1U);
}

TEST(SlidingWindow, SlidesWithEachEventAndNotFromAnAnchor) {
  SlidingWindow window(60s);
  for (const Duration moment : {9s, 22s, 35s, 49s}) window.add(at(moment));
  EXPECT_EQ(window.add(at(62s)), 5U);
  EXPECT_EQ(window.add(at(70s)), 5U);  // the one at 9 s is 61 s old
}

TEST(SlidingWindow, CountLooksAheadAndLeavesOutItself) {
  SlidingWindow window(10s);
  window.add(at(0s));
  window.add(at(5s));
  EXPECT_EQ(window.count(at(10s)), 2U);
  EXPECT_EQ(window.count(at(12s)), 1U);
  EXPECT_EQ(window.count(at(16s)), 0U);
  EXPECT_EQ(window.count(at(10s)), 2U);  // looking changes nothing
}

TEST(SlidingWindow, CountAtTheEndOfTimeDoesNotOverflow) {
  SlidingWindow window(10s);
  window.add(at(5s));
  EXPECT_EQ(window.count(Instant::max()), 0U);
}

TEST(SlidingWindow, EventsOfOneMomentAllCount) {
  SlidingWindow window(60s);
  for (int i = 0; i < 7; ++i) window.add(at(1s));
  EXPECT_EQ(window.count(at(1s)), 7U);
}

TEST(SlidingWindow, IntervalZeroHoldsOneMoment) {
  SlidingWindow window(0s);
  window.add(at(1s));
  EXPECT_EQ(window.add(at(1s)), 2U);
  EXPECT_EQ(window.add(at(1s) + 1us), 1U);
}

TEST(SlidingWindow, IntervalForeverForgetsNothing) {
  SlidingWindow window(kForever);
  window.add(at(0s));
  EXPECT_EQ(window.add(at(24h * 365 * 100)), 2U);
}

TEST(SlidingWindow, MemoryIsBounded) {
  SlidingWindow window(kForever);
  for (std::size_t i = 0; i < 100'000; ++i) window.add(at(std::chrono::seconds{i}));
  EXPECT_EQ(window.count(at(100'000s)), SlidingWindow::kCapacity);
}

TEST(SlidingWindow, AtTheBoundTheOldestGoes) {
  SlidingWindow window(60s);
  for (std::size_t i = 0; i < 2 * SlidingWindow::kCapacity; ++i) window.add(at(1s));
  EXPECT_EQ(window.add(at(61s)), SlidingWindow::kCapacity);
  EXPECT_EQ(window.add(at(62s)), 2U);
}

}  // namespace
}  // namespace gatevisor::core
