// What the kernel's log says of killed processes, and what others write there that is to be passed
// over.

#include "protocol/kernel_log.h"

#include <gtest/gtest.h>

#include <initializer_list>

namespace gatevisor::protocol {
namespace {

KernelLog parsed(std::initializer_list<std::string> records) {
  KernelLog log;
  KernelLogParser parser;
  for (const std::string& record : records) parser.feed(record, log);
  return log;
}

/// As the kernel itself writes it, at level 'info' or 'err'.
std::string kernel(const std::string& text) { return "6,1042,98765432,-;" + text + "\n"; }

std::string choice(const std::string& limit, const std::string& cgroup, const std::string& task,
                   int pid) {
  return kernel("oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0" +
                limit + ",task_memcg=" + cgroup + ",task=" + task + ",pid=" + std::to_string(pid) +
                ",uid=1000");
}

std::string killed(const std::string& name, int pid) {
  return "3,1043,98765433,-;Memory cgroup out of memory: Killed process " + std::to_string(pid) +
         " (" + name +
         ") total-vm:3149468kB, anon-rss:164992kB, file-rss:52176kB, shmem-rss:92kB, UID:0 "
         "pgtables:1372kB oom_score_adj:986\n";
}

std::string denied(const std::string& comm, const std::string& rest) {
  return "5,2,3,-;audit: type=1326 audit(1739947623.368:2): auid=4294967295 uid=141 gid=141 "
         "ses=4294967295 subj=unconfined pid=814 comm=" +
         comm + " exe=\"/sbin/dhcpcd\" " + rest + "\n";
}

TEST(KernelLog, KillAtALimitHasBothLines) {
  const KernelLog log = parsed({choice(",oom_memcg=/a", "/a/b.slice/1", "node", 63214),
                                kernel("a line between them"), killed("node", 63214)});
  ASSERT_EQ(log.kills.size(), 1U);
  const KernelKill& kill = log.kills[0];
  EXPECT_EQ(kill.name, "node");
  EXPECT_EQ(kill.pid, 63214);
  EXPECT_EQ(kill.total_vm, 3149468ULL * 1024);
  EXPECT_EQ(kill.anon_rss, 164992ULL * 1024);
  EXPECT_EQ(kill.file_rss, 52176ULL * 1024);
  EXPECT_EQ(kill.shmem_rss, 92ULL * 1024);
  EXPECT_EQ(kill.pgtables, 1372ULL * 1024);
  EXPECT_EQ(kill.oom_score_adj, 986);
  EXPECT_EQ(kill.constraint, "CONSTRAINT_MEMCG");
  EXPECT_EQ(kill.limit_cgroup, "/a");
  EXPECT_EQ(kill.cgroup, "/a/b.slice/1");
  EXPECT_TRUE(kill.line.starts_with("Memory cgroup out of memory: Killed process 63214 (node)"));
}

// Debian's kernels 6.1 and 6.12, and Ubuntu's 5.4 without the line before.
TEST(KernelLog, LinesOfRealKernels) {
  const KernelLog log = parsed(
      {"6,477,3817501,-;oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,"
       "mems_allowed=0,oom_memcg=/gateway.slice,task_memcg=/gateway.slice/1,task=misbehave,"
       "pid=126,uid=0\n",
       "3,478,3818783,-;Memory cgroup out of memory: Killed process 126 (misbehave) "
       "total-vm:34728kB, anon-rss:32388kB, file-rss:4kB, shmem-rss:960kB, UID:0 pgtables:108kB "
       "oom_score_adj:0\n",
       "6,552,8428828,-;oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,"
       "mems_allowed=0,oom_memcg=/gateway.slice,task_memcg=/gateway.slice/1,task=misbehave,"
       "pid=172,uid=0\n",
       "3,553,8429122,-;Memory cgroup out of memory: Killed process 172 (misbehave) "
       "total-vm:34728kB, anon-rss:32384kB, file-rss:0kB, shmem-rss:512kB, UID:0 pgtables:108kB "
       "oom_score_adj:0\n",
       "3,991,7063247407,-;Memory cgroup out of memory: Killed process 63214 (uwsgi) "
       "total-vm:3149468kB, anon-rss:164992kB, file-rss:52176kB, shmem-rss:92kB, UID:0 "
       "pgtables:1372kB oom_score_adj:986\n",
       "5,612,8992986,-;audit: type=1326 audit(1795802800.003:2): auid=4294967295 uid=0 gid=0 "
       "ses=4294967295 subj=unconfined pid=175 comm=\"misbehave\" exe=\"/t/bin/misbehave\" sig=31 "
       "arch=c000003e syscall=110 compat=0 ip=0x4e8999 code=0x80000000\n"});
  ASSERT_EQ(log.kills.size(), 3U);
  EXPECT_EQ(log.kills[0].pid, 126);
  EXPECT_EQ(log.kills[0].limit_cgroup, "/gateway.slice");
  EXPECT_EQ(log.kills[1].cgroup, "/gateway.slice/1");
  EXPECT_EQ(log.kills[2].name, "uwsgi");
  EXPECT_EQ(log.kills[2].constraint, "");
  ASSERT_EQ(log.denials.size(), 1U);
  EXPECT_EQ(log.denials[0].pid, 175);
  EXPECT_EQ(log.denials[0].number, 110);
}

TEST(KernelLog, KillOfTheWholeSystemHasNoLimit) {
  const KernelLog log =
      parsed({kernel("oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0,"
                     "global_oom,task_memcg=/gateway.slice/1,task=misbehave,pid=217,uid=0"),
              kernel("Out of memory: Killed process 217 (misbehave) total-vm:4099000kB, "
                     "anon-rss:412000kB, file-rss:1280kB, shmem-rss:0kB, UID:0 pgtables:900kB "
                     "oom_score_adj:0")});
  ASSERT_EQ(log.kills.size(), 1U);
  EXPECT_EQ(log.kills[0].constraint, "CONSTRAINT_NONE");
  EXPECT_EQ(log.kills[0].limit_cgroup, "");
  EXPECT_EQ(log.kills[0].cgroup, "/gateway.slice/1");
}

// Linux 4.19: another end of the line.
TEST(KernelLog, OlderKernelsTellLess) {
  const KernelLog log =
      parsed({kernel("Memory cgroup out of memory: Killed process 4254 (python3) total-vm:11968kB, "
                     "anon-rss:4288kB, file-rss:3972kB, shmem-rss:0kB")});
  ASSERT_EQ(log.kills.size(), 1U);
  EXPECT_EQ(log.kills[0].anon_rss, 4288U * 1024);
  EXPECT_EQ(log.kills[0].pgtables, std::nullopt);
  EXPECT_EQ(log.kills[0].oom_score_adj, std::nullopt);
  EXPECT_EQ(log.kills[0].constraint, "") << "no other line was there";
}

TEST(KernelLog, CgroupsOfAPodAreReadWhole) {
  const std::string pod =
      "/lxc.payload.x/kubepods.slice/kubepods-burstable.slice/"
      "kubepods-burstable-podeded8c65_6e8e_4c6e_a889_3e427565c740.slice";
  const std::string container = pod + "/cri-containerd-ec9ee26695deb4cc72bc665efff1cf3a.scope";
  const KernelLog log = parsed({choice(",oom_memcg=" + pod, container, "pt_main_thread", 461754),
                                killed("pt_main_thread", 461754)});
  ASSERT_EQ(log.kills.size(), 1U);
  EXPECT_EQ(log.kills[0].limit_cgroup, pod);
  EXPECT_EQ(log.kills[0].cgroup, container);
}

TEST(KernelLog, OnlyTheKernelsOwnRecordsCount) {
  // What write(2) on /dev/kmsg makes: LOG_USER, though the writer asked for 0.
  std::string forged = killed("node", 7);
  forged.replace(0, 1, "11");
  EXPECT_TRUE(parsed({forged}).kills.empty());
  std::string denial = denied("\"dhcpcd\"", "sig=31 arch=c000003e syscall=1 compat=0");
  denial.replace(0, 1, "13");
  EXPECT_TRUE(parsed({denial}).denials.empty());
  EXPECT_EQ(kernel_text("8,1,1,-;text\n"), std::nullopt);
  EXPECT_EQ(kernel_text("7,1,1,-;text\n"), "text");
}

TEST(KernelLog, ForgedChoiceDoesNotDressUpARealKill) {
  std::string forged = choice(",oom_memcg=/a", "/a/gateway.slice/1", "node", 7);
  forged.replace(0, 1, "14");
  const KernelLog log = parsed({forged, killed("node", 7)});
  ASSERT_EQ(log.kills.size(), 1U);
  EXPECT_EQ(log.kills[0].cgroup, "");
}

TEST(KernelLog, LinesBelowTheTextAreNotTheText) {
  EXPECT_EQ(kernel_text("6,1,1,-;text; more\n SUBSYSTEM=acpi\n DEVICE=+acpi:x\n"), "text; more");
}

TEST(KernelLog, NamesMayHoldWhatStandsAroundThem) {
  for (const std::string name : {"a) total-vm:1kB", "a, b=c,pid=1", "(((", ")", "", "a,uid=0,pid=3",
                                 "x\\x0ay\\x5cz", ": "}) {
    const KernelLog log = parsed({choice(",oom_memcg=/a", "/a/b", name, 8), killed(name, 8)});
    ASSERT_EQ(log.kills.size(), 1U) << name;
    EXPECT_EQ(log.kills[0].name, name);
    EXPECT_EQ(log.kills[0].pid, 8);
    EXPECT_EQ(log.kills[0].cgroup, "/a/b") << name;
    EXPECT_EQ(log.kills[0].anon_rss, 164992ULL * 1024);
  }
}

TEST(KernelLog, WhatCanBeReadInTwoWaysIsNotRead) {
  // A cgroup that its owner named so, or a name: which of them it is cannot be told.
  for (const std::string& record :
       {choice(",oom_memcg=/a", "/u/x,task_memcg=/gateway.slice/1", "n", 8),
        choice(",oom_memcg=/a", "/u/x,task=y", "n", 8),
        choice(",oom_memcg=/a", "/u/x", "a,task=b", 8),
        choice(",oom_memcg=/a,oom_memcg=/b", "/u/x", "n", 8),
        choice(",oom_memcg=/a,global_oom,oom_memcg=/b", "/u/x", "n", 8)}) {
    const KernelLog log = parsed({record, killed("n", 8)});
    ASSERT_EQ(log.kills.size(), 1U);
    EXPECT_EQ(log.kills[0].cgroup, "") << record;
    EXPECT_EQ(log.kills[0].limit_cgroup, "") << record;
  }
}

TEST(KernelLog, ANameIsNoLongerThanTheKernelHasThem) {
  EXPECT_EQ(parsed({killed("123456789012345", 8)}).kills.size(), 1U);
  EXPECT_EQ(parsed({killed("1234567890123456", 8)}).kills.size(), 0U);
  EXPECT_EQ(parsed({killed("1234567890123\\x0a\\xff", 8)}).kills.size(), 1U);
}

TEST(KernelLog, NumbersThatAreNoneMakeNoKill) {
  const std::string whole = killed("node", 7);
  for (const auto& [from, to] : std::initializer_list<std::pair<std::string, std::string>>{
           {"process 7 ", "process 99999999999999999999 "},
           {"process 7 ", "process -7 "},
           {"process 7 ", "process 0 "},
           {"164992kB", "164992"},
           {"164992kB", "kB"},
           {"164992kB", "18446744073709551615kB"},
           {"164992kB", "99999999999999999999kB"},
           {"UID:0", "UID:x"}}) {
    std::string record = whole;
    record.replace(record.find(from), from.size(), to);
    EXPECT_TRUE(parsed({record}).kills.empty()) << record;
  }
}

TEST(KernelLog, CutRecordsAreNone) {
  const std::string kill = killed("node", 7);
  for (std::size_t size = 0; size + std::string(" oom_score_adj:986\n").size() < kill.size();
       ++size) {
    const std::string part = kill.substr(0, size);
    if (part.ends_with(" shmem-rss:92kB")) continue;  // older kernels end there
    EXPECT_TRUE(parsed({part}).kills.empty()) << part;
  }
  const std::string denial = denied("\"dhcpcd\"", "sig=31 arch=c000003e syscall=1");
  for (std::size_t size = 0; size + 2 < denial.size(); ++size) {
    EXPECT_TRUE(parsed({denial.substr(0, size)}).denials.empty()) << denial.substr(0, size);
  }
}

// memory.oom.group=1: the one that was chosen is told before and among its group.
TEST(KernelLog, GroupIsKilledWhole) {
  const KernelLog log =
      parsed({choice(",oom_memcg=/a", "/a/1", "node", 7), killed("node", 7),
              kernel("Tasks in /a/1 are going to be killed due to memory.oom.group set"),
              killed("sh", 6), killed("node", 7), killed("cat", 8)});
  ASSERT_EQ(log.kills.size(), 3U);
  EXPECT_EQ(log.kills[0].constraint, "CONSTRAINT_MEMCG");
  EXPECT_EQ(log.kills[1].name, "sh");
  EXPECT_EQ(log.kills[1].cgroup, "/a/1");
  EXPECT_EQ(log.kills[1].constraint, "");
  EXPECT_EQ(log.kills[2].name, "cat");
}

TEST(KernelLog, KillWithoutItsChoiceTakesNoOthers) {
  const KernelLog log =
      parsed({choice(",oom_memcg=/a", "/a/1", "node", 7), killed("node", 7), killed("other", 9)});
  ASSERT_EQ(log.kills.size(), 2U);
  EXPECT_EQ(log.kills[1].cgroup, "") << "'oom-kill:' is rate-limited, 'Killed process' is not";
}

TEST(KernelLog, KeepsTheNewestWithinItsBound) {
  KernelLog log;
  KernelLogParser parser;
  for (int pid = 1; pid <= 100; ++pid) {
    parser.feed(killed("node", pid), log);
    parser.feed(denied("\"dhcpcd\"", "sig=31 arch=c000003e syscall=1"), log);
  }
  EXPECT_EQ(log.kills.size(), KernelLog::kMost);
  EXPECT_EQ(log.kills.back().pid, 100);
  EXPECT_EQ(log.denials.size(), KernelLog::kMost);
}

TEST(KernelLog, DenialHasItsCall) {
  const KernelLog log = parsed({denied("\"dhcpcd\"",
                                       "sig=31 arch=40000003 syscall=224 compat=0 ip=0xb7f15549 "
                                       "code=0x0")});
  ASSERT_EQ(log.denials.size(), 1U);
  const KernelDenial& denial = log.denials[0];
  EXPECT_EQ(denial.name, "dhcpcd");
  EXPECT_EQ(denial.pid, 814);
  EXPECT_EQ(denial.uid, 141U);
  EXPECT_EQ(denial.at_usec, 1739947623368000ULL);
  EXPECT_EQ(denial.architecture, 0x40000003U);
  EXPECT_EQ(denial.number, 224);
  EXPECT_TRUE(denial.line.starts_with("audit: type=1326 "));
}

TEST(KernelLog, CommInHexadecimalIsAName) {
  const std::string rest = "sig=31 arch=c000003e syscall=101 compat=0";
  const KernelLog log = parsed({denied("6120736967", rest)});
  ASSERT_EQ(log.denials.size(), 1U);
  EXPECT_EQ(log.denials[0].name, "a sig");
  for (const char* comm : {"612", "61zz", "", "61616161616161616161616161616161", "\"x"}) {
    EXPECT_TRUE(parsed({denied(comm, rest)}).denials.empty()) << comm;
  }
}

TEST(KernelLog, DenialThatKilledNobodyIsNone) {
  EXPECT_TRUE(parsed({denied("\"a\"", "sig=0 arch=c000003e syscall=101 compat=0")}).denials.empty())
      << "SystemCallLog=, or an error number";
}

}  // namespace
}  // namespace gatevisor::protocol
