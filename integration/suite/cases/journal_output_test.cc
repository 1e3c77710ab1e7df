// --journal-dir=: what the gateway writes, line by line, in files that journalctl reads.

#include <gtest/gtest.h>
#include <algorithm>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "cgroup_home.h"
#include "gatevisor.h"
#include "journal.h"

namespace gatevisor::testing {
namespace {

using nlohmann::json;

TEST(JournalOutput, EachLineIsAnEntryThatSaysWhoseItIs) {
  TempDir files;
  Gatevisor supervisor(shell(files, "echo one; echo two; exit 3"));
  const int pid = supervisor.expect_started();
  const std::string invocation = supervisor.expect_exited().text("/verdict/invocation");
  supervisor.expect_end();
  EXPECT_EQ(supervisor.lines_with("may not be in it"), 0u) << supervisor.log();
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

// Its last words, then its end. Its start may be told later than its first words.
TEST(JournalOutput, LastWordsStandBeforeTheVerdict) {
  TempDir files;
  Gatevisor supervisor(shell(files, "echo last words; kill -SEGV $$",
                             {"RestartSec=0", "StartLimitBurst=3", "StartLimitIntervalSec=60"}));
  supervisor.expect_end();
  // By life: the next one may say something before the end of the last is told.
  std::map<std::string, std::string> order;
  for (const json& entry : entries(files.file("journal"))) {
    if (entry.value("_TRANSPORT", "") == "stdout") {
      order[entry.value("_SYSTEMD_INVOCATION_ID", "")] += "line ";
    } else if (entry.value("GATEVISOR_EVENT", "") == "exited") {
      order[entry.value("INVOCATION_ID", "")] += "exited ";
    }
  }
  EXPECT_EQ(order.size(), 3u);
  for (const auto& [invocation, told] : order) EXPECT_EQ(told, "line exited ") << invocation;
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

}  // namespace
}  // namespace gatevisor::testing
