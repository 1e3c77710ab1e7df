#include "config/size.h"

#include <gtest/gtest.h>

namespace gatevisor::config {
namespace {

constexpr std::uint64_t kMega = std::uint64_t{1} << 20;
constexpr std::uint64_t kGiga = std::uint64_t{1} << 30;

TEST(Size, SuffixesHaveBase1024) {
  EXPECT_EQ(parse_size("0"), 0u);
  EXPECT_EQ(parse_size("4096"), 4096u);
  EXPECT_EQ(parse_size("5B"), 5u);
  EXPECT_EQ(parse_size("1K"), 1024u);
  EXPECT_EQ(parse_size("512M"), 512 * kMega);
  EXPECT_EQ(parse_size("2G"), 2 * kGiga);
  EXPECT_EQ(parse_size("1T"), 1024 * kGiga);
  EXPECT_EQ(parse_size("1P"), 1024 * 1024 * kGiga);
  EXPECT_EQ(parse_size("15E"), std::uint64_t{15} << 60);
}

TEST(Size, DecimalsAreRoundedDownToBytes) {
  EXPECT_EQ(parse_size("1.5G"), kGiga + 512 * kMega);
  EXPECT_EQ(parse_size("0.5"), 0u);
  EXPECT_EQ(parse_size("1.1G"), kGiga + 107'374'182);
  EXPECT_EQ(parse_size("10.M"), 10 * kMega);
  EXPECT_EQ(parse_size("0.1K"), 102u);
}

TEST(Size, TermsAddUpFromTheLargerUnitDown) {
  EXPECT_EQ(parse_size("1G 512M"), kGiga + 512 * kMega);
  EXPECT_EQ(parse_size("1G512M1K 7"), kGiga + 512 * kMega + 1024 + 7);
  EXPECT_EQ(parse_size("1K 1B 1"), 1026u);
  EXPECT_FALSE(parse_size("512M 1G"));
  EXPECT_FALSE(parse_size("1M 1M"));
  EXPECT_FALSE(parse_size("1 1"));
}

TEST(Size, SpacesAreAllowedAroundTheSuffix) { EXPECT_EQ(parse_size(" 512 M "), 512 * kMega); }

TEST(Size, WhatIsNoSizeIsRefused) {
  for (const std::string_view text : {"", " ", "M", "12Q", "512m", "512MB", "512Mi", "-1", "-1M",
                                      ".5M", "1.5.5M", "0x10", "1e9", "infinity", "1,5G"}) {
    EXPECT_FALSE(parse_size(text)) << text;
  }
}

TEST(Size, LargestIs64Bits) {
  EXPECT_EQ(parse_size("18446744073709551615"), ~std::uint64_t{0});
  EXPECT_EQ(parse_size("15.999E"), (std::uint64_t{15} << 60) + 1'151'768'583'102'240'129u);
  for (const std::string_view text :
       {"18446744073709551616", "16E", "16384P", "99999999999999999999", "15.5E 1024P", "15E 1024P",
        "18446744073709551615B 1"}) {
    EXPECT_FALSE(parse_size(text)) << text;
  }
}

TEST(Size, ManyDigitsOverflowNothing) {
  EXPECT_EQ(parse_size(std::string(1000, '0') + "7"), 7u);
  EXPECT_EQ(parse_size("1." + std::string(1000, '9') + "K").value() / 1024, 1u);
}

TEST(Share, HundredthsOfAPercent) {
  EXPECT_EQ(parse_share("50%", kWholeShare), 5000u);
  EXPECT_EQ(parse_share("0%", kWholeShare), 0u);
  EXPECT_EQ(parse_share("100%", kWholeShare), 10'000u);
  EXPECT_EQ(parse_share("12.5%", kWholeShare), 1250u);
  EXPECT_EQ(parse_share("0.25%", kWholeShare), 25u);
  EXPECT_EQ(parse_share("100.00%", kWholeShare), 10'000u);
}

TEST(Share, PerMilleAndPerMyriad) {
  EXPECT_EQ(parse_share("5\u2030", kWholeShare), 50u);
  EXPECT_EQ(parse_share("0.5\u2030", kWholeShare), 5u);
  EXPECT_EQ(parse_share("5\u2031", kWholeShare), 5u);
}

TEST(Share, AboveTheBoundIsRefused) {
  EXPECT_FALSE(parse_share("101%", kWholeShare));
  EXPECT_FALSE(parse_share("100.01%", kWholeShare));
  EXPECT_FALSE(parse_share("18446744073709551615%", kWholeShare));
  EXPECT_EQ(parse_share("250%", 100'000), 25'000u);
}

TEST(Share, WhatIsNoShareIsRefused) {
  for (const std::string_view text : {"", "%", "50", "50 %", "-5%", "+5%", ".5%", "5.%", "1.234%",
                                      "1.2x%", "0.25\u2030", "0.5\u2031", "5%%", "05%"}) {
    EXPECT_FALSE(parse_share(text, kWholeShare)) << text;
  }
}

}  // namespace
}  // namespace gatevisor::config
