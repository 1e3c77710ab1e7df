// --journal-dir=: gatevisor's records in files that journalctl reads.

#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "cgroup_home.h"
#include "gatevisor.h"
#include "journal.h"

namespace gatevisor::testing {
namespace {

using nlohmann::json;

std::vector<std::string> in(const TempDir& files) {
  return {"--journal-dir=" + files.file("journal")};
}

TEST(Journal, SeedRow_CriticalSink_OnTheConsoleAndInTheLogStore) {
  TempDir files;
  Gatevisor supervisor(
      {.command = {"exit", "1"},
       .properties = {"RestartSec=0", "StartLimitBurst=6", "StartLimitIntervalSec=60"},
       .options = in(files)});
  EXPECT_EQ(supervisor.expect("alarm").number("/exits"), 5);
  supervisor.expect_end();
  const auto critical = entries(files.file("journal"), "PRIORITY=2");
  ASSERT_EQ(critical.size(), 1u);
  EXPECT_NE(critical[0].value("MESSAGE", "").find("CRITICAL: 5 respawns in 60s window"),
            std::string::npos);
  EXPECT_EQ(critical[0].value("UNIT", ""), "gateway.service");
}

TEST(Journal, AVerdictCanBeRebuiltFromItAlone) {
  TempDir files;
  Gatevisor supervisor(
      {.command = {"exit", "78"}, .properties = {"Restart=no"}, .options = in(files)});
  const Record exited = supervisor.expect_exited();
  supervisor.expect_end();
  const auto found = entries(files.file("journal"), "GATEVISOR_CAUSE=exit-code");
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].value("EXIT_CODE", ""), "exited");
  EXPECT_EQ(found[0].value("EXIT_STATUS", ""), "78");
  EXPECT_EQ(found[0].value("INVOCATION_ID", ""), exited.text("/verdict/invocation"));
  EXPECT_EQ(found[0].value("_PID", ""), std::to_string(supervisor.pid()));
  const json record = json::parse(found[0].value("GATEVISOR_RECORD", ""));
  EXPECT_EQ(record["verdict"]["confidence"], "certain");
  EXPECT_FALSE(record["verdict"]["evidence"].empty());
}

TEST(Journal, ClosedFilesAreVerified) {
  TempDir files;
  for (int run = 0; run < 3; ++run) {
    Gatevisor supervisor({.command = {"exit", "0"}, .properties = {}, .options = in(files)});
    supervisor.expect_end();
  }
  output_of("journalctl --verify -D " + files.file("journal") + " 2>&1");
  EXPECT_EQ(entries(files.file("journal"), "GATEVISOR_EVENT=started").size(), 3u);
}

// What the writer was killed over is in the file once, neither lost nor doubled.
TEST(Journal, KilledWriterLosesAndDoublesNothing) {
  TempDir files;
  Gatevisor supervisor({.command = {"exit", "1"},
                        .properties = {"RestartSec=20ms", "AlarmBurst=0"},
                        .options = in(files)});
  int last = 0;
  for (int kills = 0; kills < 5;) {
    supervisor.expect_exited();
    const int writer = writer_of(supervisor.pid());
    if (writer == 0 || writer == last) continue;
    // One that lives shorter is started again a second after its start.
    for (int i = 0; i < 60 && kills > 0; ++i) supervisor.expect_exited();
    kill(writer, SIGKILL);
    last = writer;
    ++kills;
  }
  supervisor.expect("warning");
  for (int i = 0; i < 80; ++i) supervisor.expect_exited();
  supervisor.signal(SIGTERM);
  supervisor.expect_end();
  EXPECT_EQ(entries(files.file("journal"), "GATEVISOR_EVENT=exited").size(),
            supervisor.lines_with("\"event\":\"exited\""));
  EXPECT_EQ(entries(files.file("journal"), "GATEVISOR_EVENT=started").size(),
            supervisor.lines_with("\"event\":\"started\""));
}

TEST(Journal, SeedRow_LogSafety_LinkInPlaceOfTheFileIsNotWrittenThrough) {
  TempDir files;
  const std::string directory = files.file("journal");
  mkdir(directory.c_str(), 0755);
  std::ofstream(files.file("victim")) << "precious";
  ASSERT_EQ(symlink(files.file("victim").c_str(), (directory + "/gatevisor.journal").c_str()), 0);
  Gatevisor supervisor({.command = {"exit", "0"}, .options = in(files)});
  EXPECT_EQ(supervisor.expect_end(), 0);
  EXPECT_EQ(read_file(files.file("victim")), "precious");
  EXPECT_FALSE(entries(directory, "GATEVISOR_EVENT=started").empty());
}

// One writer's file is never taken for one that was left behind.
TEST(Journal, TwoInOneDirectoryDoNotGetInEachOthersWay) {
  TempDir files;
  const std::string directory = files.file("journal");
  for (const char* name : {"one", "two"}) {
    ASSERT_EQ(mkfifo(files.file(name).c_str(), 0600), 0);
  }
  const auto talking = [&files](const char* name) {
    return shell(files, "seq -f '" + std::string(name) + " %.0f' 1 2000; read go <" +
                            files.file(name) + "; seq -f '" + name + " %.0f' 2001 4000");
  };
  Gatevisor one(talking("one"));
  one.expect_started();
  Gatevisor two(talking("two"));
  two.expect_started();
  // A writer of the second one that finds both files there.
  const auto deadline = std::chrono::steady_clock::now() + patience();
  while (lines_of(files).find("two 2000\n") == std::string::npos &&
         std::chrono::steady_clock::now() < deadline) {
    spin(1);
  }
  const int writer = writer_of(two.pid());
  ASSERT_NE(writer, 0);
  kill(writer, SIGKILL);
  for (const char* name : {"one", "two"}) std::ofstream(files.file(name)) << "on\n";
  EXPECT_EQ(one.expect_end(), 0);
  EXPECT_EQ(two.expect_end(), 0);
  const std::string all = lines_of(files);
  EXPECT_EQ(std::ranges::count(all, '\n'), 8000);
  for (const char* name : {"one", "two"}) {
    for (const int number : {1, 2000, 2001, 4000}) {
      EXPECT_NE(all.find(name + (" " + std::to_string(number)) + "\n"), std::string::npos) << name;
    }
  }
  output_of("journalctl -q --verify -D " + directory + " 2>&1");
  // All of them were ended in order but the one whose writer was killed, which the next one ended.
  for (const auto& file : std::filesystem::directory_iterator(directory)) {
    EXPECT_EQ(file.path().extension(), ".journal") << file.path();
    EXPECT_NE(file.path().filename().string().find('@'), std::string::npos) << file.path();
  }
}

TEST(Journal, StorageSaysWhereItIs) {
  TempDir files;
  const std::string runtime = files.file("runtime");
  mkdir(runtime.c_str(), 0700);
  for (const char* storage : {"none", "volatile"}) {
    // Nobody but root has /run/gatevisor.
    Launch launch{.command = {"exit", "0"}, .properties = {"Storage=" + std::string(storage)}};
    launch.uid = 1234;
    launch.environment = {{"XDG_RUNTIME_DIR", runtime}};
    ASSERT_EQ(chown(runtime.c_str(), 1234, 1234), 0);
    Gatevisor supervisor(launch);
    EXPECT_EQ(supervisor.expect_end(), 0) << supervisor.log();
    const bool kept = access((runtime + "/gatevisor/journal").c_str(), F_OK) == 0;
    EXPECT_EQ(kept, std::string(storage) == "volatile");
  }
  EXPECT_EQ(entries(runtime + "/gatevisor/journal", "GATEVISOR_EVENT=exited").size(), 1u);
  // A reader that is not told where finds it there.
  EXPECT_EQ(output_of("XDG_RUNTIME_DIR=" + runtime + " " + gatevisor_program() + " history | wc -l"),
            "2\n");
}

TEST(Journal, BadInput_DirectoryThatCannotBeMadeIsOneLine) {
  Gatevisor supervisor(
      {.command = {"exit", "0"}, .options = {"--journal-dir=/nonexistent/journal"}});
  EXPECT_EQ(supervisor.expect_end(), 73);
  EXPECT_NE(supervisor.log().find("/nonexistent/journal"), std::string::npos) << supervisor.log();
  EXPECT_EQ(std::ranges::count(supervisor.log(), '\n'), 1);
}

// While the writer is at it, and afterwards without anybody: with journalctl's words.
TEST(Journal, GatevisorLogShowsACrash) {
  TempDir files;
  Gatevisor supervisor({.command = {"exit", "3"},
                        .properties = {"RestartSec=10ms", "AlarmBurst=0"},
                        .options = in(files)});
  supervisor.expect_exited();
  const std::string log = gatevisor_program() + " log -D " + files.file("journal") + " ";
  const std::string live =
      output_of(log + "-f --no-tail -o cat GATEVISOR_CAUSE=exit-code | head -n 4");
  EXPECT_EQ(std::ranges::count(live, '\n'), 4);
  EXPECT_NE(live.find("exited (rc=3); respawning (#1 in 60s window)"), std::string::npos) << live;
  supervisor.signal(SIGTERM);
  supervisor.expect_end();
  for (const char* options :
       {"-o export", "-r -o verbose", "-p warning", "-n 3", "-F MESSAGE_ID"}) {
    const std::string file = files.file("journal") + " --no-pager " + options;
    EXPECT_EQ(output_of(log + "--no-pager " + options), output_of("journalctl -D " + file))
        << options;
  }
  // The very last one may have been ended by the stop.
  EXPECT_NE(output_of(log + "gateway -n 1 GATEVISOR_CAUSE=exit-code").find("(rc=3)"),
            std::string::npos);
  output_of(log + "--verify");
}

// A file system of 600 KB: one file fits, the second does not, until the first is removed.
TEST(JournalOnAFullDisk, TheGatewayKeepsRunningAndNothingIsLost) {
  TempDir files;
  const std::string directory = files.file("journal");
  mkdir(directory.c_str(), 0755);
  ASSERT_EQ(mount("tmpfs", directory.c_str(), "tmpfs", 0, "size=600k"), 0);
  {
    const std::string filler = directory + "/filler";
    std::ofstream(filler) << std::string(500 << 10, 'x');
    Gatevisor supervisor({.command = {"exit", "1"},
                          .properties = {"RestartSec=20ms", "AlarmBurst=0"},
                          .options = in(files)});
    const Record warning = supervisor.expect("warning");
    EXPECT_NE(warning.text("/subject").find("No space left on device"), std::string::npos);
    for (int i = 0; i < 5; ++i) supervisor.expect_exited();
    unlink(filler.c_str());
    for (int i = 0; i < 80; ++i) supervisor.expect_exited();
    supervisor.signal(SIGTERM);
    supervisor.expect_end();
    EXPECT_EQ(entries(directory, "GATEVISOR_EVENT=exited").size(),
              supervisor.lines_with("\"event\":\"exited\""));
  }
  EXPECT_EQ(umount(directory.c_str()), 0);
}

}  // namespace
}  // namespace gatevisor::testing
