#include "log/grep.h"

#include <gtest/gtest.h>

namespace gatevisor::log {
namespace {

bool finds(std::string_view pattern, std::string_view text, CaseRule rule = CaseRule::kSmart) {
  const auto grep = Grep::compile(pattern, rule);
  EXPECT_TRUE(grep);
  return grep->find(text).has_value();
}

TEST(Grep, APatternOfSmallLettersMatchesEitherCase) {
  EXPECT_TRUE(finds("error", "An ERROR"));
  EXPECT_FALSE(finds("Error", "An ERROR"));
  EXPECT_FALSE(finds("error", "An ERROR", CaseRule::kSensitive));
  EXPECT_TRUE(finds("Error", "An ERROR", CaseRule::kInsensitive));
}

TEST(Grep, SaysWhere) {
  const auto grep = Grep::compile("b+", CaseRule::kSmart);
  const auto span = grep->find("aabbbc");
  ASSERT_TRUE(span);
  EXPECT_EQ(span->begin, 2u);
  EXPECT_EQ(span->end, 5u);
}

TEST(Grep, SearchesAnyBytes) {
  EXPECT_TRUE(finds("x", std::string_view("\0\xff x", 4)));
  EXPECT_FALSE(finds("x", ""));
}

TEST(Grep, RefusesAPatternThatIsNone) {
  const auto grep = Grep::compile("a(b", CaseRule::kSmart);
  ASSERT_FALSE(grep);
  EXPECT_FALSE(grep.error().advice.empty());
}

TEST(Grep, APatternWithoutEndIsGivenUp) {
  EXPECT_FALSE(finds("(a+)+$", std::string(64, 'a') + "b"));
}

}  // namespace
}  // namespace gatevisor::log
