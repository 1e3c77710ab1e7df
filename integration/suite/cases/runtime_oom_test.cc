// A run-time that gets no more memory and gives up: no counter shows it, its last words do.
//
// RuntimeOom: with a program of this build. Runtimes: the real ones (integration/runtimes/run).

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <csignal>
#include <cstdlib>
#include <fstream>

#include "journal.h"
#include "unit.h"

namespace gatevisor::testing {
namespace {

Launch kept(const TempDir& files, std::vector<std::string> command,
            std::vector<std::string> properties = {}) {
  Launch launch;
  launch.raw_command = std::move(command);
  launch.properties = std::move(properties);
  for (const char* property : {"Restart=no", "LimitCORE=0"}) launch.properties.push_back(property);
  launch.options = {"--journal-dir=" + files.file("journal"), "--console=none"};
  return launch;
}

TEST(RuntimeOom, LastWordsAndTheWayOfTheEndAgree) {
  TempDir files;
  Gatevisor supervisor(kept(files, {misbehave(), "print", "serving", "grow"}, {"LimitAS=256M"}));
  const Record exited = supervisor.expect_exited();
  EXPECT_EQ(exited.text("/verdict/cause"), "runtime-oom");
  EXPECT_EQ(exited.text("/verdict/runtime"), "C++");
  EXPECT_EQ(exited.text("/verdict/confidence"), "likely");
  EXPECT_EQ(exited.text("/verdict/signal"), "SIGABRT");
  EXPECT_EQ(supervisor.expect_end(), 134);
  const auto [status, text] = answer_of("why --utc -D " + files.file("journal"));
  EXPECT_EQ(status, 11);
  for (const char* part : {"\nVerdict     runtime-oom (likely), SIGABRT, sender: itself\n",
                           "\nEvidence    waitid status: SIGABRT\n",
                           "output C++: terminate called after throwing an instance of "
                           "'std::bad_alloc'\n",
                           " serving\n",
                           // What is behind the line that says it is the stack, and not shown.
                           " terminate called after throwing an instance of 'std::bad_alloc'\nNext ",
                           "\nWhat to do  An allocation"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << text;
  }
  EXPECT_EQ(answer_of("history --cause=runtime-oom --json -D " + files.file("journal")).first, 0);
  EXPECT_EQ(entries(files.file("journal"), "GATEVISOR_RUNTIME=C++").size(), 1u);
}

TEST(RuntimeOom, AShellInBetweenPassesItOn) {
  TempDir files;
  Gatevisor supervisor(
      kept(files, {"/bin/sh", "-c", misbehave() + " grow; exit $?"}, {"LimitAS=256M"}));
  const Record exited = supervisor.expect_exited();
  EXPECT_EQ(exited.text("/verdict/cause"), "runtime-oom");
  EXPECT_EQ(exited.number("/verdict/exit_code"), 134);
  supervisor.expect_end();
}

TEST(RuntimeOom, WhatIsSaidAloneIsNone) {
  TempDir files;
  Gatevisor supervisor(kept(files, {misbehave(), "print", "MemoryError", "exit", "3"}));
  EXPECT_EQ(supervisor.expect_exited().text("/verdict/cause"), "exit-code");
  supervisor.expect_end();
}

// With a stopped writer nobody answers: the verdict does without.
TEST(RuntimeOom, VerdictDoesNotWaitForAWriterThatHangs) {
  TempDir files;
  ASSERT_EQ(mkfifo(files.file("go").c_str(), 0600), 0);
  Gatevisor supervisor(kept(files, {"/bin/sh", "-c", "read go <" + files.file("go") + "; exit 1"}));
  supervisor.expect_started();
  const auto deadline = std::chrono::steady_clock::now() + patience();
  while (entries(files.file("journal"), "GATEVISOR_EVENT=started").empty() &&
         std::chrono::steady_clock::now() < deadline) {
    spin(1);
  }
  const int writer = writer_of(supervisor.pid());
  ASSERT_NE(writer, 0);
  kill(writer, SIGSTOP);
  std::ofstream(files.file("go")) << "on\n";
  EXPECT_EQ(supervisor.expect_exited().text("/verdict/cause"), "exit-code");
  kill(writer, SIGCONT);
  EXPECT_EQ(supervisor.expect_end(), 1);
  EXPECT_EQ(entries(files.file("journal"), "GATEVISOR_EVENT=exited").size(), 1u);
}

TEST(RuntimeOom, AWriterThatIsKilledMeanwhileIsNotWaitedFor) {
  TempDir files;
  ASSERT_EQ(mkfifo(files.file("go").c_str(), 0600), 0);
  Gatevisor supervisor(kept(files, {"/bin/sh", "-c",
                                    "read go <" + files.file("go") + "; kill -9 $(cat " +
                                        files.file("writer") + "); exit 1"}));
  supervisor.expect_started();
  const int writer = writer_of(supervisor.pid());
  ASSERT_NE(writer, 0);
  std::ofstream(files.file("writer")) << writer;
  std::ofstream(files.file("go")) << "on\n";
  EXPECT_EQ(supervisor.expect_exited().text("/verdict/cause"), "exit-code");
  EXPECT_EQ(supervisor.expect_end(), 1);
  EXPECT_EQ(entries(files.file("journal"), "GATEVISOR_EVENT=exited").size(), 1u);
}

// ---- the real run-times ------------------------------------------------------------------------

struct Runtime {
  const char* name;
  std::vector<std::string> command;  ///< '@': in GATEVISOR_RUNTIMES
  std::vector<std::string> properties = {};
};

void expect_runtime(Runtime runtime) {
  const char* place = std::getenv("GATEVISOR_RUNTIMES");
  ASSERT_NE(place, nullptr) << "run it with integration/runtimes/run";
  TempDir files;
  for (std::string& word : runtime.command) {
    if (word.starts_with("@")) word.replace(0, 1, std::string(place) + "/");
  }
  runtime.properties.push_back("WorkingDirectory=" + files.file(""));
  Gatevisor supervisor(kept(files, runtime.command, runtime.properties));
  const Record exited = supervisor.expect("exited", patience(60s));
  EXPECT_EQ(exited.text("/verdict/cause"), "runtime-oom") << supervisor.log();
  EXPECT_EQ(exited.text("/verdict/runtime"), runtime.name);
  supervisor.expect_end();
}

TEST(Runtimes, NodeAtTheLimitOfItsHeap) {
  expect_runtime({"V8", {"/usr/bin/env", "node", "--max-old-space-size=16", "@grow.js"}});
}

TEST(Runtimes, NodeWhoseWorkerIsAtItsLimit) {
  expect_runtime({"V8", {"/usr/bin/env", "node", "@grow_worker.js"}});
}

TEST(Runtimes, JavaWithoutAHandler) {
  expect_runtime({"JVM", {"/usr/bin/env", "java", "-Xmx16m", "-cp", "@", "Grow"}});
}

TEST(Runtimes, JavaThatIsToExit) {
  expect_runtime({"JVM",
                  {"/usr/bin/env", "java", "-Xmx16m", "-XX:+ExitOnOutOfMemoryError", "-cp", "@",
                   "Grow"}});
}

TEST(Runtimes, JavaThatIsToCrash) {
  expect_runtime({"JVM",
                  {"/usr/bin/env", "java", "-Xmx16m", "-XX:+CrashOnOutOfMemoryError", "-cp", "@",
                   "Grow"}});
}

TEST(Runtimes, Go) { expect_runtime({"Go", {"@grow-go"}, {"LimitAS=1G"}}); }

TEST(Runtimes, Python) {
  expect_runtime({"Python", {"/usr/bin/env", "python3", "@grow.py"}, {"LimitAS=1G"}});
}

TEST(Runtimes, Cplusplus) { expect_runtime({"C++", {"@grow-c++"}, {"LimitAS=1G"}}); }

TEST(Runtimes, Rust) { expect_runtime({"Rust", {"@grow-rust"}, {"LimitAS=1G"}}); }

}  // namespace
}  // namespace gatevisor::testing
