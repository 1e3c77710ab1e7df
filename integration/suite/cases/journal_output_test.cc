// --journal-dir=: what the gateway writes, line by line, in files that journalctl reads.

#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <nlohmann/json.hpp>

#include "cgroup_home.h"
#include "gatevisor.h"
#include "journal.h"

namespace gatevisor::testing {
namespace {

using nlohmann::json;

Launch shell(const TempDir& files, const std::string& script,
             std::vector<std::string> properties = {"Restart=no"}) {
  return {.properties = std::move(properties),
          .options = {"--journal-dir=" + files.file("journal"), "--console=none"},
          .raw_command = {"/bin/sh", "-c", script}};
}

/// What journalctl says of the outputs, a line each.
std::string lines_of(const TempDir& files, const std::string& more = "") {
  return output_of("journalctl -q --no-pager -a -o cat -D " + files.file("journal") +
                   " _TRANSPORT=stdout " + more);
}

TEST(JournalOutput, EachLineIsAnEntryThatSaysWhoseItIs) {
  TempDir files;
  Gatevisor supervisor(shell(files, "echo one; echo two; exit 3"));
  const int pid = supervisor.expect_started();
  const std::string invocation = supervisor.expect_exited().text("/verdict/invocation");
  supervisor.expect_end();
  EXPECT_EQ(lines_of(files, "-u gateway"), "one\ntwo\n");
  EXPECT_EQ(lines_of(files, "_SYSTEMD_INVOCATION_ID=" + invocation), "one\ntwo\n");
  const auto found = entries(files.file("journal"), "_TRANSPORT=stdout");
  ASSERT_EQ(found.size(), 2u);
  for (const json& entry : found) {
    EXPECT_EQ(entry.value("_PID", ""), std::to_string(pid));
    EXPECT_EQ(entry.value("_SYSTEMD_UNIT", ""), "gateway.service");
    EXPECT_EQ(entry.value("_SYSTEMD_INVOCATION_ID", ""), invocation);
    EXPECT_EQ(entry.value("SYSLOG_IDENTIFIER", ""), "sh");
    EXPECT_EQ(entry.value("_COMM", ""), "sh");
    EXPECT_EQ(entry.value("_UID", ""), "0");
    EXPECT_EQ(entry.value("PRIORITY", ""), "6");
    EXPECT_EQ(entry.value("_STREAM_ID", "").size(), 32u);
    EXPECT_FALSE(entry.value("_BOOT_ID", "").empty());
  }
}

// The order of a life: its start, its last words, its end.
TEST(JournalOutput, LastWordsStandBeforeTheVerdict) {
  TempDir files;
  Gatevisor supervisor(shell(files, "echo last words; kill -SEGV $$",
                             {"RestartSec=0", "StartLimitBurst=3", "StartLimitIntervalSec=60"}));
  supervisor.expect_end();
  std::vector<std::string> order;
  for (const json& entry : entries(files.file("journal"))) {
    const std::string event = entry.value("GATEVISOR_EVENT", "");
    if (event == "started" || event == "exited") order.push_back(event);
    if (entry.value("_TRANSPORT", "") == "stdout") order.push_back("line");
  }
  const std::vector<std::string> life = {"started", "line", "exited"};
  ASSERT_EQ(order.size(), 9u);
  for (std::size_t i = 0; i < order.size(); ++i) EXPECT_EQ(order[i], life[i % 3]) << i;
}

TEST(JournalOutput, LevelsAreTakenFromTheirPrefix) {
  TempDir files;
  Gatevisor supervisor(shell(files, "echo '<3>bad'; echo '<7>fine' >&2; echo plain",
                             {"Restart=no", "SyslogLevel=notice", "SyslogIdentifier=gw",
                              "SyslogFacility=local0", "LogExtraFields=TIER=edge"}));
  supervisor.expect_end();
  EXPECT_EQ(lines_of(files, "-p err"), "bad\n");
  EXPECT_EQ(lines_of(files, "PRIORITY=5"), "plain\n");
  EXPECT_EQ(lines_of(files, "PRIORITY=7"), "fine\n");
  const auto found = entries(files.file("journal"), "TIER=edge SYSLOG_IDENTIFIER=gw");
  ASSERT_EQ(found.size(), 3u);
  EXPECT_EQ(found[0].value("SYSLOG_FACILITY", ""), "16");
}

TEST(JournalOutput, PrefixIsTextWhereItIsSwitchedOff_AndLevelsAboveTheLimitAreNotKept) {
  TempDir files;
  {
    Gatevisor supervisor(shell(files, "echo '<3>bad'", {"Restart=no", "SyslogLevelPrefix=no"}));
    supervisor.expect_end();
    EXPECT_EQ(lines_of(files), "<3>bad\n");
  }
  Gatevisor supervisor(
      shell(files, "echo '<7>lesser'; echo '<4>more'", {"Restart=no", "LogLevelMax=warning"}));
  supervisor.expect_end();
  EXPECT_EQ(lines_of(files), "<3>bad\nmore\n");
}

TEST(JournalOutput, LongBinaryAndUnendedLinesAreKeptByteForByte) {
  TempDir files;
  Gatevisor supervisor(shell(files,
                             "head -c 120000 /dev/zero | tr '\\0' x; printf '\\n\\377\\376\\001\\n"
                             "a\\0b\\n\\nno end'"));
  supervisor.expect_end();
  std::vector<std::pair<std::size_t, std::string>> found;
  std::string all;
  for (const json& entry : entries(files.file("journal"), "_TRANSPORT=stdout")) {
    const std::string message = message_of(entry);
    all += message;
    found.emplace_back(message.size(), entry.value("_LINE_BREAK", "newline"));
  }
  const std::vector<std::pair<std::size_t, std::string>> wanted = {
      {48 << 10, "line-max"}, {48 << 10, "line-max"}, {120'000 - (96 << 10), "newline"},
      {3, "newline"},         {1, "nul"},             {1, "newline"},
      {6, "eof"}};
  EXPECT_EQ(found, wanted);
  EXPECT_EQ(all, std::string(120'000, 'x') + "\xff\xfe\x01" + "abno end");
}

TEST(JournalOutput, CommandsOfTheUnitAreKeptWithTheirOwnPid) {
  TempDir files;
  std::ofstream(files.file("gw.service")) << "[Service]\nExecStartPre=/bin/sh -c 'echo before'\n"
                                             "ExecStart=/bin/sh -c 'echo main'\n";
  Gatevisor supervisor({.options = {"--journal-dir=" + files.file("journal"), "--console=none"},
                        .unit = files.file("gw.service")});
  supervisor.expect_end();
  EXPECT_EQ(lines_of(files, "-u gw"), "before\nmain\n");
  const auto found = entries(files.file("journal"), "_TRANSPORT=stdout");
  ASSERT_EQ(found.size(), 2u);
  EXPECT_NE(found[0].value("_PID", ""), found[1].value("_PID", ""));
  EXPECT_EQ(found[0].value("_SYSTEMD_INVOCATION_ID", ""),
            found[1].value("_SYSTEMD_INVOCATION_ID", ""));
}

TEST(JournalOutput, WhatDoesNotGoToTheJournalIsNotInIt) {
  TempDir files;
  Gatevisor supervisor(shell(files, "echo out; echo err >&2",
                             {"Restart=no", "StandardOutput=append:" + files.file("out"),
                              "StandardError=journal"}));
  supervisor.expect_end();
  EXPECT_EQ(lines_of(files), "err\n");
  EXPECT_EQ(read_file(files.file("out")), "out\n");
}

// /dev/stdout of an unprivileged service: the pipe is its own.
TEST(JournalOutput, MayBeOpenedAnewByTheServicesUser) {
  TempDir files;
  Gatevisor supervisor(
      shell(files, "echo anew > /dev/stdout; echo err > /dev/stderr", {"Restart=no", "User=nobody"}));
  EXPECT_EQ(supervisor.expect_end(), 0);
  EXPECT_EQ(lines_of(files, "_UID=65534"), "anew\nerr\n");
}

TEST(JournalOutput, PassesToTheConsoleAsItComes) {
  TempDir files;
  Launch launch = shell(files, "printf 'half '; echo 'line' >&2");
  launch.options.pop_back();  // pass is the default
  Gatevisor supervisor(launch);
  supervisor.expect_end();
  EXPECT_NE(supervisor.log().find("line\n"), std::string::npos) << supervisor.log();
}

TEST(JournalOutput, IsShownAsObjectsOrWithATime) {
  TempDir files;
  Launch launch = shell(files, "echo '<4>careful' >&2");
  launch.options.back() = "--console=json";
  {
    Gatevisor supervisor(launch);
    const Record line = supervisor.expect("output");
    EXPECT_EQ(line.text("/message"), "careful");
    EXPECT_EQ(line.text("/level"), "warning");
    EXPECT_EQ(line.text("/unit"), "gateway");
    EXPECT_EQ(line.text("/stream"), "stderr");
    supervisor.expect_end();
  }
  launch.options.back() = "--console=prefix";
  Gatevisor supervisor(launch);
  supervisor.expect_end();
  EXPECT_NE(supervisor.log().find("Z [gateway] careful\n"), std::string::npos) << supervisor.log();
}

TEST(JournalOutput, BadInput_ConsoleIsOneLine) {
  Gatevisor supervisor({.command = {"exit", "0"}, .options = {"--console=loud"}});
  EXPECT_EQ(supervisor.expect_end(), 64);
  EXPECT_NE(supervisor.log().find("pass, prefix, json or none"), std::string::npos);
  EXPECT_EQ(std::ranges::count(supervisor.log(), '\n'), 1);
}

/// 'line 1' to 'line N', as seq(1) writes them.
std::string numbered(int last) {
  std::string all;
  for (int i = 1; i <= last; ++i) all += "line " + std::to_string(i) + "\n";
  return all;
}

/// GATEVISOR_TEST_KILLS: how often; 1000 is the long form.
int wanted_kills() {
  const char* text = std::getenv("GATEVISOR_TEST_KILLS");
  return text != nullptr ? std::atoi(text) : 15;
}

// Killed at any moment under full load: no line lost, none twice, none torn; and all files verified.
TEST(JournalOutput, KilledWriterLosesDoublesAndTearsNothing) {
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
  int last = 0;
  unsigned random = 1;
  for (int done = 0; done < kills;) {
    const int writer = writer_of(supervisor.pid());
    if (writer == 0 || writer == last) continue;
    // Somewhere in its work: a moment is as good as any other.
    random = random * 1'103'515'245 + 12'345;
    spin((random >> 16) % 8000);
    kill(writer, SIGKILL);
    last = writer;
    ++done;
  }
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
TEST(JournalOutput, KilledSupervisorLosesNoLine) {
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

// A process that outlives its service goes on being heard.
TEST(JournalOutput, OneThatOutlivesGatevisorIsHeardToItsEnd) {
  TempDir files;
  ASSERT_EQ(mkfifo(files.file("go").c_str(), 0600), 0);
  Gatevisor supervisor(shell(files,
                             "(trap '' HUP; cat " + files.file("go") + "; echo late) & echo early",
                             {"Restart=no", "KillMode=none"}));
  supervisor.expect_started();
  const int writer = writer_of(supervisor.pid());
  supervisor.expect_end();
  EXPECT_EQ(lines_of(files), "early\n");
  ASSERT_TRUE(is_alive(writer));
  std::ofstream(files.file("go")) << "";
  EXPECT_TRUE(wait_gone(writer));
  EXPECT_EQ(lines_of(files), "early\nlate\n");
}

// A stopped reader of the console does not stop the journal.
TEST(JournalOutput, StuckConsoleStopsNeitherTheJournalNorTheGateway) {
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

// PID 1 never touches the data path.
TEST(JournalOutput, SupervisorsTimeDoesNotGrowWithTheVolume) {
  TempDir files;
  Gatevisor supervisor(shell(
      files, "seq -f 'line %.0f' 1 150000; echo x > " + files.file("written") + "; exec sleep 1000"));
  supervisor.expect_started();
  const std::uint64_t before = ticks_of(supervisor.pid());
  files.wait_file("written");
  EXPECT_LE(ticks_of(supervisor.pid()) - before, 1u);
  supervisor.signal(SIGTERM);
  supervisor.expect_end();
}

/// A tmpfs at the journal's directory.
class SmallDisk {
 public:
  SmallDisk(const TempDir& files, const char* size) : directory_(files.file("journal")) {
    mkdir(directory_.c_str(), 0755);
    EXPECT_EQ(mount("tmpfs", directory_.c_str(), "tmpfs", 0, size), 0);
  }
  ~SmallDisk() { EXPECT_EQ(umount(directory_.c_str()), 0); }

 private:
  std::string directory_;
};

// The gateway waits in its write(2), and goes on when there is room again.
TEST(JournalOnAFullDisk, LinesWaitAndNoneIsLost) {
  TempDir files;
  SmallDisk disk(files, "size=40m");
  const std::string filler = files.file("journal") + "/filler";
  std::ofstream(filler) << std::string(38 << 20, 'x');
  Gatevisor supervisor(shell(files,
                             "seq -f 'line %.0f' 1 60000; echo x > " + files.file("written"),
                             {"Restart=no", "SystemMaxUse=39M", "SystemMaxFileSize=32M"}));
  const Record warning = supervisor.expect("warning");
  EXPECT_NE(warning.text("/subject").find("No space left on device"), std::string::npos);
  EXPECT_NE(access(files.file("written").c_str(), F_OK), 0);
  unlink(filler.c_str());
  files.wait_file("written");
  EXPECT_EQ(supervisor.expect_end(), 0);
  EXPECT_TRUE(lines_of(files) == numbered(60'000));
}

TEST(JournalOnAFullDisk, LinesAreDroppedAndCountedWhereThatIsAskedFor) {
  TempDir files;
  SmallDisk disk(files, "size=40m");
  const std::string filler = files.file("journal") + "/filler";
  std::ofstream(filler) << std::string(38 << 20, 'x');
  ASSERT_EQ(mkfifo(files.file("go").c_str(), 0600), 0);
  Gatevisor supervisor(shell(files,
                             "seq -f 'line %.0f' 1 200000; echo x > " + files.file("written") +
                                 "; cat " + files.file("go") + "; echo after",
                             {"Restart=no", "SystemMaxUse=39M", "SystemMaxFileSize=32M",
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

}  // namespace
}  // namespace gatevisor::testing
