#include "config/rlimit.h"

#include <gtest/gtest.h>

namespace gatevisor::config {
namespace {

TEST(Limit, OneValueIsBothLimits) {
  EXPECT_EQ(parse_rlimit("65536", LimitUnit::Count), (Rlimit{65536, 65536}));
}

TEST(Limit, TwoValuesAreSoftAndHard) {
  EXPECT_EQ(parse_rlimit("1024:4096", LimitUnit::Count), (Rlimit{1024, 4096}));
  EXPECT_EQ(parse_rlimit("4G:16G", LimitUnit::Bytes),
            (Rlimit{std::uint64_t{4} << 30, std::uint64_t{16} << 30}));
}

TEST(Limit, InfinityIsNoLimit) {
  for (const LimitUnit unit :
       {LimitUnit::Count, LimitUnit::Bytes, LimitUnit::Seconds, LimitUnit::Microseconds}) {
    EXPECT_EQ(parse_rlimit("infinity", unit), (Rlimit{Rlimit::kNoLimit, Rlimit::kNoLimit}));
  }
  EXPECT_EQ(parse_rlimit("5:infinity", LimitUnit::Count), (Rlimit{5, Rlimit::kNoLimit}));
}

TEST(Limit, SoftAboveHardIsRefused) {
  EXPECT_EQ(parse_rlimit("2:1", LimitUnit::Count).error(),
            "the soft limit, the first, may not be above the hard one");
  EXPECT_FALSE(parse_rlimit("infinity:1", LimitUnit::Count));
}

TEST(Limit, SecondsAreRoundedUp) {
  EXPECT_EQ(parse_rlimit("30", LimitUnit::Seconds), (Rlimit{30, 30}));
  EXPECT_EQ(parse_rlimit("1min", LimitUnit::Seconds), (Rlimit{60, 60}));
  EXPECT_EQ(parse_rlimit("1500ms:2s", LimitUnit::Seconds), (Rlimit{2, 2}));
  EXPECT_EQ(parse_rlimit("1us", LimitUnit::Seconds), (Rlimit{1, 1}));
}

TEST(Limit, MicrosecondsAreTheUnitOfRttime) {
  EXPECT_EQ(parse_rlimit("500", LimitUnit::Microseconds), (Rlimit{500, 500}));
  EXPECT_EQ(parse_rlimit("2ms:1s", LimitUnit::Microseconds), (Rlimit{2000, 1'000'000}));
}

TEST(Limit, NiceLevelsAreTwentyMinusTheLevel) {
  EXPECT_EQ(parse_rlimit("+19", LimitUnit::Nice), (Rlimit{1, 1}));
  EXPECT_EQ(parse_rlimit("-20", LimitUnit::Nice), (Rlimit{40, 40}));
  EXPECT_EQ(parse_rlimit("+0", LimitUnit::Nice), (Rlimit{20, 20}));
  EXPECT_EQ(parse_rlimit("-0", LimitUnit::Nice), (Rlimit{20, 20}));
  EXPECT_EQ(parse_rlimit("0:40", LimitUnit::Nice), (Rlimit{0, 40}));
  for (const std::string_view text : {"+20", "-21", "41", "infinity", "", "+", "--1", "1.5"}) {
    EXPECT_FALSE(parse_rlimit(text, LimitUnit::Nice)) << text;
  }
}

TEST(Limit, WhatIsNoLimitIsRefused) {
  for (const std::string_view text : {"", ":", "1:", ":1", "1:2:3", "-1", "x", "1K", "0x10", "010",
                                      "18446744073709551615", "18446744073709551616"}) {
    EXPECT_FALSE(parse_rlimit(text, LimitUnit::Count)) << text;
  }
  EXPECT_FALSE(parse_rlimit("16E", LimitUnit::Bytes));
  EXPECT_FALSE(parse_rlimit("18446744073709551615", LimitUnit::Bytes));
  EXPECT_FALSE(parse_rlimit("5x", LimitUnit::Seconds));
}

}  // namespace
}  // namespace gatevisor::config
