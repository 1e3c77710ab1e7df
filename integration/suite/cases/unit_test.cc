// Unit files: run as systemd would, or not at all.

#include "unit.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <fstream>

#include "cgroup_home.h"

namespace gatevisor::testing {
namespace {

TEST(UnitFile, RunsWithSystemdsEnvironmentAndNothingOfOurs) {
  Unit unit("");
  unit.write("gw.service", "[Service]\nExecStart=" + misbehave() + " report " + unit.report() +
                               " hang\nEnvironment=A=one 'B=two words'\nPassEnvironment=PASSED\n"
                               "SuccessExitStatus=SIGTERM\n");
  Launch launch = unit.launch();
  launch.environment = {{"PASSED", "yes"}, {"NOT_PASSED", "no"}};
  Gatevisor supervisor(launch);
  auto report = unit.files.wait_report("report");
  EXPECT_EQ(report["env.A"], "one");
  EXPECT_EQ(report["env.B"], "two words");
  EXPECT_EQ(report["env.PASSED"], "yes");
  EXPECT_FALSE(report.contains("env.NOT_PASSED"));
  EXPECT_EQ(report["env.PATH"].substr(0, 15), "/usr/local/sbin");
  EXPECT_EQ(report["env.INVOCATION_ID"].size(), 32u);
  EXPECT_EQ(report["cwd"], "/");
  // IgnoreSIGPIPE=yes is the default there: bit 12 of SigIgn.
  EXPECT_TRUE(std::strtoull(report["status.SigIgn"].c_str(), nullptr, 16) & (1u << 12));
}

TEST(UnitFile, VariablesAndSpecifiersOfTheCommandAreReplaced) {
  Unit unit("", "gw@blue.service");
  const std::string out = unit.files.file("out");
  std::ofstream(out) << "";
  chmod(out.c_str(), 0666);
  unit.write("gw@.service", "[Service]\nEnvironment='LIST=write " + out +
                                "'\nExecStart=" + misbehave() +
                                " $LIST \"%i:${TEXT}:%%\" exit 0\n"
                                "Environment=TEXT=a\\x20b\n");
  unlink(unit.path().c_str());
  Gatevisor supervisor(unit.launch());
  EXPECT_EQ(supervisor.expect_exited().text("/verdict/unit"), "gw@blue");
  EXPECT_EQ(supervisor.expect_end(), 0);
  EXPECT_EQ(read_file(out), "blue:a b:%");
}

TEST(UnitFile, DropInsAndPropertiesComeOnTop) {
  Unit unit("[Service]\nExecStart=" + misbehave() + " exit 1\nRestart=always\n");
  unit.drop_in("20-b.conf", "[Service]\nExecStart=\nExecStart=" + misbehave() + " exit 4\n");
  unit.drop_in("10-a.conf", "[Service]\nRestart=no\n");
  Gatevisor supervisor(unit.launch({"-p", "SuccessExitStatus=4"}));
  EXPECT_EQ(supervisor.expect_exited().text("/verdict/cause"), "clean");
  EXPECT_EQ(supervisor.expect_end(), 0);
}

TEST(UnitFile, StartLimitIsSystemds) {
  Unit unit("[Service]\nExecStart=" + misbehave() + " exit 3\nRestart=on-failure\nRestartSec=0\n");
  Gatevisor supervisor(unit.launch());
  EXPECT_EQ(supervisor.expect("start-limit").number("/starts"), 5);
  EXPECT_EQ(supervisor.expect_end(), 3);
}

TEST(UnitFile, AProtectionThatCannotBeGivenKeepsItFromStarting) {
  Unit unit("[Service]\nExecStart=" + misbehave() + " exit 0\nDynamicUser=yes\n");
  Gatevisor refused(unit.launch());
  EXPECT_EQ(refused.expect_end(), 78);
  EXPECT_EQ(std::ranges::count(refused.log(), '\n'), 1) << refused.log();
  EXPECT_NE(refused.log().find("gw.service:3:1: DynamicUser=:"), std::string::npos);
  Gatevisor allowed(unit.launch({"--allow=DynamicUser"}));
  EXPECT_NE(allowed.expect("warning").text("/message").find("DynamicUser="), std::string::npos);
  EXPECT_EQ(allowed.expect_end(), 0);
}

TEST(UnitFile, ConditionThatIsNotMetSkipsIt) {
  const std::string start = "[Service]\nExecStart=" + misbehave() + " exit 5\n";
  const auto ends_with = [&start](const std::string& conditions) {
    Unit unit("[Unit]\n" + conditions + start);
    Gatevisor supervisor(unit.launch());
    const int status = supervisor.expect_end();
    return std::pair(status, supervisor.log());
  };
  EXPECT_EQ(ends_with("ConditionPathExists=/proc/self\n").first, 5);
  EXPECT_EQ(ends_with("ConditionPathExists=!/no\nConditionDirectoryNotEmpty=/proc\n").first, 5);
  EXPECT_EQ(ends_with("ConditionPathExists=|/no\nConditionPathIsDirectory=|/proc\n").first, 5);
  const auto [skipped, log] = ends_with("ConditionPathExists=/no\n");
  EXPECT_EQ(skipped, 0);
  EXPECT_NE(log.find("gw.service:2:1: ConditionPathExists=/no is not met; the unit is skipped"),
            std::string::npos)
      << log;
  EXPECT_EQ(ends_with("ConditionPathExists=|/no\nConditionPathExists=|/nor\n").first, 0);
  EXPECT_EQ(ends_with("AssertFileIsExecutable=/proc/version\n").first, 78);
}

TEST(UnitFile, BadInput_IsOneLineWithThePlace) {
  Unit unit("[Service]\nExecStart=" + misbehave() + " exit 0\nMemoryMax=12Q\n");
  Gatevisor wrong(unit.launch());
  EXPECT_EQ(wrong.expect_end(), 78);
  EXPECT_NE(wrong.log().find("gw.service:3:11: MemoryMax=:"), std::string::npos) << wrong.log();
  Launch missing = unit.launch();
  missing.unit = unit.files.file("units/no.service");
  Gatevisor absent(missing);
  EXPECT_EQ(absent.expect_end(), 66);
  EXPECT_EQ(std::ranges::count(absent.log(), '\n'), 1);
}

TEST(UnitFile, ItsPidFileIsToldToIt) {
  Unit unit("");
  unit.write("gw.service", "[Service]\nPIDFile=gatevisor-test.pid\nExecStart=" + misbehave() +
                               " report " + unit.report() + " wait\n");
  Gatevisor supervisor(unit.launch());
  EXPECT_EQ(unit.files.wait_report("report")["env.PIDFILE"], "/run/gatevisor-test.pid");
  supervisor.signal(SIGTERM);
  EXPECT_EQ(supervisor.expect_end(), 0);
}

TEST(UnitFile, OneDirectiveWithoutEffectIsCountedInTheSingular) {
  Unit unit("[Install]\nWantedBy=a.target\n[Service]\nExecStart=" + misbehave() + " exit 0\n");
  Gatevisor supervisor(unit.launch());
  EXPECT_NE(supervisor.expect("warning").text("/message").find("1 directive of "),
            std::string::npos);
  EXPECT_EQ(supervisor.expect_end(), 0);
}

TEST(UnitFile, PrivateUsersAreRootAndItsOwn) {
  Unit unit("");
  unit.write("gw.service", "[Service]\nPrivateUsers=yes\nUser=61234\nGroup=61235\nExecStart=" +
                               misbehave() + " report " + unit.report() + " hang\n");
  Gatevisor supervisor(unit.launch());
  auto report = unit.files.wait_report("report");
  EXPECT_EQ(report["uid"], "61234");
  EXPECT_EQ(report["gid"], "61235");
  EXPECT_EQ(report["uid_map"], "0 0 1;61234 61234 1;");
  EXPECT_EQ(report["gid_map"], "0 0 1;61235 61235 1;");
  EXPECT_EQ(report["status.CapEff"], "0000000000000000");
  supervisor.signal(SIGTERM);
  EXPECT_EQ(supervisor.expect_end(), 143);
}

TEST(UnitFile, PrivateUsersAreDroppedToAsTheUnitSays) {
  Unit unit("");
  unit.write("gw.service",
             "[Service]\nPrivateUsers=yes\nCapabilityBoundingSet=CAP_CHOWN\nExecStart=" +
                 misbehave() + " report " + unit.report() + " hang\n");
  Gatevisor supervisor(unit.launch());
  auto report = unit.files.wait_report("report");
  EXPECT_EQ(report["uid"], "0");
  EXPECT_EQ(report["uid_map"], "0 0 1;");
  EXPECT_EQ(report["status.CapBnd"], "0000000000000001");
  supervisor.signal(SIGTERM);
  EXPECT_EQ(supervisor.expect_end(), 143);
}

TEST(UnitFile, IpcOfItsUserIsRemovedAfterItsEnd) {
  const std::string shared = "/dev/shm/gatevisor-test-" + std::to_string(getpid());
  const std::string start =
      "[Service]\nUser=61236\nExecStart=/bin/sh -c 'echo x >" + shared + "'\n";
  Unit keeping(start);
  Gatevisor keeper(keeping.launch());
  EXPECT_EQ(keeper.expect_end(), 0);
  EXPECT_EQ(read_file(shared), "x\n");
  Unit removing(start + "RemoveIPC=yes\n");
  Gatevisor remover(removing.launch());
  EXPECT_EQ(remover.expect_end(), 0);
  EXPECT_NE(access(shared.c_str(), F_OK), 0);
}

TEST(UnitFile, VerifyTellsTheFateOfEachDirective) {
  Unit unit("[Unit]\nAfter=x.target\n[Service]\nExecStart=/bin/true\nDynamicUser=yes\n");
  const auto [status, output] = answer_of("verify " + unit.path());
  EXPECT_EQ(status, 1);
  EXPECT_NE(output.find("cannot be started, 1 error"), std::string::npos) << output;
  EXPECT_NE(output.find("ignored   After "), std::string::npos);
  EXPECT_NE(output.find("done      ExecStart"), std::string::npos);
  EXPECT_NE(output.find("refused   DynamicUser "), std::string::npos);
}

TEST(UnitFile, ShowTellsTheEffectiveValues) {
  Unit unit("[Service]\nExecStart=/bin/true\nMemoryMax=1M\nEnvironment=A=1\n");
  unit.drop_in("10-a.conf", "[Service]\nMemoryMax=2M\nEnvironment='B=x y'\n");
  EXPECT_EQ(answer_of("show -p Environment,MemoryMax -p User " + unit.path()),
            std::pair(0, std::string("MemoryMax=2097152\nEnvironment=A=1 \"B=x y\"\nUser=\n")));
  EXPECT_EQ(answer_of("show --value -p KillSignal --set KillSignal=INT " + unit.path()),
            std::pair(0, std::string("2\n")));
  const auto [status, all] = answer_of("show " + unit.path());
  EXPECT_EQ(status, 0);
  EXPECT_EQ(all.find("\nUser="), std::string::npos);
  EXPECT_NE(all.find("\nType=simple\n"), std::string::npos);
}

TEST(UnitFile, BadInput_OfShowIsOneLine) {
  Unit unit("[Service]\nExecStart=/bin/true\nNice=high\n");
  const auto [refused, error] = answer_of("show -p Nice " + unit.path());
  EXPECT_EQ(refused, 1);
  EXPECT_NE(error.find("gw.service:3:6: Nice=:"), std::string::npos) << error;
  EXPECT_NE(error.find("\nNice="), std::string::npos) << error;
  std::ofstream(unit.path()) << "no section\n";
  const auto [broken, defaults] = answer_of("show -p Type " + unit.path());
  EXPECT_EQ(broken, 1);
  EXPECT_NE(defaults.find("\nType=simple\n"), std::string::npos) << defaults;
  const auto [unknown, advice] = answer_of("show -p RestartSec " + unit.path());
  EXPECT_EQ(unknown, 64);
  EXPECT_EQ(advice, "gatevisor: show: no property is called RestartSec; it is shown as "
                    "RestartUSec\n");
  EXPECT_EQ(answer_of("show /nonexistent.service").first, 66);
}

}  // namespace
}  // namespace gatevisor::testing
