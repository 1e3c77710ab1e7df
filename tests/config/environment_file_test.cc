#include "config/environment_file.h"

#include <gtest/gtest.h>

namespace gatevisor::config {
namespace {

using Variables = std::vector<std::string>;

Variables read(std::string_view text) {
  auto variables = parse_environment_file(text, "/etc/env");
  EXPECT_TRUE(variables) << (variables ? "" : to_string(variables.error()));
  return variables ? *variables : Variables{"refused"};
}

std::string refusal(std::string_view text) {
  const auto variables = parse_environment_file(text, "/etc/env");
  return variables ? "" : to_string(variables.error());
}

TEST(EnvironmentFile, OneVariableALine) {
  EXPECT_EQ(read("A=1\nB=two words\n"), (Variables{"A=1", "B=two words"}));
  EXPECT_EQ(read("A=1"), Variables{"A=1"});
  EXPECT_EQ(read(""), Variables{});
}

TEST(EnvironmentFile, WhiteSpaceAroundNameAndValueIsDropped) {
  EXPECT_EQ(read("  A  =  x y  \n\tB\t=\t1\t\n"), (Variables{"A=x y", "B=1"}));
}

TEST(EnvironmentFile, CommentsAndLinesWithoutEqualsAreIgnored) {
  EXPECT_EQ(read("# A=1\n ; B=2\n\nnothing\nC=3 # not a comment\n"),
            Variables{"C=3 # not a comment"});
}

TEST(EnvironmentFile, CommentDoesNotGoOn) { EXPECT_EQ(read("# x \\\nA=1\n"), Variables{"A=1"}); }

TEST(EnvironmentFile, EmptyValueIsAValue) {
  EXPECT_EQ(read("A=\nB=\"\"\nC=''\n"), (Variables{"A=", "B=", "C="}));
}

TEST(EnvironmentFile, ValueMayHoldEquals) { EXPECT_EQ(read("A=b=c=="), Variables{"A=b=c=="}); }

TEST(EnvironmentFile, BackslashAtTheEndGoesOn) {
  EXPECT_EQ(read("A=one \\\ntwo\nB=1"), (Variables{"A=one two", "B=1"}));
  EXPECT_EQ(read("A=\"one \\\ntwo\""), Variables{"A=one two"});
}

TEST(EnvironmentFile, BackslashOutsideQuotesKeepsWhatFollows) {
  EXPECT_EQ(read(R"(A=\"x\\y\z)"), Variables{R"(A="x\yz)"});
  EXPECT_EQ(read("A=x\\ \nB=1"), (Variables{"A=x ", "B=1"}));
}

TEST(EnvironmentFile, SingleQuotesKeepEverything) {
  EXPECT_EQ(read("A='x\\n $HOME \" '\n"), Variables{"A=x\\n $HOME \" "});
  EXPECT_EQ(read("A='one\ntwo'\nB=1\n"), (Variables{"A=one\ntwo", "B=1"}));
}

TEST(EnvironmentFile, DoubleQuotesEscapeWhatAShellWould) {
  EXPECT_EQ(read(R"(A="\"\\\`\$ \n ' ")"), Variables{R"(A="\`$ \n ' )"});
}

TEST(EnvironmentFile, QuotedPartsJoin) {
  EXPECT_EQ(read(R"(A="x" 'y'z)"), Variables{"A=xyz"});
  EXPECT_EQ(read(R"(A=x"y" 'z')"), Variables{R"(A=x"y" 'z')"});
}

TEST(EnvironmentFile, LinesMayEndAsInDos) {
  EXPECT_EQ(read("A=1\r\nB='2'\r\nC=x\\\r\n"), (Variables{"A=1", "B=2", "C=x"}));
}

TEST(EnvironmentFile, LaterValueReplacesTheEarlierOne) {
  EXPECT_EQ(read("A=1\nB=2\nA=3\n"), (Variables{"A=3", "B=2"}));
}

TEST(EnvironmentFile, NothingIsExpanded) {
  EXPECT_EQ(read("A=$HOME %n `id`"), Variables{"A=$HOME %n `id`"});
}

TEST(EnvironmentFile, BadNameIsAnErrorWithItsLine) {
  EXPECT_EQ(refusal("A=1\n\nexport B=2\n"),
            "parse /etc/env:3; expected NAME=VALUE; a name has letters, digits and '_', and no "
            "digit first");
  EXPECT_NE(refusal("1A=x"), "");
  EXPECT_NE(refusal("=x"), "");
  EXPECT_NE(refusal("A-B=x"), "");
}

TEST(EnvironmentFile, OpenQuoteIsAnErrorWithTheLineThatOpensIt) {
  EXPECT_EQ(refusal("A=1\nB=\"x\ny\nz"),
            "parse /etc/env:2; the quote \" is open at the end of the file");
  EXPECT_NE(refusal("A='"), "");
  EXPECT_NE(refusal("A=\"\\"), "");
}

TEST(EnvironmentFile, ErrorsCountTheLinesOfQuotedValues) {
  EXPECT_EQ(refusal("A='1\n2\n3'\nB=\"4\\\n5\"\n?=1").substr(0, 17), "parse /etc/env:6;");
}

TEST(EnvironmentFile, ErrorNeverRepeatsAValue) {
  EXPECT_EQ(refusal("KEY='hunter2").find("hunter2"), std::string::npos);
  EXPECT_EQ(refusal("c2VjcmV0+c2VjcmV0==").find("c2VjcmV0"), std::string::npos);
}

TEST(EnvironmentFile, ValueThatIsNotUtf8IsRefused) {
  EXPECT_EQ(refusal("A=\xff"), "parse /etc/env:1; the value of A is not UTF-8");
  EXPECT_NE(refusal(std::string_view("A=x\0y", 5)), "");
}

TEST(EnvironmentFile, SizesAreBounded) {
  EXPECT_EQ(refusal("A=" + std::string(kMaxAssignment - 2, 'x')), "");
  EXPECT_NE(refusal("A=" + std::string(kMaxAssignment - 1, 'x')), "");
  EXPECT_NE(refusal(std::string(kMaxValue + 1, '\n')), "");
  std::string many;
  for (std::size_t i = 0; i <= kMaxEntries; ++i) many += "V" + std::to_string(i) + "=1\n";
  EXPECT_NE(refusal(many), "");
}

TEST(VariableName, LettersDigitsAndUnderscore) {
  for (const std::string_view name : {"A", "_", "a1", "PATH_2"}) {
    EXPECT_TRUE(is_variable_name(name)) << name;
  }
  for (const std::string_view name : {"", "1A", "A-B", "A.B", "A B", "\u00c9"}) {
    EXPECT_FALSE(is_variable_name(name)) << name;
  }
}

}  // namespace
}  // namespace gatevisor::config
