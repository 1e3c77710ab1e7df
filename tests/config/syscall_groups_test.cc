// The groups are systemd's: it says itself what is in them.

#include "config/syscall_groups.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <map>
#include <set>
#include <string>

namespace gatevisor::config {
namespace {

using Groups = std::map<std::string, std::set<std::string>>;

/// 'systemd-analyze syscall-filter' (package systemd): groups, their members indented; comments.
Groups systemd_groups() {
  Groups groups;
  std::FILE* pipe = popen("SYSTEMD_COLORS=0 systemd-analyze syscall-filter", "r");
  char line[1024];
  std::string group;
  while (pipe != nullptr && std::fgets(line, sizeof line, pipe) != nullptr) {
    std::string text = line;
    if (!text.empty() && text.back() == '\n') text.pop_back();
    const std::size_t start = text.find_first_not_of(' ');
    if (start == std::string::npos || text[start] == '#') continue;
    if (start == 0) group = text;
    if (start != 0) groups[group].insert(text.substr(start));
  }
  EXPECT_EQ(pipe == nullptr ? -1 : pclose(pipe), 0) << "systemd is the oracle of this test";
  return groups;
}

Groups our_groups() {
  Groups groups;
  for (const SyscallGroup& group : syscall_groups()) {
    std::string_view rest = group.members;
    while (!rest.empty()) {
      const std::string_view name = rest.substr(0, rest.find(' '));
      EXPECT_TRUE(groups[std::string(group.name)].emplace(name).second) << name;
      rest.remove_prefix(std::min(name.size() + 1, rest.size()));
    }
  }
  return groups;
}

TEST(SyscallGroups, AreSystemds) {
  const Groups groups = systemd_groups();
  EXPECT_GE(groups.size(), 28u);
  EXPECT_EQ(our_groups(), groups);
}

TEST(SyscallGroups, AGroupInAGroupIsGoneThrough) {
  std::set<std::string_view> calls;
  each_syscall(*find_syscall_group("@system-service"),
               [&](std::string_view name) { calls.insert(name); });
  EXPECT_TRUE(calls.contains("sched_setscheduler"));  // by @resources
  EXPECT_TRUE(calls.contains("uname"));
  EXPECT_FALSE(calls.contains("mount"));
  for (const std::string_view name : calls) EXPECT_FALSE(name.starts_with('@')) << name;
}

TEST(SyscallGroups, UnknownNamesAreNone) {
  EXPECT_EQ(find_syscall_group("@nosuch"), nullptr);
  EXPECT_EQ(find_syscall_group("system-service"), nullptr);
  for (const char* name : {"", "nosuch", "READ", "@aio", "read write", "rea"}) {
    EXPECT_EQ(find_syscall(name), "") << name;
  }
  EXPECT_EQ(find_syscall("read"), "read");
  EXPECT_EQ(find_syscall("s390_sthyi"), "s390_sthyi");  // of another architecture
  EXPECT_EQ(find_syscall("cachestat"), "cachestat");    // libseccomp's alone
}

}  // namespace
}  // namespace gatevisor::config
