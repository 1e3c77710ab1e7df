// systemd.exec(5), 'System Call Filtering' and the filters of 'Sandboxing': rule by rule.

#include <gtest/gtest.h>
#include <linux/audit.h>
#include <linux/sched.h>
#include <sys/socket.h>

#include <cerrno>

#include "config/load_unit.h"
#include "settings_testing.h"

namespace gatevisor::config {
namespace {

SyscallFilterSettings filters(std::initializer_list<std::string_view> assignments) {
  return with(assignments).exec.syscall_filter;
}

/// SystemCallFilter= alone.
SyscallList filter(std::initializer_list<std::string_view> assignments) {
  return filters(assignments).filter.value_or(SyscallList{});
}

using Calls = std::map<std::string_view, int>;

TEST(SystemCallFilter, AnAllowListHasTheDefaultGroup) {
  const SyscallList list = filter({"SystemCallFilter=read write"});
  EXPECT_TRUE(list.allow);
  for (const char* name : {"read", "write", "execve", "exit_group", "nanosleep", "rt_sigreturn"}) {
    EXPECT_TRUE(list.calls.contains(name)) << name;
    EXPECT_FALSE(list.denies(name)) << name;
  }
  EXPECT_TRUE(list.denies("openat"));
}

TEST(SystemCallFilter, ADenyListHasWhatItNames) {
  const SyscallList list = filter({"SystemCallFilter=~ptrace  mount"});
  EXPECT_FALSE(list.allow);
  EXPECT_EQ(list.calls, (Calls{{"ptrace", kSyscallListed}, {"mount", kSyscallListed}}));
  EXPECT_TRUE(list.denies("ptrace"));
  EXPECT_FALSE(list.denies("execve"));
}

TEST(SystemCallFilter, GroupsAreExpandedAlsoThoseInGroups) {
  EXPECT_EQ(filter({"SystemCallFilter=~@keyring"}).calls,
            (Calls{{"add_key", -1}, {"keyctl", -1}, {"request_key", -1}}));
  const SyscallList list = filter({"SystemCallFilter=@system-service"});
  EXPECT_TRUE(list.calls.contains("sched_setscheduler"));  // of @resources
  EXPECT_FALSE(list.calls.contains("mount"));
}

TEST(SystemCallFilter, TheFirstAssignmentDecidesTheKind) {
  // The manual's own example.
  const SyscallList allowed = filter({"SystemCallFilter=read write", "SystemCallFilter=~write"});
  EXPECT_TRUE(allowed.allow);
  EXPECT_FALSE(allowed.denies("read"));
  EXPECT_TRUE(allowed.denies("write"));
  const SyscallList denied = filter({"SystemCallFilter=~read write", "SystemCallFilter=write"});
  EXPECT_FALSE(denied.allow);
  EXPECT_EQ(denied.calls, (Calls{{"read", kSyscallListed}}));
}

TEST(SystemCallFilter, SeveralLinesOfAKindAreMerged) {
  EXPECT_EQ(filter({"SystemCallFilter=~read", "SystemCallFilter=~write"}).calls.size(), 2u);
  const SyscallList list = filter({"SystemCallFilter=read", "SystemCallFilter=write"});
  EXPECT_FALSE(list.denies("read"));
  EXPECT_FALSE(list.denies("write"));
  // A whole group can be taken back.
  EXPECT_TRUE(filter({"SystemCallFilter=@system-service", "SystemCallFilter=~@resources"})
                  .denies("sched_setscheduler"));
}

TEST(SystemCallFilter, TheEmptyTextResets) {
  EXPECT_FALSE(filters({"SystemCallFilter=~read", "SystemCallFilter="}).filter);
  EXPECT_TRUE(
      filter({"SystemCallFilter=~read", "SystemCallFilter=", "SystemCallFilter=write"}).allow);
}

TEST(SystemCallFilter, ATildeAloneIsADenyListOfNothing) {
  EXPECT_FALSE(filter({"SystemCallFilter=~"}).restricts());
  EXPECT_TRUE(filter({"SystemCallFilter=getpid"}).restricts());
}

TEST(SystemCallFilter, WhatIsDeniedMayHaveItsOwnError) {
  const SyscallList list = filter({"SystemCallFilter=~mount:EPERM ptrace:kill uname:0 @swap:38"});
  EXPECT_EQ(list.calls, (Calls{{"mount", EPERM},
                               {"ptrace", kSyscallKill},
                               {"uname", 0},
                               {"swapon", ENOSYS},
                               {"swapoff", ENOSYS}}));
  EXPECT_EQ(filter({"SystemCallFilter=~mount:4095"}).calls.at("mount"), 4095);
  EXPECT_EQ(filter({"SystemCallFilter=~mount:EWOULDBLOCK"}).calls.at("mount"), EAGAIN);
  EXPECT_EQ(filter({"SystemCallFilter=~mount:enotsup"}).calls.at("mount"), ENOTSUP);
  // The later one holds.
  EXPECT_EQ(filter({"SystemCallFilter=~mount:EPERM", "SystemCallFilter=~mount:EIO"}).calls,
            (Calls{{"mount", EIO}}));
}

TEST(SystemCallFilter, AnErrorTakesACallOutOfAnAllowList) {
  const SyscallList list =
      filter({"SystemCallFilter=@system-service", "SystemCallFilter=~uname:EILSEQ"});
  EXPECT_TRUE(list.denies("uname"));
  EXPECT_EQ(list.calls.at("uname"), EILSEQ);
  EXPECT_FALSE(
      filter({"SystemCallFilter=uname", "SystemCallFilter=~uname:EIO", "SystemCallFilter=uname"})
          .denies("uname"));
}

TEST(SystemCallFilter, NamesOfOtherArchitecturesAreKnown) {
  EXPECT_TRUE(filter({"SystemCallFilter=~s390_pci_mmio_read"}).restricts());
}

TEST(SystemCallFilter, BadInput_NamesTheWord) {
  const auto says = [](std::string_view assignment, std::string_view text) {
    const std::string line = refusal(assignment);
    EXPECT_NE(line.find(text), std::string::npos) << assignment << ": " << line;
  };
  says("SystemCallFilter=read nosuch write", "'nosuch' is no system call");
  says("SystemCallFilter=Read", "'Read' is no system call");
  says("SystemCallFilter=~@nosuch", "'@nosuch' is no group");
  says("SystemCallFilter=read:EPERM", "only what is denied");
  says("SystemCallFilter=~read:", "'read:'");
  says("SystemCallFilter=~read:ENOSUCH", "'ENOSUCH' is no error");
  says("SystemCallFilter=~read:4096", "'read:4096'");
  says("SystemCallFilter=~:EPERM", "'' is no system call");
  says("SystemCallFilter=read ~write", "'~write' is no system call");
  says("SystemCallLog=~read:EPERM", "'read:EPERM' is no system call");
}

TEST(SystemCallFilter, BadInput_InAUnitHasItsPlace) {
  const auto text = parse_unit_text(
      "[Service]\nExecStart=/bin/true\nSystemCallFilter=@system-service nosuch\n", "gw.service");
  const auto name = parse_unit_name("gw.service");
  const UnitText texts[] = {*text};
  const LoadedUnit unit = load_unit(*name, texts, {}, {});
  ASSERT_EQ(unit.errors.size(), 1u);
  EXPECT_EQ(to_string(unit.errors.front()),
            "gw.service:3:18: SystemCallFilter=: 'nosuch' is no system call");
}

TEST(SystemCallFilter, ADeniedExecveIsRemarked) {
  ServiceSettings settings = with({"SystemCallFilter=@system-service"});
  EXPECT_TRUE(remarks(settings).empty());
  EXPECT_EQ(remarks(with({"SystemCallFilter=~execve"})).size(), 1u);
  EXPECT_EQ(remarks(with({"SystemCallFilter=read", "SystemCallFilter=~@default"})).size(), 1u);
}

TEST(SystemCallErrorNumber, IsANameANumberOrKill) {
  EXPECT_EQ(filters({}).error_number, kSyscallKill);
  EXPECT_EQ(filters({"SystemCallErrorNumber=EACCES"}).error_number, EACCES);
  EXPECT_EQ(filters({"SystemCallErrorNumber=EUCLEAN"}).error_number, EUCLEAN);
  EXPECT_EQ(filters({"SystemCallErrorNumber=4095"}).error_number, 4095);
  EXPECT_EQ(filters({"SystemCallErrorNumber=1", "SystemCallErrorNumber=kill"}).error_number,
            kSyscallKill);
  EXPECT_EQ(filters({"SystemCallErrorNumber=1", "SystemCallErrorNumber="}).error_number,
            kSyscallKill);
  for (const char* text : {"0", "4096", "-1", "EPERM EACCES", "ENOSUCH", "Kill"}) {
    EXPECT_NE(refusal(std::string("SystemCallErrorNumber=") + text), "") << text;
  }
}

TEST(SystemCallLog, IsAListWithoutTheDefaultGroup) {
  const SyscallList list = *filters({"SystemCallLog=mount", "SystemCallLog=@swap"}).log;
  EXPECT_TRUE(list.allow);
  EXPECT_EQ(list.calls, (Calls{{"mount", -1}, {"swapoff", -1}, {"swapon", -1}}));
  EXPECT_FALSE(filters({"SystemCallLog=~mount"}).log->allow);
  EXPECT_EQ(filters({"SystemCallLog=mount ptrace", "SystemCallLog=~ptrace"}).log->calls,
            (Calls{{"mount", -1}}));
  EXPECT_FALSE(filters({"SystemCallLog=~mount", "SystemCallLog="}).log);
}

TEST(SystemCallArchitectures, AreMergedAndReset) {
  using Set = std::set<std::uint32_t>;
  EXPECT_EQ(filters({"SystemCallArchitectures=native"}).architectures, (Set{0}));
  EXPECT_EQ(
      filters({"SystemCallArchitectures=x86-64 x32", "SystemCallArchitectures=x86"}).architectures,
      (Set{AUDIT_ARCH_X86_64, SyscallFilterSettings::kX32, AUDIT_ARCH_I386}));
  EXPECT_TRUE(
      filters({"SystemCallArchitectures=x86", "SystemCallArchitectures="}).architectures.empty());
  for (const char* name :
       {"arm", "arm64", "mips", "mips64", "mips64-n32", "mips-le", "mips64-le", "mips64-le-n32",
        "parisc", "parisc64", "ppc", "ppc64", "ppc64-le", "riscv64", "s390", "s390x"}) {
    EXPECT_EQ(filters({std::string("SystemCallArchitectures=") + name}).architectures.size(), 1u);
  }
  for (const char* name : {"x86_64", "amd64", "~x86", "native,x86"}) {
    EXPECT_NE(refusal(std::string("SystemCallArchitectures=") + name), "") << name;
  }
}

TEST(RestrictAddressFamilies, AreAllowedDeniedOrNone) {
  const auto families = [](std::initializer_list<std::string_view> assignments) {
    return filters(assignments).address_families;
  };
  EXPECT_EQ(families({"RestrictAddressFamilies=AF_UNIX AF_INET"}),
            (AddressFamilies{true, {AF_UNIX, AF_INET}, false}));
  EXPECT_EQ(families({"RestrictAddressFamilies=~AF_PACKET"}),
            (AddressFamilies{false, {AF_PACKET}, false}));
  EXPECT_EQ(families({"RestrictAddressFamilies=AF_UNIX AF_INET", "RestrictAddressFamilies=AF_INET6",
                      "RestrictAddressFamilies=~AF_INET"}),
            (AddressFamilies{true, {AF_UNIX, AF_INET6}, false}));
  EXPECT_EQ(
      families({"RestrictAddressFamilies=~AF_PACKET AF_INET", "RestrictAddressFamilies=AF_INET"}),
      (AddressFamilies{false, {AF_PACKET}, false}));
  EXPECT_EQ(families({"RestrictAddressFamilies=AF_UNIX", "RestrictAddressFamilies="}),
            std::nullopt);
  EXPECT_EQ(families({"RestrictAddressFamilies=AF_UNIX", "RestrictAddressFamilies=none"}),
            (AddressFamilies{true, {}, true}));
  // Nothing is left of 'none' where another line follows.
  EXPECT_EQ(families({"RestrictAddressFamilies=none", "RestrictAddressFamilies=AF_UNIX"}),
            (AddressFamilies{true, {AF_UNIX}, false}));
  // An allow list of nothing stays one.
  EXPECT_EQ(families({"RestrictAddressFamilies=AF_UNIX", "RestrictAddressFamilies=~AF_UNIX",
                      "RestrictAddressFamilies=~AF_INET"}),
            (AddressFamilies{true, {}, false}));
  EXPECT_EQ(families({"RestrictAddressFamilies=AF_LOCAL AF_ROUTE af_mctp"}),
            (AddressFamilies{true, {AF_UNIX, AF_NETLINK, AF_MCTP}, false}));
  for (const char* text : {"AF_UNSPEC", "INET", "AF_NOSUCH", "AF_UNIX none", "1"}) {
    EXPECT_NE(refusal(std::string("RestrictAddressFamilies=") + text), "") << text;
  }
}

TEST(RestrictNamespaces, IsABooleanOrAMergedList) {
  constexpr std::uint64_t kAll = CLONE_NEWCGROUP | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWNS |
                                 CLONE_NEWPID | CLONE_NEWUSER | CLONE_NEWUTS | CLONE_NEWTIME;
  const auto allowed = [](std::initializer_list<std::string_view> assignments) {
    return filters(assignments).namespaces;
  };
  EXPECT_EQ(allowed({}), std::nullopt);
  EXPECT_EQ(allowed({"RestrictNamespaces=yes"}), 0u);
  EXPECT_EQ(allowed({"RestrictNamespaces=no"}), kAll);
  // The manual's own examples.
  EXPECT_EQ(allowed({"RestrictNamespaces=cgroup ipc", "RestrictNamespaces=cgroup net"}),
            CLONE_NEWCGROUP | CLONE_NEWIPC | CLONE_NEWNET);
  EXPECT_EQ(allowed({"RestrictNamespaces=cgroup ipc", "RestrictNamespaces=~cgroup net"}),
            CLONE_NEWIPC);
  EXPECT_EQ(allowed({"RestrictNamespaces=~user mnt"}), kAll & ~(CLONE_NEWUSER | CLONE_NEWNS));
  EXPECT_EQ(allowed({"RestrictNamespaces=~user", "RestrictNamespaces=user"}), kAll);
  EXPECT_EQ(allowed({"RestrictNamespaces=yes", "RestrictNamespaces=pid uts"}),
            CLONE_NEWPID | CLONE_NEWUTS);
  EXPECT_EQ(allowed({"RestrictNamespaces=yes", "RestrictNamespaces="}), std::nullopt);
  for (const char* text : {"mount", "~yes", "user,net", "CLONE_NEWNS"}) {
    EXPECT_NE(refusal(std::string("RestrictNamespaces=") + text), "") << text;
  }
}

TEST(FilterSwitches, AreBooleans) {
  const SyscallFilterSettings all = filters({"LockPersonality=yes", "MemoryDenyWriteExecute=1",
                                             "RestrictRealtime=on", "RestrictSUIDSGID=true"});
  EXPECT_TRUE(all.lock_personality && all.memory_deny_write_execute && all.restrict_realtime &&
              all.restrict_suid_sgid);
  EXPECT_EQ(filters({"LockPersonality=yes", "LockPersonality=no"}), SyscallFilterSettings{});
  EXPECT_NE(refusal("RestrictRealtime=perhaps"), "");
}

}  // namespace
}  // namespace gatevisor::config
