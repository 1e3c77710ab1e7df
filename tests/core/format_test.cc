// Sizes and spans as systemd prints them.

#include "core/format.h"

#include <gtest/gtest.h>

#include <limits>

namespace gatevisor {
namespace {

using namespace std::chrono_literals;

TEST(Format, BytesBelowOneUnitHaveNoDecimal) {
  EXPECT_EQ(format_bytes(0), "0B");
  EXPECT_EQ(format_bytes(512), "512B");
  EXPECT_EQ(format_bytes(1023), "1023B");
}

TEST(Format, BytesUseBase1024AndOneDecimal) {
  EXPECT_EQ(format_bytes(1024), "1.0K");
  EXPECT_EQ(format_bytes(64ULL << 20), "64.0M");
  EXPECT_EQ(format_bytes((1ULL << 30) + (1ULL << 29)), "1.5G");
  EXPECT_EQ(format_bytes(3ULL << 40), "3.0T");
  EXPECT_EQ(format_bytes(5ULL << 50), "5.0P");
}

TEST(Format, BytesAreNeverRoundedUp) {
  EXPECT_EQ(format_bytes(1024 * 1024 - 1), "1023.9K");
  EXPECT_EQ(format_bytes(1024 + 1023), "1.9K");
}

TEST(Format, TheLargestNumberOfBytesDoesNotOverflow) {
  EXPECT_EQ(format_bytes(std::numeric_limits<std::uint64_t>::max()), "15.9E");
}

TEST(Format, DurationHasOneUnitWhereOneIsEnough) {
  EXPECT_EQ(format_duration(1us), "1us");
  EXPECT_EQ(format_duration(200ms), "200ms");
  EXPECT_EQ(format_duration(2s), "2s");
  EXPECT_EQ(format_duration(1min), "1min");
  EXPECT_EQ(format_duration(24h), "1d");
}

TEST(Format, DurationHasTheTwoLargestUnits) {
  EXPECT_EQ(format_duration(90s), "1min 30s");
  EXPECT_EQ(format_duration(1h + 2min + 3s), "1h 2min");
  EXPECT_EQ(format_duration(2s + 5ms + 7us), "2s 5ms");
}

TEST(Format, DurationLeavesOutUnitsThatAreZero) { EXPECT_EQ(format_duration(24h + 1s), "1d 1s"); }

TEST(Format, DurationZeroAndBelow) {
  EXPECT_EQ(format_duration(0us), "0s");
  EXPECT_EQ(format_duration(-1s), "0s");
}

TEST(Format, DurationForever) { EXPECT_EQ(format_duration(kForever), "infinity"); }

}  // namespace
}  // namespace gatevisor
