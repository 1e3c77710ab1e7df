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

}  // namespace
}  // namespace gatevisor::config
