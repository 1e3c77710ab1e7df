#include "config/check_condition.h"

#include <gtest/gtest.h>

namespace gatevisor::config {
namespace {

using Kind = Condition::Kind;

std::string checked(Kind kind, std::string parameter) {
  return check_condition(kind, std::move(parameter)).value_or("refused");
}

TEST(CheckCondition, NumbersHaveAnOperator) {
  EXPECT_EQ(checked(Kind::Memory, "512M"), ">=536870912");
  EXPECT_EQ(checked(Kind::Memory, "< 1G"), "<1073741824");
  EXPECT_EQ(checked(Kind::CPUs, "<>4"), "<>4");
  EXPECT_EQ(checked(Kind::CPUs, "=>4"), "refused");
  EXPECT_EQ(checked(Kind::CPUs, "4K"), "refused");
  EXPECT_EQ(checked(Kind::Memory, "much"), "refused");
}

TEST(CheckCondition, CapabilityIsItsNumber) {
  EXPECT_EQ(checked(Kind::Capability, "CAP_KILL"), "5");
  EXPECT_EQ(checked(Kind::Capability, "CAP_NONE"), "refused");
  EXPECT_EQ(checked(Kind::Capability, "CAP_KILL CAP_CHOWN"), "refused");
  EXPECT_EQ(checked(Kind::Capability, "~CAP_KILL"), "refused");
}

TEST(CheckCondition, PathIsAbsoluteAndABooleanIsOne) {
  EXPECT_EQ(checked(Kind::NeedsUpdate, "etc"), "refused");
  EXPECT_EQ(checked(Kind::PathIsEncrypted, "/x"), "/x");
  EXPECT_EQ(checked(Kind::ACPower, "on"), "yes");
  EXPECT_EQ(checked(Kind::FirstBoot, "perhaps"), "refused");
}

TEST(CheckCondition, PressureHasALimitAndPerhapsASliceAndATime) {
  EXPECT_EQ(checked(Kind::MemoryPressure, "10%"), "*|1000|avg300");
  EXPECT_EQ(checked(Kind::CPUPressure, "0.5% / 10sec"), "*|50|avg10");
  EXPECT_EQ(checked(Kind::IOPressure, "5‰/1min"), "*|50|avg60");
  EXPECT_EQ(checked(Kind::IOPressure, "-.slice:100%/5min"), "|10000|avg300");
  EXPECT_EQ(checked(Kind::MemoryPressure, "a-b.slice:1%"), "/a.slice/a-b.slice|100|avg300");
  for (const char* text : {"10", "101%", "10%/7s", "10%/1m", "x:10%", "a.service:10%", "", "-1%",
                           "a--b.slice:1%", "-a.slice:1%", "a/b.slice:1%", "10%/"}) {
    EXPECT_EQ(checked(Kind::MemoryPressure, text), "refused") << text;
  }
}

}  // namespace
}  // namespace gatevisor::config
