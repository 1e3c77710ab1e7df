// What a person reads of a flight record.

#include "report/flight_text.h"

#include <gtest/gtest.h>

#include "log/utf8.h"
#include "report/why_text.h"
#include "report_testing.h"

namespace gatevisor::report {
namespace {

using namespace std::chrono_literals;

/// Every 10 s from `from` to `to` MiB.
std::vector<Sample> growing(std::uint64_t from, std::uint64_t to, int looks) {
  std::vector<Sample> samples;
  for (int i = 0; i < looks; ++i) {
    Sample sample;
    const auto step = static_cast<std::uint64_t>(i);
    sample.age = i * 10s;
    sample.current = (from + (to - from) * step / static_cast<std::uint64_t>(looks - 1)) * kMebi;
    sample.anonymous = *sample.current - 8 * kMebi;
    sample.file = 8 * kMebi;
    sample.kernel = 1;
    sample.tasks = 12;
    sample.cpu = i * 5s;
    sample.stalled = i * 1s;
    sample.biggest = {{124, "node", *sample.current - 20 * kMebi}, {130, "sh", 12 * kMebi}};
    samples.push_back(std::move(sample));
  }
  return samples;
}

std::string memory_trend(std::vector<Sample> samples) {
  DeathReport report;
  report.samples = std::move(samples);
  return report::memory_trend(report);
}

TEST(FlightText, TheTrendIsThatOfTheLastMinute) {
  EXPECT_EQ(memory_trend(growing(100, 500, 41)),
            "from 440.0M to 500.0M in the last 1min (1.0M a second): anonymous 492.0M, file 8.0M");
  EXPECT_EQ(memory_trend(growing(500, 501, 3)),
            "steady at 501.0M for the last 20s: anonymous 493.0M, file 8.0M");
  EXPECT_EQ(memory_trend(growing(100, 100, 2)).substr(0, 36), "steady at 100.0M for the last 10s: a");
  EXPECT_EQ(memory_trend({}), "");
  auto falling = growing(100, 500, 3);
  falling.back().current = 50 * kMebi;
  EXPECT_EQ(memory_trend(falling).substr(0, 51), "from 100.0M to 50.0M in the last 20s, falling: anon");
  Sample only;
  only.resident = 3 * kMebi;
  EXPECT_EQ(memory_trend({only}), "3.0M, the sum of its processes");
}

TEST(FlightText, ALastLookLongBeforeTheDeathIsSaid) {
  DeathReport report = out_of_memory();  // it lived 62 s
  report.samples = growing(100, 400, 6);
  EXPECT_NE(report::memory_trend(report).find(" a second), up to 12s before the death: anon"),
            std::string::npos)
      << report::memory_trend(report);
  report.samples = growing(100, 400, 7);
  report.samples.back().age = 61s + 500ms;
  EXPECT_EQ(report::memory_trend(report).find("before the death"), std::string::npos);
}

TEST(FlightText, ASeldomLookIsMeasuredFromTheOneBeforeIt) {
  auto samples = growing(100, 400, 4);
  for (std::size_t i = 0; i < samples.size(); ++i) samples[i].age = static_cast<int>(i) * 10min;
  EXPECT_EQ(memory_trend(samples).substr(0, 44), "from 300.0M to 400.0M in the last 10min (170");
}

TEST(FlightText, TheBiggestAndHowMuchOfThemIsNew) {
  EXPECT_EQ(biggest_processes(growing(100, 500, 41)),
            "node (pid 124) 480.0M, 60.0M of it new; sh (pid 130) 12.0M");
  EXPECT_EQ(biggest_processes({}), "");
  Sample sample;
  sample.biggest = {{1, "a\x1b[2J", 1}};
  EXPECT_EQ(biggest_processes({sample}).find('\x1b'), std::string::npos);
}

TEST(FlightText, Load) {
  EXPECT_EQ(load(growing(100, 500, 41)),
            "0.50 processors busy, 12 tasks, 10 % of the time stalled for memory");
  EXPECT_EQ(load(growing(100, 500, 2)).substr(0, 20), "0.50 processors busy");
  EXPECT_EQ(load({}), "");
}

TEST(FlightText, ThePlotRisesToItsLimit) {
  DeathReport report = out_of_memory();
  report.samples = growing(64, 512, 61);
  report.started_usec = kDied - 600 * kSecond;
  const auto lines = memory_plot(report, log::UtcCalendar());
  ASSERT_EQ(lines.size(), 6u);
  EXPECT_EQ(lines[0].substr(0, 13), " 512.0M ┤  ");
  EXPECT_TRUE(lines[0].ends_with("█")) << lines[0];
  EXPECT_TRUE(lines[4].starts_with("      0 ┤▅")) << lines[4];
  EXPECT_EQ(lines[5], "         09:34:33.000                                    09:44:33.000");
  std::size_t before = 0;
  for (const std::string& each : lines) {
    const std::size_t blocks = static_cast<std::size_t>(
        std::count(each.begin(), each.end(), '\xe2'));  // the axis and each block
    if (&each != &lines.back()) {
      EXPECT_GE(blocks, before) << each;
    }
    before = blocks;
  }
}

TEST(FlightText, APlotOfHostileNumbersIsBounded) {
  DeathReport report = out_of_memory();
  for (const std::uint64_t limit : {std::uint64_t{0}, std::uint64_t{1}, UINT64_MAX}) {
    report.verdict.memory_limit = limit;
    for (const Duration age : {Duration{0}, Duration{1}, Duration{INT64_MAX / 2}}) {
      Sample first;
      first.current = UINT64_MAX / 4;
      Sample last;
      last.age = age;
      last.current = 1;
      last.resident = UINT64_MAX / 4;
      report.samples = {first, last, last};
      for (const std::string& each : memory_plot(report, log::UtcCalendar())) {
        EXPECT_LT(each.size(), 300u);
      }
      EXPECT_LT(report::memory_trend(report).size(), 300u);
    }
  }
}

TEST(FlightText, WhyShowsItAndDrawsOnlyOnATerminal) {
  DeathReport report = out_of_memory();
  report.samples = growing(64, 512, 7);
  const log::UtcCalendar calendar;
  const std::string plain = why_text(report, {calendar, kDied, false});
  EXPECT_EQ(plain.find("Curve"), std::string::npos);
  EXPECT_NE(plain.find("\nBefore it   from 64.0M to 512.0M in the last 1min"), std::string::npos) << plain;
  EXPECT_NE(plain.find("\nBiggest     node (pid 124)"), std::string::npos);
  EXPECT_NE(plain.find("\nLoad        0.50 processors"), std::string::npos);
  const std::string drawn = why_text(report, {calendar, kDied, true});
  EXPECT_NE(drawn.find("\nCurve        512.0M ┤"), std::string::npos) << drawn;
}

}  // namespace
}  // namespace gatevisor::report
