#include "config/text.h"

#include <gtest/gtest.h>

#include <limits>

namespace gatevisor::config {
namespace {

TEST(Text, BooleanWordsOfSystemdInAnyCase) {
  for (const std::string_view word : {"1", "yes", "y", "true", "t", "on", "YES", "True", "oN"}) {
    EXPECT_EQ(parse_boolean(word), true) << word;
  }
  for (const std::string_view word : {"0", "no", "n", "false", "f", "off", "NO", "Off"}) {
    EXPECT_EQ(parse_boolean(word), false) << word;
  }
  for (const std::string_view word : {"", "2", "yess", "ye", "-1", "enable", "yes no"}) {
    EXPECT_FALSE(parse_boolean(word)) << word;
  }
}

TEST(Text, DecimalIsDigitsWithoutALeadingZero) {
  EXPECT_EQ(parse_decimal("0"), 0u);
  EXPECT_EQ(parse_decimal("18446744073709551615"), std::numeric_limits<std::uint64_t>::max());
  for (const std::string_view text :
       {"", "-1", "+1", " 1", "1 ", "01", "00", "0x1", "1.0", "18446744073709551616"}) {
    EXPECT_FALSE(parse_decimal(text)) << text;
  }
}

TEST(Text, DecimalRangeIncludesItsEnds) {
  EXPECT_EQ(parse_decimal("3", 3, 5), 3u);
  EXPECT_EQ(parse_decimal("5", 3, 5), 5u);
  EXPECT_FALSE(parse_decimal("2", 3, 5));
  EXPECT_EQ(parse_decimal("6", 3, 5).error(), "expected a number from 3 to 5");
}

TEST(Text, Utf8AcceptsEveryLength) {
  EXPECT_TRUE(is_utf8(""));
  EXPECT_TRUE(is_utf8("plain"));
  EXPECT_TRUE(is_utf8("\u00e9\u20ac\U0001f600\U0010ffff"));
}

TEST(Text, Utf8RefusesWhatRfc3629Does) {
  using namespace std::string_view_literals;
  for (const std::string_view text :
       {"\x80"sv, "\xc3"sv, "\xc0\x80"sv, "\xc1\xbf"sv, "\xe0\x80\x80"sv, "\xed\xa0\x80"sv,
        "\xf0\x80\x80\x80"sv, "\xf4\x90\x80\x80"sv, "\xf5\x80\x80\x80"sv, "\xe2\x82"sv, "a\0b"sv}) {
    EXPECT_FALSE(is_utf8(text));
  }
}

TEST(Text, PrintableIsOneBoundedLine) {
  EXPECT_EQ(printable("a\nb\x1b[31m\x7f"), "a?b?[31m?");
  EXPECT_EQ(printable("\xff\xfe"), "??");
  EXPECT_EQ(printable("caf\u00e9"), "caf\u00e9");
  EXPECT_EQ(printable(std::string(81, 'x')), std::string(80, 'x') + "...");
  EXPECT_EQ(printable(std::string(79, 'x') + "\u20ac"), std::string(79, 'x') + "...");
}

TEST(Text, AbsolutePathIsBounded) {
  EXPECT_EQ(parse_absolute_path("/a b"), "/a b");
  EXPECT_TRUE(parse_absolute_path("/" + std::string(kMaxPath - 1, 'x')));
  EXPECT_FALSE(parse_absolute_path("/" + std::string(kMaxPath, 'x')));
  EXPECT_FALSE(parse_absolute_path(""));
  EXPECT_FALSE(parse_absolute_path("a/b"));
  EXPECT_FALSE(parse_absolute_path("/a\nb"));
  EXPECT_FALSE(parse_absolute_path("/a/../b"));
  EXPECT_FALSE(parse_absolute_path("/.."));
  EXPECT_TRUE(parse_absolute_path("/a..b/..c"));
}

}  // namespace
}  // namespace gatevisor::config
