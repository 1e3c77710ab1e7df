// systemd.time(7), PARSING TIMESTAMPS.
#include "log/timestamp.h"

#include <gtest/gtest.h>

namespace gatevisor::log {
namespace {

// Thu 2023-11-16 12:30:45.500000 UTC
constexpr std::uint64_t kNow = 1'700'137'845'500'000;

std::uint64_t parsed(std::string_view text) {
  const auto usec = parse_timestamp(text, UtcCalendar(), kNow);
  EXPECT_TRUE(usec) << text << ": " << (usec ? "" : usec.error());
  return usec.value_or(0);
}

TEST(Timestamp, WordsForDays) {
  EXPECT_EQ(parsed("now"), kNow);
  EXPECT_EQ(parsed("today"), 1'700'092'800'000'000u);
  EXPECT_EQ(parsed("yesterday"), 1'700'006'400'000'000u);
  EXPECT_EQ(parsed("tomorrow"), 1'700'179'200'000'000u);
  EXPECT_EQ(parsed("today UTC"), parsed("today"));
}

TEST(Timestamp, DistancesFromNow) {
  EXPECT_EQ(parsed("-5min"), kNow - 300'000'000);
  EXPECT_EQ(parsed("5min ago"), kNow - 300'000'000);
  EXPECT_EQ(parsed("1h 30min ago"), kNow - 5'400'000'000);
  EXPECT_EQ(parsed("+10"), kNow + 10'000'000);
  EXPECT_EQ(parsed("2s left"), kNow + 2'000'000);
  EXPECT_EQ(parsed("-100y"), 0u);
}

TEST(Timestamp, SecondsSince1970) {
  EXPECT_EQ(parsed("@1700000000"), 1'700'000'000'000'000u);
  EXPECT_EQ(parsed("@1700000000.25"), 1'700'000'000'250'000u);
  EXPECT_EQ(parsed("@0"), 0u);
}

TEST(Timestamp, DatesAndTimes) {
  constexpr std::uint64_t kUsec = 1'700'000'000'000'000;  // Tue 2023-11-14 22:13:20
  EXPECT_EQ(parsed("2023-11-14 22:13:20"), kUsec);
  EXPECT_EQ(parsed("23-11-14 22:13:20"), kUsec);
  EXPECT_EQ(parsed("Tue 2023-11-14 22:13:20 UTC"), kUsec);
  EXPECT_EQ(parsed("tuesday 2023-11-14 22:13:20"), kUsec);
  EXPECT_EQ(parsed("2023-11-14 22:13:20.25"), kUsec + 250'000);
  EXPECT_EQ(parsed("2023-11-14 22:13"), kUsec - 20'000'000);
  EXPECT_EQ(parsed("2023-11-14"), kUsec - 80'000'000'000);
  EXPECT_EQ(parsed("12:30:45"), kNow - 500'000);
  EXPECT_EQ(parsed("12:30"), kNow - 45'500'000);
}

TEST(Timestamp, Rfc3339) {
  constexpr std::uint64_t kUsec = 1'700'000'000'000'000;
  EXPECT_EQ(parsed("2023-11-14T22:13:20Z"), kUsec);
  EXPECT_EQ(parsed("2023-11-14T22:13:20.000001Z"), kUsec + 1);
  EXPECT_EQ(parsed("2023-11-15T00:13:20+02:00"), kUsec);
  EXPECT_EQ(parsed("2023-11-14T17:13:20-0500"), kUsec);
}

TEST(Timestamp, RefusesTheRest) {
  for (const char* text :
       {"", "foo", "@", "@x", "-", "5", "2023", "2023-13-01", "2023-11-32", "25:00", "12:60",
        "Mon 2023-11-14", "2023-11-14 22", "2023-11-14 22:13:20.", "today x",
        "2023-11-14 22:13:20 Nowhere/City", "todayish", "infinity"}) {
    EXPECT_FALSE(parse_timestamp(text, UtcCalendar(), kNow)) << text;
  }
}

TEST(Timestamp, IsFormattedAsSystemdDoes) {
  EXPECT_EQ(format_timestamp(UtcCalendar(), 1'700'000'000'000'042, false),
            "Tue 2023-11-14 22:13:20 UTC");
  EXPECT_EQ(format_timestamp(UtcCalendar(), 1'700'000'000'000'042, true),
            "Tue 2023-11-14 22:13:20.000042 UTC");
  EXPECT_EQ(format_timestamp(UtcCalendar(), 951'782'400'000'000, false),
            "Tue 2000-02-29 00:00:00 UTC");
}

}  // namespace
}  // namespace gatevisor::log
