// The kernel's log is evidence beside the counters: what it adds, and that it never decides.

#include <algorithm>

#include "core/advice.h"
#include "core/death.h"
#include "core/kernel_finding.h"
#include "death_testing.h"

namespace gatevisor::core {
namespace {

KernelKill kill_of(int pid, const std::string& cgroup, const std::string& limit) {
  KernelKill kill{"Memory cgroup out of memory: Killed process", "node", pid};
  kill.anon_rss = 1 << 20;
  kill.oom_score_adj = 200;
  kill.constraint = "CONSTRAINT_MEMCG";
  kill.limit_cgroup = limit;
  kill.cgroup = cgroup;
  return kill;
}

/// Of a gatevisor that is not in a container, and of one that is.
KernelLog outside() {
  KernelLog log;
  log.initial_pids = log.initial_cgroups = true;
  return log;
}
KernelLog inside() { return {}; }

std::string told(const Verdict& verdict, const std::string& name) {
  for (const Evidence& fact : verdict.evidence) {
    if (fact.source == "kmsg" && fact.name == name) return fact.value;
  }
  return "nothing";
}

TEST(DeathKernelLog, KillHasItsVictimAndNumbers) {
  FakeCgroups groups;
  groups.oom_kill(Scope::OwnLimit);
  Death death = death_by(kKilled, groups);
  death.kernel_log = outside();
  death.kernel_log->kills = {kill_of(42, "/gateway.slice/1", "/gateway.slice")};
  const Verdict verdict = judged(death);
  EXPECT_EQ(verdict.cause, Cause::OomKill);
  EXPECT_EQ(told(verdict, "line"), "Memory cgroup out of memory: Killed process");
  EXPECT_EQ(told(verdict, "killed"), "node");
  EXPECT_EQ(told(verdict, "pid"), "42");
  EXPECT_EQ(told(verdict, "anon-rss"), "1048576");
  EXPECT_EQ(told(verdict, "file-rss"), "nothing") << "it was not told";
  EXPECT_EQ(told(verdict, "oom_score_adj"), "200");
  EXPECT_EQ(told(verdict, "constraint"), "CONSTRAINT_MEMCG");
  EXPECT_EQ(told(verdict, "oom_memcg"), "/gateway.slice");
  EXPECT_EQ(told(verdict, "contradicted"), "nothing");
}

TEST(DeathKernelLog, WithoutItTheVerdictIsTheSame) {
  FakeCgroups groups;
  groups.oom_kill(Scope::OutsideView);
  Death death = death_by(kKilled, groups);
  Verdict without = judged(death);
  death.kernel_log = inside();
  death.kernel_log->kills = {kill_of(7011, "/pod/x/gateway.slice/1", "/pod")};
  Verdict with = judged(death);
  EXPECT_GT(with.evidence.size(), without.evidence.size());
  with.evidence.clear();
  without.evidence.clear();
  EXPECT_EQ(with, without);
}

TEST(DeathKernelLog, NamesTheLimitThatCannotBeSeen) {
  FakeCgroups groups;
  groups.oom_kill(Scope::OutsideView);
  Death death = death_by(kKilled, groups);
  death.kernel_log = inside();
  death.kernel_log->kills = {kill_of(7011, "/kubepods/pod1/x/gateway.slice/1", "/kubepods/pod1")};
  const Verdict verdict = judged(death);
  EXPECT_EQ(verdict.scope, Scope::OutsideView);
  EXPECT_EQ(told(verdict, "oom_memcg"), "/kubepods/pod1");
  EXPECT_NE(advice(verdict).find("the cgroup /kubepods/pod1,"), std::string::npos);
}

TEST(DeathKernelLog, HelperIsNamed) {
  FakeCgroups groups;
  groups.oom_kill(Scope::OwnLimit);
  Death death = death_by(WaitStatus::exited(1), groups);
  death.kernel_log = outside();
  death.kernel_log->kills = {kill_of(77, "/gateway.slice/1", "/gateway.slice")};
  const Verdict verdict = judged(death);
  EXPECT_EQ(verdict.victim, Victim::Helper);
  EXPECT_EQ(told(verdict, "killed"), "node");
  EXPECT_NE(advice(verdict).find("(the kernel killed 'node')"), std::string::npos);
}

TEST(DeathKernelLog, KillsOfOthersAreNotOurs) {
  FakeCgroups groups;
  groups.oom_kill(Scope::OwnLimit);
  Death death = death_by(kKilled, groups);
  for (const char* cgroup :
       {"/gateway.slice/11", "/other.gateway.slice/1", "/gateway.slice", "/", ""}) {
    for (const KernelLog& log : {outside(), inside()}) {
      death.kernel_log = log;
      death.kernel_log->kills = {kill_of(43, cgroup, "/gateway.slice")};
      EXPECT_EQ(told(judged(death), "killed"), "nothing") << cgroup;
    }
  }
  death.kernel_log = outside();
  death.kernel_log->kills = {kill_of(43, "/docker/x/gateway.slice/1", "/")};
  EXPECT_EQ(told(judged(death), "killed"), "nothing") << "our paths begin at the root";
}

TEST(DeathKernelLog, CgroupBelowTheLeafIsOurs) {
  FakeCgroups groups;
  groups.oom_kill(Scope::OwnLimit);
  Death death = death_by(WaitStatus::exited(1), groups);
  for (const KernelLog& log : {outside(), inside()}) {
    death.kernel_log = log;
    death.kernel_log->kills = {kill_of(43, "/gateway.slice/1/worker", "/gateway.slice")};
    EXPECT_EQ(told(judged(death), "killed"), "node");
  }
}

// Every container of a node may have its 'gateway.slice/1'.
TEST(DeathKernelLog, InAContainerTheLeafsNameMayBeAnothers) {
  FakeCgroups groups;
  groups.oom_kill(Scope::OwnLimit);
  Death death = death_by(kKilled, groups);
  const KernelKill a = kill_of(7011, "/docker/a/gateway.slice/1", "/docker/a/gateway.slice");
  const KernelKill b = kill_of(7012, "/docker/b/gateway.slice/1", "/docker/b/gateway.slice");
  const auto says = [&](std::vector<KernelKill> kills, bool overwritten = false) {
    death.kernel_log = inside();
    death.kernel_log->kills = std::move(kills);
    death.kernel_log->overwritten = overwritten;
    return told(judged(death), "pid");
  };
  EXPECT_EQ(says({a}), "7011");
  EXPECT_EQ(says({a, b}), "nothing") << "which of them?";
  EXPECT_EQ(says({a, kill_of(7013, "", "")}), "nothing") << "the other one may be ours";
  EXPECT_EQ(says({a, kill_of(7013, "/docker/c/x", "/docker/c")}), "7011");
  EXPECT_EQ(says({a}, true), "nothing") << "ours may be gone";
  EXPECT_EQ(says({a, a}), "nothing") << "more than the counter has";
}

TEST(DeathKernelLog, CounterThatDidNotGrowStays) {
  const FakeCgroups groups;
  Death death = death_by(kKilled, groups);
  death.kernel_log = outside();
  death.kernel_log->kills = {kill_of(42, "/gateway.slice/1", "/gateway.slice")};
  const Verdict verdict = judged(death);
  EXPECT_EQ(verdict.cause, Cause::Signal);
  EXPECT_EQ(verdict.sender, Sender::Outside);
  EXPECT_EQ(verdict.confidence, Confidence::Certain);
  EXPECT_EQ(told(verdict, "contradicted"),
            "oom_kill +0 in gateway.slice/1/memory.events, and counters decide");
  death.kernel_log = inside();
  death.kernel_log->kills = {kill_of(7011, "/x/gateway.slice/1", "/x")};
  EXPECT_EQ(told(judged(death), "killed"), "nothing") << "it is another container's";
}

TEST(DeathKernelLog, KillOfAHelperThatWasOutlivedIsNoEvidenceOnTheNextOne) {
  FakeCgroups groups;
  groups.oom_kill(Scope::OwnLimit);
  Death death = death_by(kKilled, groups);
  death.oom = {1, at(110s)};
  death.kernel_log = outside();
  death.kernel_log->kills = {kill_of(77, "/gateway.slice/1", "/gateway.slice")};
  const Verdict verdict = judged(death);
  EXPECT_EQ(verdict.cause, Cause::Signal);
  EXPECT_EQ(told(verdict, "killed"), "nothing");
}

TEST(DeathKernelLog, LimitThatTheCountersNameStays) {
  FakeCgroups groups;
  groups.oom_kill(Scope::OwnLimit);
  Death death = death_by(kKilled, groups);
  death.kernel_log = outside();
  death.kernel_log->kills = {kill_of(42, "/gateway.slice/1", "/elsewhere")};
  const Verdict verdict = judged(death);
  EXPECT_EQ(verdict.scope, Scope::OwnLimit);
  EXPECT_EQ(verdict.limit_path, "gateway.slice");
  EXPECT_EQ(told(verdict, "contradicted"),
            "oom grew in gateway.slice/memory.events.local, and counters decide");
}

TEST(DeathKernelLog, WithoutCountersItIsEvidenceAndNoMore) {
  const FakeCgroups groups(CgroupRung::Hidden);
  Death death = death_by(kKilled, groups);
  death.kernel_log = outside();
  death.kernel_log->kills = {kill_of(42, "/a", "/a")};
  const Verdict verdict = judged(death);
  EXPECT_EQ(verdict.cause, Cause::Signal);
  EXPECT_EQ(verdict.confidence, Confidence::Unknown);
  EXPECT_EQ(told(verdict, "killed"), "node");
}

TEST(DeathKernelLog, OverwrittenRecordsAreSaid) {
  FakeCgroups groups;
  groups.oom_kill(Scope::OwnLimit);
  Death death = death_by(kKilled, groups);
  death.kernel_log = outside();
  death.kernel_log->overwritten = true;
  EXPECT_EQ(told(judged(death), "missing"), "records were overwritten before they were read");
  death.after = FakeCgroups().now();
  EXPECT_EQ(told(judged(death), "missing"), "nothing") << "nothing was to be expected there";
}

KernelDenial denial_of(int pid) {
  KernelDenial denial{"audit: type=1326 …"};
  denial.name = "node";
  denial.pid = pid;
  denial.uid = 1000;
  denial.at_usec = 50'000'000;
  denial.number = 101;
  denial.call = "ptrace";
  denial.group = "@debug";
  return denial;
}

Death seccomp_death() {
  Death death = death_by(WaitStatus::killed(SIGSYS), FakeCgroups());
  death.seccomp_mode = 2;
  return death;
}

TEST(DeathKernelLog, DeniedCallIsNamed) {
  Death death = seccomp_death();
  death.kernel_log = outside();
  death.kernel_log->denials = {denial_of(42)};
  const Verdict verdict = judged(death);
  EXPECT_EQ(verdict.cause, Cause::Seccomp);
  EXPECT_EQ(verdict.confidence, Confidence::Likely);
  EXPECT_EQ(told(verdict, "syscall"), "ptrace");
  EXPECT_EQ(verdict.summary, "made the system call ptrace(2), which its seccomp filter kills for");
  EXPECT_TRUE(advice(verdict).starts_with("Add ptrace (or all of @debug) to SystemCallFilter="));
  death.kernel_log->denials[0].call.clear();
  death.kernel_log->denials[0].group.clear();
  EXPECT_EQ(judged(death).summary,
            "made the system call number 101, which its seccomp filter kills for");
}

TEST(DeathKernelLog, DeniedCallOfAnotherProcessIsNot) {
  Death death = seccomp_death();
  const std::string plain = judged(death).summary;
  death.kernel_log = outside();
  death.kernel_log->denials = {denial_of(43)};
  EXPECT_EQ(judged(death).summary, plain);
}

TEST(DeathKernelLog, InAContainerADenialIsKnownByNameUserAndMoment) {
  KernelLog log = inside();
  log.at_usec = 50'100'000;
  log.main_name = "node";
  log.main_uid = 1000;
  log.denials = {denial_of(7011)};
  EXPECT_NE(find_denial(log, 42), nullptr);
  log.denials.push_back(denial_of(7012));
  EXPECT_EQ(find_denial(log, 42), nullptr) << "which of them?";
  log.denials[0].at_usec = 1'000'000;
  EXPECT_EQ(find_denial(log, 42), &log.denials[1]) << "the other one is long ago";
  log.main_name = "other";
  EXPECT_EQ(find_denial(log, 42), nullptr);
  log.main_name = "node";
  log.main_uid = 1001;
  EXPECT_EQ(find_denial(log, 42), nullptr);
  log.main_uid.reset();
  EXPECT_EQ(find_denial(log, 42), nullptr) << "not known is not the same";
}

TEST(DeathKernelLog, SigsysThatSomebodySentIsNoDenial) {
  Death death = seccomp_death();
  death.seccomp_mode = 0;
  death.kernel_log = outside();
  death.kernel_log->denials = {denial_of(42)};
  EXPECT_EQ(judged(death).cause, Cause::Signal);
}

TEST(DeathKernelLog, IsReadOnlyWhereSomethingCanBeThere) {
  FakeCgroups groups;
  EXPECT_TRUE(may_be_in_kernel_log(kKilled, -1, groups.now()));
  EXPECT_TRUE(may_be_in_kernel_log(WaitStatus::killed(SIGSYS), 2, groups.now()));
  EXPECT_FALSE(may_be_in_kernel_log(WaitStatus::killed(SIGSYS), 0, groups.now()));
  EXPECT_FALSE(may_be_in_kernel_log(WaitStatus::exited(1), -1, groups.now()));
  EXPECT_FALSE(may_be_in_kernel_log(WaitStatus::exited(1), -1, {}));
  groups.oom_kill(Scope::OwnLimit);
  EXPECT_TRUE(may_be_in_kernel_log(WaitStatus::exited(1), -1, groups.now()));
}

}  // namespace
}  // namespace gatevisor::core
