// It never ran: the step and the errno; and input that is refused before anything is made.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <fstream>

#include "cgroup_home.h"
#include "gatevisor.h"

namespace gatevisor::testing {
namespace {

TEST(Exec, FileThatIsNoProgramIsAnExecFailure) {
  TempDir files;
  {
    std::ofstream(files.file("text")) << "this is no program\n";
  }
  chmod(files.file("text").c_str(), 0755);
  Gatevisor supervisor({.raw_command = {files.file("text")}});
  const Record exited = supervisor.expect_exited();
  EXPECT_EQ(exited.text("/verdict/cause"), "exec-failure");
  EXPECT_EQ(exited.text("/verdict/exec_failure/step"), "exec");
  EXPECT_EQ(exited.number("/verdict/exec_failure/errno"), ENOEXEC);
  EXPECT_EQ(exited.text("/verdict/next/action"), "stop");
  EXPECT_EQ(supervisor.expect_end(), 203);
}

TEST(Exec, ProgramThatItsUserMayNotExecuteIsAnExecFailure) {
  TempDir files;
  {
    std::ofstream(files.file("mine")) << "#!/bin/sh\n";
  }
  chmod(files.file("mine").c_str(), 0700);
  Gatevisor supervisor({.properties = {"User=65534"}, .raw_command = {files.file("mine")}});
  const Record exited = supervisor.expect_exited();
  EXPECT_EQ(exited.number("/verdict/exec_failure/errno"), EACCES);
  EXPECT_EQ(supervisor.expect_end(), 203);
}

TEST(Exec, MissingWorkingDirectoryIsNamedAsTheStep) {
  Gatevisor supervisor(
      {.command = {"exit", "0"}, .properties = {"WorkingDirectory=/no/such/place"}});
  const Record exited = supervisor.expect_exited();
  EXPECT_EQ(exited.text("/verdict/exec_failure/step"), "working-directory");
  EXPECT_EQ(supervisor.expect_end(), 200);
}

TEST(Exec, MissingInterpreterIsAnExecFailure) {
  TempDir files;
  {
    std::ofstream(files.file("script")) << "#!/no/such/interpreter\n";
  }
  chmod(files.file("script").c_str(), 0755);
  Gatevisor supervisor({.raw_command = {files.file("script")}});
  EXPECT_EQ(supervisor.expect_exited().number("/verdict/exec_failure/errno"), ENOENT);
  EXPECT_EQ(supervisor.expect_end(), 203);
}

struct Step {
  std::string property;
  std::string step;
  int status;
};

class ExecStepOf : public ::testing::TestWithParam<Step> {};

TEST_P(ExecStepOf, AUserWhoMayNotIsNamedAndNotRetried) {
  Gatevisor supervisor(
      {.command = {"exit", "0"}, .properties = {GetParam().property}, .uid = 1234});
  const Record exited = supervisor.expect_exited();
  EXPECT_EQ(exited.text("/verdict/cause"), "exec-failure");
  EXPECT_EQ(exited.text("/verdict/exec_failure/step"), GetParam().step);
  EXPECT_EQ(exited.text("/verdict/next/action"), "stop");
  EXPECT_EQ(supervisor.expect_end(), GetParam().status);
}

INSTANTIATE_TEST_SUITE_P(Each, ExecStepOf,
                         ::testing::Values(Step{"CPUSchedulingPolicy=fifo", "scheduler", 214},
                                           Step{"StandardOutput=append:/no/dir/x", "stdio", 209},
                                           Step{"WorkingDirectory=/dev/null", "working-directory",
                                                200}));

TEST(Exec, ProgramThatIsBeingWrittenIsRetried) {
  TempDir files;
  const std::string program = files.file("program");
  {
    std::ofstream(program, std::ios::binary) << read_file(fixture("misbehave"));
  }
  chmod(program.c_str(), 0755);
  const int writer = open(program.c_str(), O_WRONLY | O_CLOEXEC);
  ASSERT_GE(writer, 0);
  Gatevisor supervisor({.properties = {"RestartSec=100ms"}, .raw_command = {program, "wait"}});
  const Record exited = supervisor.expect_exited();
  EXPECT_EQ(exited.number("/verdict/exec_failure/errno"), ETXTBSY);
  EXPECT_EQ(exited.text("/verdict/next/action"), "respawn");
  close(writer);
  supervisor.expect("started");
}

struct Refused {
  std::vector<std::string> properties;
  std::vector<std::string> options;
  std::vector<std::string> command;
  int status;
  std::string says;
};

class BadInput : public ::testing::TestWithParam<Refused> {};

TEST_P(BadInput, IsOneLineAProperStatusAndNothingIsMade) {
  const Refused& refused = GetParam();
  Gatevisor supervisor({.properties = refused.properties,
                        .options = refused.options,
                        .raw_command = refused.command});
  EXPECT_EQ(supervisor.expect_end(), refused.status) << supervisor.log();
  const std::string& log = supervisor.log();
  EXPECT_EQ(std::count(log.begin(), log.end(), '\n'), 1) << log;
  EXPECT_TRUE(log.starts_with("gatevisor: ")) << log;
  EXPECT_NE(log.find(refused.says), std::string::npos) << log;
  if (!supervisor.cgroup().empty()) {
    EXPECT_NE(access((supervisor.cgroup() + "/gateway.slice").c_str(), F_OK), 0);
    EXPECT_NE(access((supervisor.cgroup() + "/supervisor").c_str(), F_OK), 0);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Each, BadInput,
    ::testing::Values(
        Refused{{}, {"--no-such-option"}, {"/bin/true"}, 64, "--no-such-option"},
        Refused{{}, {"--log-format=xml"}, {"/bin/true"}, 64, "text or json"},
        Refused{{}, {"--name=../x"}, {"/bin/true"}, 64, "../x"},
        Refused{{"NoSuchSetting=1"}, {}, {"/bin/true"}, 64, "NoSuchSetting"},
        Refused{{"MemoryMx=1G"}, {}, {"/bin/true"}, 64, "MemoryMax"},
        Refused{{"MemoryMax=12Q"}, {}, {"/bin/true"}, 64, "MemoryMax=12Q"},
        Refused{{"RestartSec=soon"}, {}, {"/bin/true"}, 64, "RestartSec=soon"},
        Refused{{"Restart=sometimes"}, {}, {"/bin/true"}, 64, "on-failure"},
        Refused{{"KillSignal=SIGNOPE"}, {}, {"/bin/true"}, 64, "SIGNOPE"},
        Refused{{"User=no-such-user"}, {}, {"/bin/true"}, 217, "no-such-user"},
        Refused{{"User=0", "Group=no-such-group"}, {}, {"/bin/true"}, 216, "no-such-group"},
        Refused{{"EnvironmentFile=/no/such/file"}, {}, {"/bin/true"}, 66, "/no/such/file"},
        Refused{{}, {}, {"no-such-command"}, 203, "no-such-command"},
        Refused{{}, {}, {"/no/such/command"}, 203, "/no/such/command"},
        Refused{{}, {}, {"/tmp"}, 203, "/tmp"}));

}  // namespace
}  // namespace gatevisor::testing
