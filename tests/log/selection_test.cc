#include "log/selection.h"

#include <gtest/gtest.h>

namespace gatevisor::log {
namespace {

TEST(Selection, UnitsAreServicesWithoutASuffix) {
  EXPECT_EQ(unit_name("gateway"), "gateway.service");
  EXPECT_EQ(unit_name("gateway.service"), "gateway.service");
  EXPECT_EQ(unit_name("a.socket"), "a.socket");
  EXPECT_EQ(unit_name("v1.2"), "v1.2.service");
  EXPECT_EQ(unit_name("web@*"), "web@*");
}

TEST(Selection, AUnitIsItsLinesAndWhatIsSaidOfIt) {
  journal::Matches matches;
  ASSERT_TRUE(match_units(matches, {"a.service"}));
  ASSERT_EQ(matches.groups().size(), 1u);
  EXPECT_EQ(matches.groups()[0].size(), 5u);
}

TEST(Selection, Priorities) {
  EXPECT_EQ(*parse_priorities("err"), (std::vector{0, 1, 2, 3}));
  EXPECT_EQ(*parse_priorities("0"), (std::vector{0}));
  EXPECT_EQ(*parse_priorities("4..6"), (std::vector{4, 5, 6}));
  EXPECT_EQ(*parse_priorities("info..err"), (std::vector{3, 4, 5, 6}));
  for (const char* text : {"", "8", "error", "1..", "..", "err..x"}) {
    EXPECT_FALSE(parse_priorities(text)) << text;
  }
}

TEST(Selection, FieldsAndAlternatives) {
  journal::Matches matches;
  ASSERT_TRUE(match_fields(matches, {"A=1", "A=2", "B=3", "+", "C=4"}));
  ASSERT_EQ(matches.groups().size(), 1u);
  const auto& clauses = matches.groups()[0];
  ASSERT_EQ(clauses.size(), 2u);
  ASSERT_EQ(clauses[0].size(), 2u);
  EXPECT_EQ(clauses[0][0].payloads, (std::vector<std::string>{"A=1", "A=2"}));
  for (const std::vector<std::string>& words : {std::vector<std::string>{"+"},
                                                {"A=1", "+"},
                                                {"+", "A=1"},
                                                {"A=1", "+", "+", "B=1"},
                                                {"=x"}}) {
    journal::Matches none;
    EXPECT_FALSE(match_fields(none, words));
  }
}

}  // namespace
}  // namespace gatevisor::log
