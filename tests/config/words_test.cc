#include "config/words.h"

#include <gtest/gtest.h>

namespace gatevisor::config {
namespace {

using Words = std::vector<std::string>;

TEST(Words, WhiteSpaceSeparates) {
  EXPECT_EQ(split_words(""), Words{});
  EXPECT_EQ(split_words(" \t\r\n"), Words{});
  EXPECT_EQ(split_words("  a \t b\nc  "), (Words{"a", "b", "c"}));
}

TEST(Words, QuotesHoldTogetherAlsoInTheMiddle) {
  EXPECT_EQ(split_words(R"("a b" 'c d')"), (Words{"a b", "c d"}));
  EXPECT_EQ(split_words(R"(A="b c"d)"), (Words{"A=b cd"}));
  EXPECT_EQ(split_words(R"("it's" 'say "hi"')"), (Words{"it's", "say \"hi\""}));
}

TEST(Words, EmptyQuotesAreAnEmptyWord) {
  EXPECT_EQ(split_words(R"("" x '')"), (Words{"", "x", ""}));
}

TEST(Words, EscapesOfC) {
  EXPECT_EQ(split_words(R"(\a\b\f\n\r\t\v)"), (Words{"\a\b\f\n\r\t\v"}));
  EXPECT_EQ(split_words(R"(a\sb\\c\"\')"), (Words{"a b\\c\"'"}));
  EXPECT_EQ(split_words(R"(\x41\102)"), (Words{"AB"}));
  EXPECT_EQ(split_words(R"(\377)"), (Words{"\xff"}));
  EXPECT_EQ(split_words(R"(\u00e9\u20ac\U0001f600\u0041)"), (Words{"\u00e9\u20ac\U0001f600A"}));
}

TEST(Words, EscapesWorkInBothKindsOfQuotes) {
  EXPECT_EQ(split_words(R"("a\tb" 'c\'d')"), (Words{"a\tb", "c'd"}));
}

TEST(Words, WhatIsNoEscapeIsRefused) {
  for (const std::string_view text :
       {R"(a\)", R"(\q)", R"(\x4)", R"(\xzz)", R"(\x00)", R"(\000)", R"(\400)", R"(\18)", R"(\u12)",
        R"(\ud800)", R"(\U00110000)", R"(\u0000)", R"("\)"}) {
    EXPECT_FALSE(split_words(text)) << text;
  }
  EXPECT_EQ(split_words(R"(C:\qux)").error(), "there is no escape \\q; write \\\\ for a backslash");
}

TEST(Words, OpenQuoteIsRefused) {
  EXPECT_EQ(split_words("\"a b").error(), "a quote is open at the end; close it, or write \\\"");
  EXPECT_FALSE(split_words("a'"));
}

TEST(Words, CountIsBounded) {
  std::string text;
  for (std::size_t i = 0; i < kMaxEntries; ++i) text += "x ";
  EXPECT_TRUE(split_words(text));
  EXPECT_FALSE(split_words(text + "x"));
}

}  // namespace
}  // namespace gatevisor::config
