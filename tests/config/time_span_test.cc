// Expected values are those of `systemd-analyze timespan` (systemd 252).

#include "config/time_span.h"

#include <gtest/gtest.h>

namespace gatevisor::config {
namespace {

using namespace std::chrono_literals;

struct Case {
  std::string_view text;
  std::int64_t usec;
};

void expect_spans(std::initializer_list<Case> cases) {
  for (const Case& each : cases) {
    const auto span = parse_time_span(each.text);
    ASSERT_TRUE(span) << each.text << ": " << span.error();
    EXPECT_EQ(span->count(), each.usec) << each.text;
  }
}

void expect_refused(std::initializer_list<std::string_view> texts) {
  for (const std::string_view text : texts) EXPECT_FALSE(parse_time_span(text)) << text;
}

TEST(TimeSpan, NumberAloneIsSeconds) {
  expect_spans({{"2", 2'000'000}, {"0", 0}, {"+5", 5'000'000}, {"007", 7'000'000}});
}

TEST(TimeSpan, NumberAloneIsInTheUnitAskedFor) {
  EXPECT_EQ(parse_time_span("250", Duration{1}), Duration{250});
  EXPECT_EQ(parse_time_span("250ms", Duration{1}), Duration{250'000});
}

TEST(TimeSpan, EveryUnitOfSystemdTime) {
  constexpr std::int64_t kSecond = 1'000'000;
  constexpr std::int64_t kHour = 3600 * kSecond;
  expect_spans({{"3us", 3},
                {"3usec", 3},
                {"2\u00b5s", 2},
                {"2\u03bcs", 2},
                {"3ms", 3000},
                {"3msec", 3000},
                {"3s", 3 * kSecond},
                {"3sec", 3 * kSecond},
                {"3second", 3 * kSecond},
                {"3seconds", 3 * kSecond},
                {"3m", 180 * kSecond},
                {"3min", 180 * kSecond},
                {"3minute", 180 * kSecond},
                {"3minutes", 180 * kSecond},
                {"3h", 3 * kHour},
                {"3hr", 3 * kHour},
                {"3hour", 3 * kHour},
                {"3hours", 3 * kHour},
                {"3d", 72 * kHour},
                {"3day", 72 * kHour},
                {"3days", 72 * kHour},
                {"1w", 168 * kHour},
                {"1week", 168 * kHour},
                {"2weeks", 336 * kHour},
                {"1M", 2'629'800 * kSecond},
                {"1month", 2'629'800 * kSecond},
                {"2months", 5'259'600 * kSecond},
                {"1y", 31'557'600 * kSecond},
                {"1year", 31'557'600 * kSecond},
                {"2years", 63'115'200 * kSecond}});
}

TEST(TimeSpan, TermsAddUpWithOrWithoutSpaces) {
  expect_spans({{"1min 30s", 90'000'000},
                {"55s500ms", 55'500'000},
                {"300ms20s 5day", 432'020'300'000},
                {"1y 12month", 63'115'200'000'000},
                {"2 h", 7'200'000'000},
                {"2 3", 5'000'000},
                {"1 min30", 90'000'000},
                {"1h+5", 3'605'000'000},
                {"  8s\t", 8'000'000}});
}

TEST(TimeSpan, DecimalsAreCutOffBelowAMicrosecond) {
  expect_spans({{"1.5", 1'500'000},
                {".5", 500'000},
                {"0.5min", 30'000'000},
                {"1.999999999s", 1'999'999},
                {"0.1us", 0},
                {"1.5us", 1},
                {"12.34 .56", 12'900'000}});
}

TEST(TimeSpan, InfinityIsForever) {
  EXPECT_EQ(parse_time_span("infinity"), kForever);
  EXPECT_EQ(parse_time_span(" infinity "), kForever);
}

TEST(TimeSpan, WhatSystemdRefusesIsRefused) {
  expect_refused({"",          " ",           "5.",        "3.sec",    "12.34.56", "5 s ms", "- 3",
                  "-1s",       "-0",          "+",         "+.5",      "s",        "5x",     "5S",
                  "5sec onds", "infinity 5s", "infinityx", "Infinity", "1,5s",     "5\u00e9"});
}

TEST(TimeSpan, UnknownUnitIsNamed) {
  EXPECT_EQ(parse_time_span("5 fortnights").error(),
            "there is no unit of time 'fortnights'; write us, ms, s, min, h, d, w, month or y");
}

TEST(TimeSpan, LargestSpanIsJustBelowForever) {
  expect_spans({{"9223372036854775806us", 9'223'372'036'854'775'806}});
  expect_refused({"9223372036854775807us", "9223372036854775808us", "9223372036855s",
                  "18446744073709551617us", "99999999999999999999999999", "292278y",
                  "9223372036854775806us 1us", "9223372036854s 775.807ms"});
}

TEST(TimeSpan, ManyLeadingZerosOverflowNothing) {
  EXPECT_EQ(parse_time_span(std::string(1000, '0') + "7"), Duration{7s});
  EXPECT_EQ(parse_time_span("0." + std::string(1000, '9')), Duration{999'999});
}

TEST(Timeout, ZeroIsForever) {
  EXPECT_EQ(parse_timeout("0"), kForever);
  EXPECT_EQ(parse_timeout("0ms"), kForever);
  EXPECT_EQ(parse_timeout("infinity"), kForever);
  EXPECT_EQ(parse_timeout("1us"), Duration{1});
}

}  // namespace
}  // namespace gatevisor::config
