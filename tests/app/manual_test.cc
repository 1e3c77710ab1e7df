// The manual pages name every setting and every option, and no other.

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <set>
#include <sstream>

#include "app/log_options.h"
#include "config/properties.h"

namespace gatevisor::app {
namespace {

std::string manual(const char* path = GATEVISOR_MANUAL) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(Manual, NamesEverySetting) {
  const std::string text = manual();
  ASSERT_FALSE(text.empty());
  std::size_t count = 0;
  for (const config::Property& property : config::properties()) {
    const std::string entry =
        ".It Va " + std::string(property.name) + (property.ours ? "* Ns =" : "=");
    EXPECT_NE(text.find(entry), std::string::npos) << property.name;
    ++count;
  }
  std::size_t entries = 0;
  for (std::size_t at = text.find(".It Va "); at != std::string::npos;
       at = text.find(".It Va ", at + 1)) {
    ++entries;
  }
  EXPECT_EQ(entries, count);
}

/// '--since', '--unit', ... in a text where every one begins with two dashes and small letters.
std::set<std::string> long_options(std::string text, const std::string& dashes) {
  std::set<std::string> names;
  for (std::size_t at = 0; (at = text.find(dashes, at)) != text.npos;) {
    at += dashes.size();
    const std::size_t end = text.find_first_not_of("abcdefghijklmnopqrstuvwxyz-", at);
    if (end > at) names.insert(text.substr(at, end - at));
  }
  return names;
}

TEST(Manual, NamesEveryOptionOfLog) {
  const auto told = long_options(manual(GATEVISOR_LOG_MANUAL), "Fl Fl ");
  for (const std::string& name : long_options(kLogHelp, "--")) {
    EXPECT_TRUE(told.contains(name)) << name;
  }
  // And each one is one.
  for (const std::string& name : told) {
    std::string program = "log";
    std::string option = "--" + name;
    char* argv[] = {program.data(), option.data(), nullptr};
    const auto parsed = parse_log_options(2, argv);
    const auto* refusal = std::get_if<LogRefusal>(&parsed);
    EXPECT_TRUE(refusal == nullptr || !refusal->complaint.contains("no such option")) << name;
  }
}

}  // namespace
}  // namespace gatevisor::app
