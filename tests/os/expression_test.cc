#include "os/expression.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <string>

namespace gatevisor::os {
namespace {

/// The sign of `systemd-analyze compare-versions A B`, which is the oracle.
int by_systemd(const std::string& a, const std::string& b) {
  std::FILE* pipe =
      popen(("systemd-analyze compare-versions '" + a + "' '" + b + "'").c_str(), "r");
  char line[512] = {};
  while (pipe != nullptr && std::fgets(line, sizeof line, pipe) != nullptr) {
  }
  if (pipe != nullptr) pclose(pipe);
  // 'A < B'
  const std::string text = line;
  if (text.find(" < ") != std::string::npos) return -1;
  if (text.find(" > ") != std::string::npos) return 1;
  EXPECT_NE(text.find(" == "), std::string::npos) << text;
  return 0;
}

TEST(Expression, VersionsAreInSystemdsOrder) {
  constexpr const char* kVersions[] = {
      "5.10", "5.9",  "5.9-rc1", "5.9~rc1", "5.9^1", "6.1.0-28-cloud-amd64", "6.1", "6.1.0", "06.1",
      "6.a",  "6.1a", "6.1+b",   "x",       "12"};
  for (const std::string a : kVersions) {
    for (const std::string b : kVersions) {
      const int order = compare_versions(a, b);
      EXPECT_EQ((order > 0) - (order < 0), by_systemd(a, b)) << a << " " << b;
    }
  }
}

TEST(Expression, OperatorsAreTakenFromTheFront) {
  std::string_view text = ">= 5";
  EXPECT_EQ(take_operator(text), Operator::GreaterEqual);
  EXPECT_EQ(text, "5");
  text = "!$=5*";
  EXPECT_EQ(take_operator(text), Operator::MatchesNot);
  EXPECT_EQ(text, "5*");
  EXPECT_EQ(take_operator(text), std::nullopt);
}

TEST(Expression, Compares) {
  EXPECT_TRUE(holds_for_text(Operator::Matches, "6.1.0", "6.*"));
  EXPECT_FALSE(holds_for_text(Operator::Equal, "6.1", "06.1"));
  EXPECT_TRUE(holds_for_text(Operator::Same, "6.1", "06.1"));
  EXPECT_TRUE(holds_for_number(Operator::Different, 1, 2));
  EXPECT_FALSE(holds_for_number(Operator::Less, 2, 2));
}

}  // namespace
}  // namespace gatevisor::os
