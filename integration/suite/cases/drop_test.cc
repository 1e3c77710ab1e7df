// What the gateway is when it runs: its user, limits, environment; and what it could not become.

#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <fstream>

#include "cgroup_home.h"
#include "gatevisor.h"
#include "unit.h"

namespace gatevisor::testing {
namespace {

/// Runs the gateway once with `properties`; what it found itself to be.
std::map<std::string, std::string> report_with(
    std::vector<std::string> properties, std::map<std::string, std::string> environment = {}) {
  TempDir files;
  Gatevisor supervisor({.command = {"report", files.file("report"), "hang"},
                        .properties = std::move(properties),
                        .environment = std::move(environment)});
  auto report = files.wait_report("report");
  supervisor.signal(SIGTERM);
  EXPECT_EQ(supervisor.expect_end(), 143) << supervisor.log();
  return report;
}

bool bit(const std::string& hexadecimal, int capability) {
  return (std::strtoull(hexadecimal.c_str(), nullptr, 16) >> capability & 1) != 0;
}

TEST(Drop, SeedRow_WhoItRunsAs_UserGroupsUmaskAndHome) {
  auto report = report_with(
      {"User=65534", "SupplementaryGroups=12 34", "UMask=0007", "Environment=HOME=/sandbox"});
  EXPECT_EQ(report["uid"], "65534");
  EXPECT_EQ(report["euid"], "65534");
  EXPECT_EQ(report["gid"], report["egid"]);
  EXPECT_NE((" " + report["groups"]).find(" 12 "), std::string::npos) << report["groups"];
  EXPECT_NE((" " + report["groups"]).find(" 34 "), std::string::npos) << report["groups"];
  EXPECT_EQ(report["umask"], "7");
  EXPECT_EQ(report["env.HOME"], "/sandbox");
}

/// In the child: /etc/passwd and /etc/group of `files`, in a mount namespace of its own.
void see_accounts_of(const TempDir& files) {
  const auto cover = [&](const std::string& name) {
    return mount(files.file(name).c_str(), ("/etc/" + name).c_str(), nullptr, MS_BIND, nullptr) ==
           0;
  };
  if (unshare(CLONE_NEWNS) != 0 ||
      mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 || !cover("passwd") ||
      !cover("group")) {
    std::perror("accounts");
    _exit(126);
  }
}

TEST(Drop, SeedRow_WhoItRunsAs_ByNameInTheGroupsThatListIt) {
  TempDir files;
  {
    std::ofstream(files.file("passwd")) << "root:x:0:0:root:/root:/bin/sh\n"
                                           "sandbox:x:4243:4243::/sandbox:/bin/sh\n"
                                           "gateway:x:4242:4242::/tmp:/usr/sbin/nologin\n";
  }
  {
    std::ofstream(files.file("group")) << "root:x:0:\nsandbox:x:4243:other,gateway\n"
                                          "gateway:x:4242:\nothers:x:4244:sandbox\n";
  }
  Gatevisor supervisor(
      {.command = {"report", files.file("report"), "once", files.file("x"), "exit", "1"},
       .properties = {"User=gateway", "UMask=0007", "RestartSec=0", "WorkingDirectory=~"},
       .prepare = [&files] { see_accounts_of(files); }});
  for (int launch = 1; launch <= 2; ++launch) {
    supervisor.expect_started();
    auto report = files.wait_report("report");
    EXPECT_EQ(report["uid"], "4242");
    EXPECT_EQ(report["gid"], "4242");
    EXPECT_EQ(report["groups"], "4242 4243 ");
    EXPECT_EQ(report["umask"], "7");
    EXPECT_EQ(report["cwd"], "/tmp");
    EXPECT_EQ(report["env.HOME"], "/tmp");
    EXPECT_EQ(report["env.USER"], "gateway");
    EXPECT_FALSE(report.contains("env.SHELL"));  // it is nologin
  }
}

TEST(Drop, SeedRow_WhoItRunsAs_LaterGatewaysToo) {
  TempDir files;
  Gatevisor supervisor({.command = {"once", files.file("x"), "exit", "1"},
                        .properties = {"User=65534", "RestartSec=0"}});
  supervisor.expect_started();
  supervisor.expect_exited();
  const int second = supervisor.expect_started();
  EXPECT_EQ(status_number(second, "Uid:"), 65534);
}

TEST(Drop, SeedRow_BoundingSet_LacksWhatIsNotKept) {
  auto report = report_with({"User=65534", "CapabilityBoundingSet=CAP_NET_BIND_SERVICE"});
  const std::string bounding = report["status.CapBnd"];
  EXPECT_TRUE(bit(bounding, CAP_NET_BIND_SERVICE));
  for (const int gone : {CAP_SYS_ADMIN, CAP_SYS_PTRACE, CAP_NET_RAW, CAP_DAC_OVERRIDE,
                         CAP_SYS_CHROOT, CAP_FSETID, CAP_SETFCAP, CAP_MKNOD, CAP_AUDIT_WRITE,
                         CAP_SETUID, CAP_SETGID, CAP_FOWNER, CAP_CHOWN, CAP_KILL}) {
    EXPECT_FALSE(bit(bounding, gone)) << gone;
  }
  for (const char* set : {"status.CapInh", "status.CapPrm", "status.CapEff", "status.CapAmb"}) {
    EXPECT_EQ(std::strtoull(report[set].c_str(), nullptr, 16), 0U) << set;
  }
}

TEST(Drop, AmbientCapabilityIsHeldWithoutRoot) {
  auto report = report_with({"User=65534", "AmbientCapabilities=CAP_NET_BIND_SERVICE",
                             "CapabilityBoundingSet=CAP_NET_BIND_SERVICE"});
  for (const char* set : {"status.CapInh", "status.CapPrm", "status.CapEff", "status.CapAmb"}) {
    EXPECT_EQ(std::strtoull(report[set].c_str(), nullptr, 16), 1ULL << CAP_NET_BIND_SERVICE) << set;
  }
}

TEST(Drop, SeedRow_StrictCapabilities_CannotDropMeansNotStarted) {
  TempDir files;
  Gatevisor strict({.command = {"print", "x"},
                    .properties = {"CapabilityBoundingSet="},
                    .drop_capability = CAP_SETPCAP});
  EXPECT_EQ(strict.expect_end(), 218);
  EXPECT_NE(strict.log().find("CAP_SETPCAP"), std::string::npos) << strict.log();
  EXPECT_EQ(strict.lines_with("started"), 0U);

  Gatevisor lenient({.command = {"exit", "0"},
                     .properties = {"CapabilityBoundingSet=", "StrictCapabilities=no"},
                     .drop_capability = CAP_SETPCAP});
  EXPECT_NE(lenient.expect("warning").text("/message").find("sys_admin"), std::string::npos);
  EXPECT_EQ(lenient.expect_end(), 0);
}

TEST(Drop, SeedRow_NotRoot_SameSupervisionAndNoSetuid) {
  TempDir files;
  Gatevisor supervisor(
      {.command = {"report", files.file("report"), "once", files.file("x"), "exit", "3"},
       .properties = {"RestartSec=0"},
       .uid = 1234});
  EXPECT_EQ(files.wait_report("report")["uid"], "1234");
  EXPECT_EQ(supervisor.expect_exited().text("/verdict/cause"), "exit-code");
  supervisor.expect("started");
  supervisor.signal(SIGTERM);
  EXPECT_EQ(supervisor.expect_exited().text("/verdict/cause"), "requested");
  supervisor.expect_end();
}

TEST(Drop, SchedulingIsAsItWasSet) {
  auto report = report_with({"Nice=7", "CPUSchedulingPolicy=batch", "CPUAffinity=0",
                             "IOSchedulingClass=best-effort", "IOSchedulingPriority=6"});
  EXPECT_EQ(report["nice"], "7");
  EXPECT_EQ(report["policy"], std::to_string(SCHED_BATCH));
  EXPECT_EQ(report["ioprio"], std::to_string(2 << 13 | 6));
  EXPECT_EQ(report["status.Cpus_allowed_list"], "0");
}

TEST(Drop, NotRootAndAnotherUserIsRefusedUnlessAllowed) {
  Gatevisor strict({.command = {"exit", "0"}, .properties = {"User=65534"}, .uid = 1234});
  EXPECT_EQ(strict.expect_end(), 217);
  Gatevisor lenient({.command = {"exit", "0"},
                     .properties = {"User=65534", "StrictCapabilities=no"},
                     .uid = 1234});
  lenient.expect("warning");
  EXPECT_EQ(lenient.expect_end(), 0);
}

TEST(Drop, SeedRow_Secrets_AreNotInItsEnvironment) {
  auto report = report_with({"UnsetEnvironment=OPENCLAW_GATEWAY_TOKEN"},
                            {{"OPENCLAW_GATEWAY_TOKEN", "secret"}, {"KEPT", "1"}});
  EXPECT_FALSE(report.contains("env.OPENCLAW_GATEWAY_TOKEN"));
  EXPECT_EQ(report["env.KEPT"], "1");
  EXPECT_EQ(report["env.INVOCATION_ID"].size(), 32U);
}

TEST(Drop, SeedRow_Rlimits_SoftAndHard) {
  auto report = report_with({"LimitNPROC=512", "LimitNOFILE=4096", "LimitCORE=0"});
  EXPECT_EQ(report["limit.nproc"], "512:512");
  EXPECT_EQ(report["limit.nofile"], "4096:4096");
  EXPECT_EQ(report["limit.core"], "0:0");
}

TEST(Drop, EnvironmentFileIsRead) {
  TempDir files;
  {
    std::ofstream(files.file("env")) << "# a comment\nONE=1\nTWO='two words'\n";
  }
  auto report = report_with(
      {"EnvironmentFile=" + files.file("env"), "EnvironmentFile=-" + files.file("missing")});
  EXPECT_EQ(report["env.ONE"], "1");
  EXPECT_EQ(report["env.TWO"], "two words");
}

TEST(Drop, EnvironmentFileMayBeAPattern) {
  TempDir files;
  for (const char* name : {"20.env", "10.env"}) {
    std::ofstream(files.file(name)) << "LAST=" << name << "\nOF_" << std::string(name, 2) << "=1\n";
  }
  auto report = report_with({"EnvironmentFile=" + files.file("*.env")});
  EXPECT_EQ(report["env.OF_10"], "1");
  EXPECT_EQ(report["env.LAST"], "20.env");
}

TEST(Drop, LimitAboveWhatTheKernelAllowsIsAsMuchAsItDoes) {
  const std::string most = std::to_string(std::stoul(read_file("/proc/sys/fs/nr_open")));
  rlimit own{};
  getrlimit(RLIMIT_NOFILE, &own);  // what is left where CAP_SYS_RESOURCE is not
  const std::string least = std::to_string(own.rlim_max);
  const std::string limit = report_with({"LimitNOFILE=infinity"})["limit.nofile"];
  EXPECT_TRUE(limit == most + ":" + most || limit == least + ":" + least) << limit;
}

TEST(Drop, NothingOfGatevisorIsInherited) {
  auto report = report_with({"NoNewPrivileges=yes", "WorkingDirectory=/tmp"});
  EXPECT_EQ(report["fds"], "0 1 2 ");
  EXPECT_EQ(report["status.NoNewPrivs"], "1");
  EXPECT_EQ(report["cwd"], "/tmp");
  EXPECT_EQ(report["sid"], report["pid"]);
  EXPECT_EQ(std::strtoull(report["status.SigBlk"].c_str(), nullptr, 16), 0U);
  EXPECT_EQ(std::strtoull(report["status.SigIgn"].c_str(), nullptr, 16), 0U);
}

TEST(Drop, NothingThatGatevisorWasStartedWithIsPassedOn) {
  TempDir files;
  Gatevisor supervisor({.command = {"report", files.file("report"), "hang"}, .prepare = [] {
                          for (const int signal : {SIGTERM, SIGCHLD, SIGHUP, SIGPIPE}) {
                            std::signal(signal, SIG_IGN);
                          }
                          sigset_t mask;
                          sigfillset(&mask);
                          sigprocmask(SIG_BLOCK, &mask, nullptr);
                          close(0);
                          close(1);
                        }});
  auto report = files.wait_report("report");
  EXPECT_EQ(report["fds"], "0 1 2 ");
  EXPECT_EQ(std::strtoull(report["status.SigBlk"].c_str(), nullptr, 16), 0U);
  EXPECT_EQ(std::strtoull(report["status.SigIgn"].c_str(), nullptr, 16), 0U);
  supervisor.signal(SIGTERM);
  EXPECT_EQ(supervisor.expect_end(), 143);
}

TEST(Drop, OomScoreIsTheOneThatGatevisorWasStartedWith) {
  const std::string own = read_file("/proc/self/oom_score_adj");
  EXPECT_EQ(report_with({})["oom_score_adj"] + "\n", own);
  EXPECT_EQ(report_with({"OOMScoreAdjust=700"})["oom_score_adj"], "700");
}

TEST(Drop, OomScoreOfASecondUnitIsTheSame) {
  const std::string own = read_file("/proc/self/oom_score_adj");
  Unit unit("");
  const auto service = [&](const std::string& name) {
    return "[Service]\nExecStart=" + misbehave() + " report " + unit.files.file(name) + " wait\n";
  };
  unit.write("gw.service", "[Unit]\nWants=other.service\n" + service("main"));
  unit.write("other.service", service("other"));
  Gatevisor supervisor(unit.launch());
  EXPECT_EQ(unit.files.wait_report("main")["oom_score_adj"] + "\n", own);
  EXPECT_EQ(unit.files.wait_report("other")["oom_score_adj"] + "\n", own);
  supervisor.signal(SIGTERM);
  EXPECT_EQ(supervisor.expect_end(), 0);
}

// A container's root may not either; systemd goes on as well.
TEST(Drop, OomScoreThatMayNotBeLoweredIsAWarning) {
  Gatevisor supervisor(
      {.command = {"exit", "0"}, .properties = {"OOMScoreAdjust=-900"}, .uid = 1234});
  EXPECT_NE(supervisor.expect("warning").text("/message").find("OOMScoreAdjust=-900 is below"),
            std::string::npos);
  EXPECT_EQ(supervisor.expect_end(), 0);
}

}  // namespace
}  // namespace gatevisor::testing
