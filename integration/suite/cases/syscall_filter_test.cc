// System call filters, from a unit file: what the service is denied, and what it is told of it.

#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <fstream>

#include "gatevisor.h"

namespace gatevisor::testing {
namespace {

using Report = std::map<std::string, std::string>;

/// A unit with these lines whose service does these words.
Launch unit(const TempDir& files, const std::string& words, const std::string& lines) {
  std::ofstream(files.file("gw.service"))
      << "[Service]\nExecStart=" << fixture("misbehave") << " " << words << "\n"
      << lines;
  Launch launch;
  launch.unit = files.file("gw.service");
  return launch;
}

/// What it reports of itself and of what it tried.
Report report_of(const std::string& lines) {
  TempDir files;
  Gatevisor supervisor(unit(
      files, "forbidden " + files.file("calls") + " report " + files.file("status") + " exit 0",
      lines));
  EXPECT_EQ(supervisor.expect_end(), 0) << supervisor.log();
  Report report = files.wait_report("status");
  report.merge(files.wait_report("calls"));
  return report;
}

void expect_calls(const std::string& lines, const Report& calls) {
  Report report = report_of(lines);
  for (const auto& [call, result] : calls) EXPECT_EQ(report[call], result) << lines << call;
}

TEST(SystemCalls, WithoutASettingNoneIsFiltered) {
  Report report = report_of("");
  EXPECT_EQ(report["status.Seccomp"], "0");
  EXPECT_EQ(report["getsid"], "ok");
  EXPECT_EQ(report["inet"], "ok");
  EXPECT_EQ(report["setns"], "EBADF");
  EXPECT_EQ(report["unshare"], "EINVAL");
  EXPECT_EQ(report["clone3"], "EINVAL");
  EXPECT_EQ(report["set_personality"], "ok");
  EXPECT_EQ(report["mmap"], "ok");
  EXPECT_EQ(report["realtime"], "EINVAL");
  EXPECT_EQ(report["suid"], "EBADF");
}

TEST(SystemCalls, SystemCallFilterDeniesWithTheErrorNumber) {
  expect_calls("SystemCallFilter=~getsid @mount\nSystemCallErrorNumber=EPERM\n",
               {{"getsid", "EPERM"}, {"mount", "EPERM"}, {"inet", "ok"}, {"status.Seccomp", "2"}});
  expect_calls(
      "SystemCallFilter=@system-service\nSystemCallFilter=~getsid:EILSEQ\n"
      "SystemCallErrorNumber=EACCES\n",
      {{"getsid", "EILSEQ"}, {"mount", "EACCES"}, {"inet", "ok"}});
}

TEST(SystemCalls, WithoutAnErrorNumberTheFilterKills) {
  TempDir files;
  Gatevisor supervisor(
      unit(files, "report " + files.file("report") + " exit 0", "SystemCallFilter=~getsid\n"));
  const Record exited = supervisor.expect_exited();
  EXPECT_EQ(exited.text("/verdict/cause"), "seccomp");
  EXPECT_EQ(exited.text("/verdict/signal"), "SIGSYS");
  EXPECT_EQ(supervisor.expect_end(), 128 + SIGSYS);
}

TEST(SystemCalls, AFilterWithoutExecveIsAnExecFailure) {
  for (const char* lines : {"SystemCallFilter=~execve\n",
                            "SystemCallFilter=~@default\nSystemCallErrorNumber=EPERM\n"}) {
    TempDir files;
    Gatevisor supervisor(unit(files, "exit 0", lines));
    const Record exited = supervisor.expect_exited();
    EXPECT_EQ(exited.text("/verdict/cause"), "exec-failure");
    EXPECT_NE(exited.text("/verdict/summary").find("could not execute"), std::string::npos);
    EXPECT_EQ(supervisor.expect_end(), 203);
  }
}

TEST(SystemCalls, UnknownNamesAreToldWithTheirPlace) {
  TempDir files;
  Gatevisor supervisor(unit(files, "exit 0", "SystemCallFilter=~mount nosuch\n"));
  EXPECT_EQ(supervisor.expect_end(), 78);
  EXPECT_NE(supervisor.log().find("gw.service:3:18: SystemCallFilter=: 'nosuch'"),
            std::string::npos)
      << supervisor.log();
}

TEST(SystemCalls, SystemCallLogDeniesNothing) {
  expect_calls("SystemCallLog=getsid\n", {{"getsid", "ok"}, {"status.Seccomp", "2"}});
}

#ifdef __x86_64__
TEST(SystemCalls, SystemCallArchitecturesEndsWhatIsOfAnother) {
  TempDir files;
  Gatevisor supervisor(
      unit(files, "forbidden " + files.file("calls"), "SystemCallArchitectures=native\n"));
  EXPECT_EQ(supervisor.expect_exited().text("/verdict/cause"), "seccomp");
  supervisor.expect_end();
}
#endif

TEST(SystemCalls, RestrictAddressFamilies) {
  expect_calls("RestrictAddressFamilies=AF_UNIX\n", {{"inet", "EAFNOSUPPORT"}, {"unix", "ok"}});
  expect_calls("RestrictAddressFamilies=~AF_UNIX\n", {{"inet", "ok"}, {"unix", "EAFNOSUPPORT"}});
  expect_calls("RestrictAddressFamilies=none\n",
               {{"inet", "EAFNOSUPPORT"}, {"unix", "EAFNOSUPPORT"}});
}

TEST(SystemCalls, RestrictNamespaces) {
  expect_calls("RestrictNamespaces=yes\n",
               {{"setns", "EPERM"}, {"unshare", "EPERM"}, {"clone3", "ENOSYS"}});
  expect_calls("RestrictNamespaces=net\n", {{"setns", "EBADF"}, {"unshare", "EPERM"}});
  expect_calls("RestrictNamespaces=~net\n", {{"setns", "EPERM"}, {"unshare", "EINVAL"}});
}

TEST(SystemCalls, LockPersonality) {
  expect_calls("LockPersonality=yes\n", {{"set_personality", "EPERM"}});
}

TEST(SystemCalls, MemoryDenyWriteExecute) {
  expect_calls("MemoryDenyWriteExecute=yes\n", {{"mmap", "EPERM"}});
}

TEST(SystemCalls, RestrictRealtime) {
  expect_calls("RestrictRealtime=yes\n", {{"realtime", "EPERM"}, {"batch", "EINVAL"}});
}

TEST(SystemCalls, RestrictSUIDSGID) {
  expect_calls("RestrictSUIDSGID=yes\n", {{"suid", "EPERM"}, {"chmod", "EBADF"}});
}

TEST(SystemCalls, NoNewPrivilegesIsImpliedWithoutCapSysAdmin) {
  EXPECT_EQ(report_of("RestrictRealtime=yes\n")["status.NoNewPrivs"], "0");
  EXPECT_EQ(report_of("RestrictRealtime=yes\nUser=65534\n")["status.NoNewPrivs"], "1");
  EXPECT_EQ(report_of("User=65534\n")["status.NoNewPrivs"], "0");
}

TEST(SystemCalls, FullPrivilegesAreNotFiltered) {
  TempDir files;
  std::ofstream(files.file("gw.service"))
      << "[Service]\nExecStart=+" << fixture("misbehave") << " report " << files.file("report")
      << " exit 0\nSystemCallFilter=~getsid\n";
  Launch launch;
  launch.unit = files.file("gw.service");
  Gatevisor supervisor(launch);
  EXPECT_EQ(supervisor.expect_end(), 0);
  EXPECT_EQ(files.wait_report("report")["status.Seccomp"], "0");
}

TEST(SystemCalls, ThePropertyOfTheCommandLineIsTheSame) {
  Gatevisor supervisor({.command = {"report", "/dev/null", "exit", "0"},
                        .properties = {"SystemCallFilter=~getsid", "Restart=no"}});
  EXPECT_EQ(supervisor.expect_exited().text("/verdict/cause"), "seccomp");
  supervisor.expect_end();
}

}  // namespace
}  // namespace gatevisor::testing
