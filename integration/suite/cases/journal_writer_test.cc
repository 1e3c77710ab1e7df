// The journal writer: killed, confined, on a full disk, in front of a console that nobody reads.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "cgroup_home.h"
#include "gatevisor.h"
#include "journal.h"
#include "unit.h"

namespace gatevisor::testing {
namespace {

using nlohmann::json;

/// GATEVISOR_TEST_KILLS: how often; 1000 is the long form.
int wanted_kills() {
  const char* text = std::getenv("GATEVISOR_TEST_KILLS");
  return text != nullptr ? std::atoi(text) : 15;
}

// Killed at any moment under full load: no line lost, none twice, none torn; and all files verified.
TEST(JournalWriter, KilledWriterLosesDoublesAndTearsNothing) {
  TempDir files;
  const int kills = wanted_kills();
  const int lines = 20'000 + kills * 4'000;
  // It goes on until it is told that there were kills enough.
  Gatevisor supervisor(shell(files,
                             "seq -f 'line %.0f' 1 " + std::to_string(lines) + "; touch " +
                                 files.file("written") + "; cat " + files.file("wait"),
                             {"Restart=no", "SystemMaxUse=4G", "SystemMaxFiles=0",
                              "SystemMaxFileSize=16M"}));
  ASSERT_EQ(mkfifo(files.file("wait").c_str(), 0600), 0);
  supervisor.expect_started();
  kill_writers(supervisor.pid(), kills);
  std::ofstream(files.file("wait")) << "";
  supervisor.expect_end(patience(120s));
  const std::string found = lines_of(files, "-u gateway");
  EXPECT_EQ(found.size(), numbered(lines).size());
  EXPECT_TRUE(found == numbered(lines));
  output_of("journalctl -q --verify -D " + files.file("journal") + " 2>&1");
  EXPECT_EQ(output_of(gatevisor_program() + " log --no-pager -a -o cat -D " +
                      files.file("journal") + " _TRANSPORT=stdout"),
            found);
}

// The gateway dies with it, the writer does not: what had been written is kept.
TEST(JournalWriter, KilledSupervisorLosesNoLine) {
  TempDir files;
  Gatevisor supervisor(shell(
      files, "seq -f 'line %.0f' 1 30000; echo x > " + files.file("written") + "; exec sleep 1000"));
  files.wait_file("written");
  const int writer = writer_of(supervisor.pid());
  ASSERT_NE(writer, 0);
  supervisor.signal(SIGKILL);
  supervisor.expect_end();
  EXPECT_TRUE(wait_gone(writer));
  EXPECT_TRUE(lines_of(files) == numbered(30'000));
  output_of("journalctl -q --verify -D " + files.file("journal") + " 2>&1");
}

// The line of a command is the first entry of all: it makes the file, and must count as its own.
TEST(JournalWriter, ALineThatMakesTheFileIsKeptOnceAndTheWriterEnds) {
  TempDir files;
  std::ofstream(files.file("gw.service"))
      << "[Service]\nExecStartPre=/bin/sh -c 'echo first; echo x >" << files.file("said")
      << "; read go <" << files.file("go") << "'\nExecStart=/bin/sh -c 'echo main'\n";
  ASSERT_EQ(mkfifo(files.file("go").c_str(), 0600), 0);
  Gatevisor supervisor({.options = {"--journal-dir=" + files.file("journal"), "--console=none"},
                        .unit = files.file("gw.service")});
  files.wait_file("said");
  const int first = writer_of(supervisor.pid());
  ASSERT_NE(first, 0);
  const auto deadline = std::chrono::steady_clock::now() + patience();
  while (lines_of(files) != "first\n" && std::chrono::steady_clock::now() < deadline) spin(1);
  kill(first, SIGKILL);
  EXPECT_TRUE(wait_gone(first));
  const int second = writer_of(supervisor.pid());
  std::ofstream(files.file("go")) << "on\n";
  supervisor.expect_end();
  EXPECT_TRUE(wait_gone(second));
  EXPECT_EQ(lines_of(files), "first\nmain\n");
}

// One that ends for a reason of its own will end again: PID 1 has better things to do than that.
TEST(JournalWriter, OnesThatEndOverAndOverAreFollowedByNoMoreThanFiveASecond) {
  TempDir files;
  Gatevisor supervisor(shell(files, "exec sleep 1000"));
  supervisor.expect_started();
  const auto begin = std::chrono::steady_clock::now();
  const auto deadline = begin + patience();
  constexpr int kKills = 11;
  int killed = 0;
  int last = 0;
  while (killed < kKills && std::chrono::steady_clock::now() < deadline) {
    const int writer = writer_of(supervisor.pid());
    if (writer == 0 || writer == last) continue;
    kill(writer, SIGKILL);
    last = writer;
    ++killed;
  }
  ASSERT_EQ(killed, kKills);
  // The sixth came a second after the first, the eleventh a second after that.
  EXPECT_GE(std::chrono::steady_clock::now() - begin, 1500ms);
  supervisor.signal(SIGTERM);
  supervisor.expect_end();
}

// A process that outlives its service goes on being heard.
TEST(JournalWriter, OneThatOutlivesGatevisorIsHeardToItsEnd) {
  TempDir files;
  for (const char* name : {"end", "go"}) {
    ASSERT_EQ(mkfifo(files.file(name).c_str(), 0600), 0);
  }
  Gatevisor supervisor(shell(files,
                             "(trap '' HUP; cat " + files.file("go") +
                                 "; echo late) & echo early; cat " + files.file("end"),
                             {"Restart=no", "KillMode=none"}));
  supervisor.expect_started();
  const int writer = writer_of(supervisor.pid());
  std::ofstream(files.file("end")) << "";
  supervisor.expect_end();
  EXPECT_EQ(lines_of(files), "early\n");
  ASSERT_TRUE(is_alive(writer));
  std::ofstream(files.file("go")) << "";
  EXPECT_TRUE(wait_gone(writer));
  EXPECT_EQ(lines_of(files), "early\nlate\n");
}

// A stopped reader of the console does not stop the journal.
TEST(JournalWriter, StuckConsoleStopsNeitherTheJournalNorTheGateway) {
  TempDir files;
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  Launch launch = shell(files, "seq -f 'line %.0f' 1 300000");
  launch.options.back() = "--console=pass";
  launch.prepare = [out = ends[1]] { dup2(out, STDOUT_FILENO); };
  Gatevisor supervisor(launch);
  close(ends[1]);
  EXPECT_EQ(supervisor.expect_end(patience(60s)), 0);
  EXPECT_TRUE(lines_of(files) == numbered(300'000));
  close(ends[0]);
}

std::uint64_t ticks_of(int pid) {
  const std::string stat = read_file("/proc/" + std::to_string(pid) + "/stat");
  std::istringstream rest(stat.substr(stat.rfind(')') + 2));
  std::string field;
  std::uint64_t ticks = 0;
  // utime and stime are fields 14 and 15 (proc(5)).
  for (int i = 3; rest >> field && i <= 15; ++i) {
    if (i >= 14) ticks += std::stoull(field);
  }
  return ticks;
}

// PID 1 never touches the data path: that takes none of its time, much as it takes of the writer's.
TEST(JournalWriter, SupervisorsTimeDoesNotGrowWithTheVolume) {
  TempDir files;
  Gatevisor supervisor(shell(
      files, "seq -f 'line %.0f' 1 150000; echo x > " + files.file("written") + "; exec sleep 1000"));
  supervisor.expect_started();
  const int writer = writer_of(supervisor.pid());
  const std::uint64_t before = ticks_of(supervisor.pid());
  files.wait_file("written");
  EXPECT_LE(ticks_of(supervisor.pid()) - before, 1 + ticks_of(writer) / 20);
  supervisor.signal(SIGTERM);
  supervisor.expect_end();
}

// The gateway waits in its write(2), and goes on when there is room again.
TEST(JournalOnAFullDisk, LinesWaitAndNoneIsLost) {
  TempDir files;
  SmallDisk disk(files, "size=120m");
  const std::string filler = files.file("journal") + "/filler";
  std::ofstream(filler) << std::string(118 << 20, 'x');
  Launch launch = shell(files, "seq -f 'line %.0f' 1 200000; echo x > " + files.file("written"),
                        {"Restart=no", "SystemMaxUse=118M", "SystemMaxFileSize=100M",
                         "SystemKeepFree=0"});
  launch.options.push_back("--socket=" + files.file("control"));
  Gatevisor supervisor(launch);
  const Record warning = supervisor.expect("warning");
  EXPECT_NE(warning.text("/subject").find("No space left on device"), std::string::npos);
  EXPECT_NE(access(files.file("written").c_str(), F_OK), 0);
  const std::string status = answer_of("status -n 0 --socket=" + files.file("control")).second;
  EXPECT_NE(status.find("; cannot be written to: "), std::string::npos) << status;
  unlink(filler.c_str());
  EXPECT_EQ(supervisor.expect("warning").text("/subject"), "it is written to again");
  files.wait_file("written");
  EXPECT_EQ(supervisor.expect_end(), 0);
  EXPECT_TRUE(lines_of(files) == numbered(200'000));
}

TEST(JournalOnAFullDisk, LinesAreDroppedAndCountedWhereThatIsAskedFor) {
  TempDir files;
  SmallDisk disk(files, "size=120m");
  const std::string filler = files.file("journal") + "/filler";
  std::ofstream(filler) << std::string(118 << 20, 'x');
  ASSERT_EQ(mkfifo(files.file("go").c_str(), 0600), 0);
  Gatevisor supervisor(shell(files,
                             "seq -f 'line %.0f' 1 200000; echo x > " + files.file("written") +
                                 "; cat " + files.file("go") + "; echo after",
                             {"Restart=no", "SystemMaxUse=118M", "SystemMaxFileSize=100M",
                              "SystemKeepFree=0",
                              "JournalFull=drop"}));
  supervisor.expect("warning");
  files.wait_file("written");  // it did not wait for the disk
  unlink(filler.c_str());
  std::ofstream(files.file("go")) << "";
  EXPECT_EQ(supervisor.expect_end(), 0);
  std::size_t dropped = 0;
  for (const json& entry : entries(files.file("journal"), "GATEVISOR_EVENT=dropped")) {
    dropped += std::stoul(entry.value("GATEVISOR_DROPPED", "0"));
  }
  const std::string found = lines_of(files);
  EXPECT_GT(dropped, 0u);
  EXPECT_EQ(static_cast<std::size_t>(std::ranges::count(found, '\n')) + dropped, 200'001u);
  EXPECT_TRUE(found.ends_with("after\n"));
}

// What it reads was written by others.
TEST(JournalWriter, HasNoPrivilegesAndRunsAsTheOwnerOfTheDirectory) {
  TempDir files;
  const std::string directory = files.file("journal");
  ASSERT_EQ(mkdir(directory.c_str(), 0750), 0);
  ASSERT_EQ(chown(directory.c_str(), 65'534, 65'534), 0);
  Gatevisor supervisor(shell(files, "echo line; exec sleep 1000"));
  supervisor.expect_started();
  // Once it has written a line, it has given them up.
  EXPECT_EQ(output_of(gatevisor_program() + " log -f --no-tail -o cat -D " + directory +
                      " _TRANSPORT=stdout | head -n 1"),
            "line\n");
  const int writer = writer_of(supervisor.pid());
  EXPECT_EQ(status_number(writer, "Uid:"), 65'534);
  EXPECT_EQ(status_number(writer, "NoNewPrivs:"), 1);
  EXPECT_EQ(status_number(writer, "Seccomp:"), 2);
  const std::string status = read_file("/proc/" + std::to_string(writer) + "/status");
  EXPECT_NE(status.find("CapEff:\t0000000000000000"), std::string::npos) << status;
  supervisor.signal(SIGTERM);
  supervisor.expect_end();
  EXPECT_EQ(lines_of(files), "line\n");
}

bool has_threads(int pid, long count) {
  const auto deadline = std::chrono::steady_clock::now() + patience(20s);
  while (status_number(pid, "Threads:") != count) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    spin(10'000);
  }
  return true;
}

// While there is much to write, and only then. It comes in large pieces: lines one by one may be
// written as fast as they come.
TEST(JournalWriter, AThreadWritesUnderLoadAndIsGoneAtRest) {
  TempDir files;
  const std::string lines = files.file("lines");
  Gatevisor supervisor(shell(files,
                             "seq -f 'line %.0f' 1 300000 >" + lines + "; cat " + lines +
                                 "; echo >" + files.file("given") + "; exec sleep 1000",
                             {"Restart=no", "SyncIntervalSec=2s"}));
  supervisor.expect_started();
  const int writer = writer_of(supervisor.pid());
  EXPECT_TRUE(has_threads(writer, 2));
  files.wait_file("given");  // it may rest before that, too
  EXPECT_TRUE(has_threads(writer, 1));
  supervisor.signal(SIGTERM);
  supervisor.expect_end();
  EXPECT_TRUE(lines_of(files) == numbered(300'000));
}

// No memfd_create(2), no root, no filter of its own: the lines are kept all the same.
TEST(JournalWriter, KeepsLinesUnderASandboxToo) {
  TempDir files;
  Launch launch = shell(files, "seq -f 'line %.0f' 1 20000");
  launch.place = Place::Sandbox;
  Gatevisor supervisor(launch);
  EXPECT_EQ(supervisor.expect_end(), 0) << supervisor.log();
  EXPECT_TRUE(lines_of(files) == numbered(20'000));
}

TEST(JournalWriter, StaysBelowTheSizeThatItMayHave) {
  TempDir files;
  Gatevisor supervisor(shell(files, "seq -f 'line %.0f' 1 20000",
                             {"Restart=no", "SystemMaxUse=4M", "SystemMaxFileSize=1M"}));
  EXPECT_EQ(supervisor.expect_end(), 0);
  std::uintmax_t size = 0;
  std::size_t count = 0;
  for (const auto& file : std::filesystem::directory_iterator(files.file("journal"))) {
    size += file.file_size();
    ++count;
  }
  EXPECT_GT(count, 2u);
  EXPECT_LE(size, 4u << 20);
  // The newest are there, and without a gap.
  const std::string found = lines_of(files);
  EXPECT_GT(found.size(), 1000u);
  EXPECT_TRUE(numbered(20'000).ends_with(found));
  output_of("journalctl -q --verify -D " + files.file("journal") + " 2>&1");
}

}  // namespace
}  // namespace gatevisor::testing
