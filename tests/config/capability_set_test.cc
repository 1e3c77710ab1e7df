#include "config/capability_set.h"

#include <gtest/gtest.h>
#include <linux/capability.h>

namespace gatevisor::config {
namespace {

constexpr std::uint64_t bit(int capability) { return std::uint64_t{1} << capability; }

std::optional<std::uint64_t> bounding(std::initializer_list<std::string_view> assignments) {
  std::optional<std::uint64_t> set;
  for (const std::string_view text : assignments) {
    const auto merged = merge_bounding_set(set, text);
    EXPECT_TRUE(merged) << (merged ? "" : merged.error());
  }
  return set;
}

std::uint64_t ambient(std::initializer_list<std::string_view> assignments) {
  std::uint64_t set = 0;
  for (const std::string_view text : assignments) {
    const auto merged = merge_ambient_set(set, text);
    EXPECT_TRUE(merged) << (merged ? "" : merged.error());
  }
  return set;
}

TEST(Capability, NamesHaveTheNumbersOfTheKernel) {
  EXPECT_EQ(capability_name(CAP_CHOWN), "CAP_CHOWN");
  EXPECT_EQ(capability_name(CAP_NET_RAW), "CAP_NET_RAW");
  EXPECT_EQ(capability_name(CAP_SYS_ADMIN), "CAP_SYS_ADMIN");
  EXPECT_EQ(capability_name(CAP_SETFCAP), "CAP_SETFCAP");
  EXPECT_EQ(capability_name(CAP_AUDIT_READ), "CAP_AUDIT_READ");
  EXPECT_EQ(capability_name(40), "CAP_CHECKPOINT_RESTORE");
  EXPECT_EQ(capability_name(41), "");
  EXPECT_EQ(capability_name(-1), "");
}

TEST(Capability, EveryNameIsRead) {
  for (int capability = 0; capability <= 40; ++capability) {
    EXPECT_EQ(bounding({capability_name(capability)}), bit(capability));
  }
}

TEST(Capability, SetReadsAsItsNames) {
  EXPECT_EQ(capability_names(0), "");
  EXPECT_EQ(capability_names(bit(CAP_KILL) | bit(CAP_CHOWN) | bit(50)),
            "CAP_CHOWN CAP_KILL capability 50");
}

TEST(BoundingSet, FirstExampleOfTheManualMergesByOr) {
  EXPECT_EQ(bounding({"CAP_CHOWN CAP_KILL", "CAP_KILL CAP_BPF"}),
            bit(CAP_CHOWN) | bit(CAP_KILL) | bit(CAP_BPF));
}

TEST(BoundingSet, SecondExampleOfTheManualTakesAway) {
  EXPECT_EQ(bounding({"CAP_CHOWN CAP_KILL", "~CAP_KILL CAP_BPF"}), bit(CAP_CHOWN));
}

TEST(BoundingSet, FirstInvertedKeepsAllButTheNamed) {
  EXPECT_EQ(bounding({"~CAP_SYS_ADMIN CAP_NET_RAW"}), ~(bit(CAP_SYS_ADMIN) | bit(CAP_NET_RAW)));
  EXPECT_EQ(bounding({"~ CAP_SYS_ADMIN"}), ~bit(CAP_SYS_ADMIN));
}

TEST(BoundingSet, InvertedAssignmentsTakeAwayMore) {
  EXPECT_EQ(bounding({"~CAP_KILL", "~CAP_CHOWN"}), ~(bit(CAP_KILL) | bit(CAP_CHOWN)));
}

TEST(BoundingSet, EmptyDropsAll) {
  EXPECT_EQ(bounding({""}), 0u);
  EXPECT_EQ(bounding({"~CAP_KILL", ""}), 0u);
  EXPECT_EQ(bounding({"", "CAP_KILL"}), bit(CAP_KILL));
}

TEST(BoundingSet, TildeAloneUndoesWhatWasBefore) {
  EXPECT_EQ(bounding({"CAP_KILL", "~"}), std::nullopt);
  EXPECT_EQ(bounding({"CAP_KILL", "~", "CAP_CHOWN"}), bit(CAP_CHOWN));
}

TEST(BoundingSet, CaseDoesNotMatter) { EXPECT_EQ(bounding({"cap_net_raw"}), bit(CAP_NET_RAW)); }

TEST(BoundingSet, WhatIsNoCapabilityIsRefusedAndNothingChanged) {
  for (const std::string_view text :
       {"CAP_FOO", "NET_RAW", "21", "CAP_KILL 5", "CAP_KILL,CAP_CHOWN", "~~CAP_KILL",
        "CAP_KILL ~CAP_CHOWN", "CAP_", "all"}) {
    std::optional<std::uint64_t> set = 1;
    EXPECT_FALSE(merge_bounding_set(set, text)) << text;
    EXPECT_EQ(set, 1u) << text;
  }
}

TEST(BoundingSet, NameWithoutItsPrefixIsCorrected) {
  std::optional<std::uint64_t> set;
  EXPECT_EQ(merge_bounding_set(set, "NET_RAW").error(),
            "'NET_RAW' is no capability; write CAP_NET_RAW");
}

TEST(AmbientSet, StartsEmptyAndMerges) {
  EXPECT_EQ(ambient({"CAP_KILL", "CAP_CHOWN"}), bit(CAP_KILL) | bit(CAP_CHOWN));
  EXPECT_EQ(ambient({"CAP_KILL CAP_CHOWN", "~CAP_KILL"}), bit(CAP_CHOWN));
  EXPECT_EQ(ambient({"CAP_KILL", ""}), 0u);
}

TEST(AmbientSet, InvertedGivesOnlyWhatHasAName) {
  EXPECT_EQ(ambient({"~CAP_KILL"}), kNamedCapabilities & ~bit(CAP_KILL));
  EXPECT_EQ(ambient({"~"}), kNamedCapabilities);
}

}  // namespace
}  // namespace gatevisor::config
