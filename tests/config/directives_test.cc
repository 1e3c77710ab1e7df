// The table of fates is whole: systemd itself says which directives there are.

#include "config/directives.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <set>
#include <string>

namespace gatevisor::config {
namespace {

/// 'systemd --dump-configuration-items' (package systemd): sections, and NAME=FORM below them.
std::set<std::string> systemd_directives(const std::string& section) {
  std::set<std::string> names;
  std::FILE* pipe = popen("/lib/systemd/systemd --dump-configuration-items", "r");
  char line[1024];
  bool here = false;
  while (pipe != nullptr && std::fgets(line, sizeof line, pipe) != nullptr) {
    const std::string text = line;
    if (text.starts_with('[')) here = text.starts_with("[" + section + "]");
    const std::size_t equals = text.find('=');
    if (here && equals != std::string::npos) names.insert(text.substr(0, equals));
  }
  EXPECT_EQ(pipe == nullptr ? -1 : pclose(pipe), 0) << "systemd is the oracle of this test";
  return names;
}

TEST(Directives, EachOfSystemdsHasAFate) {
  for (const char* section : {"Unit", "Service", "Install"}) {
    const auto names = systemd_directives(section);
    EXPECT_GE(names.size(), 5u) << section;
    for (const std::string& name : names) {
      EXPECT_NE(find_directive(section, name), nullptr) << "[" << section << "] " << name;
    }
  }
}

TEST(Directives, NoneIsThereTwice) {
  for (const char* section : {"Unit", "Service", "Install", "X-Gatevisor"}) {
    std::set<std::string_view> seen;
    for (const Directive& directive : directives(section)) {
      EXPECT_TRUE(seen.insert(directive.name).second) << section << " " << directive.name;
    }
  }
}

TEST(Directives, WhatIsNotDoneSaysWhy) {
  for (const char* section : {"Unit", "Service", "Install", "X-Gatevisor"}) {
    for (const Directive& directive : directives(section)) {
      EXPECT_EQ(directive.fate == Fate::Done, directive.reason.empty()) << directive.name;
    }
  }
}

TEST(Directives, OursAreInOurSectionAlone) {
  EXPECT_NE(find_directive("X-Gatevisor", "AlarmBurst"), nullptr);
  EXPECT_EQ(find_directive("Service", "AlarmBurst"), nullptr);
  EXPECT_EQ(find_directive("Service", "memorymax"), nullptr);
  EXPECT_EQ(find_directive("Service", "Description"), nullptr);
  EXPECT_TRUE(directives("Socket").empty());
}

}  // namespace
}  // namespace gatevisor::config
