// Credentials, streams and the kernel's smaller settings, from a unit file.

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "cgroup_home.h"
#include "gatevisor.h"

namespace gatevisor::testing {
namespace {

namespace fs = std::filesystem;

class ExecContext : public ::testing::Test {
 protected:
  Launch launch(const std::string& service) {
    std::ofstream(files_.file(unit_)) << service;
    Launch launch;
    launch.unit = files_.file(unit_);
    return launch;
  }
  /// A unit of one shell script.
  Launch shell(const std::string& script, const std::string& more) {
    std::ofstream(files_.file("script")) << script << "\n";
    return launch("[Service]\nExecStart=/bin/sh " + files_.file("script") + "\n" + more);
  }
  std::string content(const std::string& name) const {
    std::ifstream file(files_.file(name));
    return {std::istreambuf_iterator<char>(file), {}};
  }
  int end(const Launch& launch) const {
    Gatevisor supervisor(launch);
    return supervisor.expect_end();
  }

  const std::string unit_ = "gatevisor-test-" + std::to_string(getpid()) + ".service";
  TempDir files_;
};

TEST_F(ExecContext, CredentialsAreTheUsersAloneAndGoneAtTheEnd) {
  std::ofstream(files_.file("secret")) << "hush";
  chmod(files_.file("secret").c_str(), 0600);
  const std::string directory = "/run/credentials/" + unit_;
  Gatevisor supervisor(shell(
      "id -u\ncat $CREDENTIALS_DIRECTORY/a $CREDENTIALS_DIRECTORY/b\n"
      "stat -c ' %a %u' $CREDENTIALS_DIRECTORY $CREDENTIALS_DIRECTORY/a\n"
      "touch $CREDENTIALS_DIRECTORY/x 2>/dev/null && echo written\necho $CREDENTIALS_DIRECTORY $D",
      "User=1234\nLoadCredential=a:" + files_.file("secret") +
          "\nSetCredential=b:-%%n\\n\nEnvironment=D=%d\nStandardOutput=truncate:" +
          files_.file("out") + "\n"));
  EXPECT_EQ(supervisor.expect_end(), 0);
  EXPECT_EQ(content("out"),
            "1234\nhush-%%n\n 500 1234\n 400 1234\n" + directory + " " + directory + "\n");
  EXPECT_FALSE(fs::exists(directory));
}

TEST_F(ExecContext, CredentialThatIsNotThereIsSystemdsExitStatus) {
  Launch none = shell("exit 0", "LoadCredential=a:/no/such\n");
  none.environment = {{"XDG_RUNTIME_DIR", files_.file("run")}};
  EXPECT_EQ(end(none), 243);
}

TEST_F(ExecContext, EncryptedCredentialIsRefused) {
  Gatevisor supervisor(launch("[Service]\nExecStart=/bin/true\nLoadCredentialEncrypted=a:/x\n"));
  EXPECT_EQ(supervisor.expect_end(), 78);
  EXPECT_NE(supervisor.log().find("no host key"), std::string::npos) << supervisor.log();
}

TEST_F(ExecContext, InputIsDataOrAFile) {
  EXPECT_EQ(end(shell("exec cat",
                      "StandardInputText=one\\ttwo\nStandardInputData=dGhyZWUK\n"
                      "StandardOutput=file:" +
                          files_.file("out") + "\n")),
            0);
  EXPECT_EQ(content("out"), "one\ttwo\nthree\n");
  std::ofstream(files_.file("in")) << "from a file";
  EXPECT_EQ(end(shell("exec cat", "StandardInput=file:" + files_.file("in") +
                                      "\nStandardOutput=truncate:" + files_.file("out") + "\n")),
            0);
  EXPECT_EQ(content("out"), "from a file");
  EXPECT_EQ(end(shell("exec cat", "StandardInput=file:/no/such\n")), 208);
}

TEST_F(ExecContext, OutputOverwritesAppendsOrTruncates) {
  const auto run = [this](const std::string& how) {
    std::ofstream(files_.file("out")) << "0123456789";
    EXPECT_EQ(end(shell("printf abc; printf d >&2",
                        "StandardOutput=" + how + ":" + files_.file("out") + "\n")),
              0);
    return content("out");
  };
  EXPECT_EQ(run("file"), "abcd456789");
  EXPECT_EQ(run("append"), "0123456789abcd");
  EXPECT_EQ(run("truncate"), "abcd");
}

TEST_F(ExecContext, OutputGoesThroughNoLink) {
  std::ofstream(files_.file("victim")) << "kept";
  fs::create_symlink(files_.file("victim"), files_.file("out"));
  for (const char* how : {"file:", "truncate:"}) {
    EXPECT_EQ(end(shell("echo x", "StandardOutput=" + (how + files_.file("out")) + "\n")), 209);
  }
  fs::remove(files_.file("out"));
  fs::create_hard_link(files_.file("victim"), files_.file("out"));
  EXPECT_EQ(end(shell("echo x", "StandardOutput=truncate:" + files_.file("out") + "\n")), 209);
  EXPECT_EQ(content("victim"), "kept");
}

TEST_F(ExecContext, OneFileForInputAndOutputIsOpenedOnce) {
  std::ofstream(files_.file("both")) << "ab";
  EXPECT_EQ(end(shell("read -r first; printf -- -$first",
                      "StandardInput=file:" + files_.file("both") +
                          "\nStandardOutput=file:" + files_.file("both") +
                          "\n"
                          "SuccessExitStatus=1\n")),
            0);
  EXPECT_EQ(content("both"), "ab-ab");
}

TEST_F(ExecContext, ProcessSettingsReachIt) {
  EXPECT_EQ(
      end(shell("cat /proc/self/timerslack_ns /proc/self/coredump_filter; uname -m; echo $PATH",
                "TimerSlackNSec=123us\nCoredumpFilter=shared-anonymous\nPersonality=x86\n"
                "NUMAPolicy=local\nKeyringMode=private\nExecSearchPath=/bin:/usr/bin\n"
                "StandardOutput=file:" +
                    files_.file("out") + "\n")),
      0);
  EXPECT_EQ(content("out"), "123000\n00000002\ni686\n/bin:/usr/bin\n");
}

TEST_F(ExecContext, SecureBitsHold) {
  // Root without its capabilities: SECBIT_NOROOT.
  const std::string more =
      "SecureBits=noroot noroot-locked\nStandardOutput=truncate:" + files_.file("out") + "\n";
  EXPECT_EQ(end(shell("grep CapEff /proc/self/status", more)), 0);
  EXPECT_EQ(content("out"), "CapEff:\t0000000000000000\n");
  EXPECT_EQ(end(shell("grep CapEff /proc/self/status",
                      more + "User=1234\nAmbientCapabilities=CAP_KILL\n")),
            0);
  EXPECT_EQ(content("out"), "CapEff:\t0000000000000020\n");
}

TEST_F(ExecContext, ConditionsOnTheMachine) {
  const std::string service = "[Service]\nExecStart=" + fixture("misbehave") + " exit 5\n";
  const auto ends = [&](const std::string& conditions) {
    return end(launch("[Unit]\n" + conditions + "\n" + service));
  };
  EXPECT_EQ(ends("ConditionArchitecture=native\nConditionKernelVersion=>=4.4\nConditionCPUs=>=1\n"
                 "ConditionMemory=>1M\nConditionUser=" +
                 std::to_string(geteuid())),
            5);
  EXPECT_EQ(ends("ConditionCPUs=<1"), 0);
  EXPECT_EQ(ends("ConditionHost=!*"), 0);
  EXPECT_EQ(ends("AssertSecurity=no-such"), 78);
  EXPECT_EQ(ends("ConditionMemory=much"), 78);
}

}  // namespace
}  // namespace gatevisor::testing
