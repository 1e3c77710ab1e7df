// `gatevisor why` and `history` on files that were written by anybody.

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "journal_testing.h"
#include "log/utf8.h"
#include "support/temp_dir.h"

namespace gatevisor::app {
namespace {

struct Answer {
  int status = -1;
  std::string text;  ///< of both outputs
  bool has(const std::string& part) const { return text.contains(part); }
  std::ptrdiff_t lines() const { return std::ranges::count(text, '\n'); }
};

/// A journal file of these records in a directory of its own.
class Written {
 public:
  Written() {
    writer_.emplace(std::move(
        *journal::Writer::create(storage_, journal::test_ids(), 1, journal::small_file())));
  }
  Written(const Written&) = delete;
  Written& operator=(const Written&) = delete;

  /// `json`: the record but for event and unit.
  void add(const std::string& event, const std::string& json, const std::string& unit = "gateway",
           const std::string& cause = "exit-code",
           const std::string& invocation = "0123456789abcdef0123456789abcdef") {
    const std::string record =
        R"({"event":")" + event + R"(","unit":")" + unit + "\"," + json + "}";
    const std::uint64_t usec = 1'700'000'000'000'000 + ++number_ * 1'000'000;
    const journal::TestEntry entry{
        .times = {.realtime_usec = usec, .monotonic_usec = number_ * 1'000'000},
        .payloads = {"MESSAGE=x", "SYSLOG_IDENTIFIER=gatevisor", "_COMM=gatevisor",
                     "UNIT=" + unit + ".service", "GATEVISOR_EVENT=" + event,
                     "GATEVISOR_CAUSE=" + cause, "INVOCATION_ID=" + invocation,
                     "GATEVISOR_RECORD=" + record}};
    ASSERT_TRUE(append(*writer_, entry));
  }
  void add_line(const std::string& text, int pid) {
    const journal::TestEntry entry{
        .times = {.realtime_usec = 1'700'000'000'000'000 + ++number_ * 1'000'000,
                  .monotonic_usec = number_ * 1'000'000},
        .payloads = {"MESSAGE=" + text, "_TRANSPORT=stdout", "_PID=" + std::to_string(pid),
                     "_SYSTEMD_INVOCATION_ID=0123456789abcdef0123456789abcdef"}};
    ASSERT_TRUE(append(*writer_, entry));
  }
  void add_death(const std::string& cause, const std::string& summary,
                 const std::string& unit = "gateway") {
    add("exited",
        R"("verdict":{"cause":")" + cause + R"(","summary":")" + summary +
            R"(","confidence":"certain"})",
        unit, cause);
  }

  Answer ask(const std::string& words) {
    const auto bytes = storage_.bytes();
    std::ofstream(directory_ + "/x.journal", std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
    const std::string command = GATEVISOR_PROGRAM " " + words + " --utc -D " + directory_ + " 2>&1";
    Answer answer;
    std::FILE* pipe = popen(command.c_str(), "r");
    char part[4096];
    while (const std::size_t got = std::fread(part, 1, sizeof part, pipe)) {
      answer.text.append(part, got);
    }
    const int status = pclose(pipe);
    if (WIFEXITED(status)) answer.status = WEXITSTATUS(status);
    return answer;
  }

 private:
  TempDir place_;
  const std::string& directory_ = place_.path();
  journal::MemoryStorage storage_;
  std::optional<journal::Writer> writer_;
  std::uint64_t number_ = 0;
};

TEST(WhyProgram, ACauseOfANewerGatevisorIsSaidAndTheDeathBeforeItTold) {
  Written files;
  files.add_death("exit-code", "the one before");
  files.add_death("bitrot", "unheard of");
  const Answer answer = files.ask("why");
  EXPECT_EQ(answer.status, 10);
  EXPECT_TRUE(
      answer.has("gatevisor: why: the record at 2023-11-14T22:13:22.000000Z cannot be read; "
                 "it may be of a newer gatevisor\n"))
      << answer.text;
  EXPECT_TRUE(answer.has("\nBecause     the one before\n")) << answer.text;
}

TEST(WhyProgram, EachUnitHasItsOwnLastDeathAndTheClassDecidesTheStatus) {
  Written files;
  files.add_death("oom-kill", "of the database", "db");
  files.add_death("start-timeout", "of the cache", "cache");
  files.add_death("task-limit", "of the gateway");
  files.add_death("clean", "of the job", "job");
  EXPECT_EQ(files.ask("why db").status, 11);
  EXPECT_EQ(files.ask("why cache.service").status, 12);
  EXPECT_EQ(files.ask("why gateway").status, 13);
  EXPECT_EQ(files.ask("why").status, 0);
  EXPECT_TRUE(files.ask("why db").has("of the database"));
  const Answer all = files.ask("why -n 3");
  EXPECT_FALSE(all.has("of the database")) << all.text;
  EXPECT_LT(all.text.find("of the cache"), all.text.find("of the job"));
  EXPECT_EQ(files.ask("history").lines(), 5);
  EXPECT_EQ(files.ask("history db").lines(), 2);
  EXPECT_EQ(files.ask("history --cause=oom-kill --cause=task-limit --json").lines(), 2);
}

TEST(WhyProgram, TheLastLinesOfTheProcessThatDiedAreShown) {
  const auto dies = [](Written& files, const char* cause, const char* evidence) {
    files.add("exited", R"("verdict":{"cause":")" + std::string(cause) + R"(","pid":7,"evidence":[)" +
                            evidence + R"(],"invocation":"0123456789abcdef0123456789abcdef"})");
  };
  Written files;
  files.add_line("of a command", 6);
  for (int i = 1; i <= 12; ++i) files.add_line("line " + std::to_string(i), 7);
  dies(files, "exit-code", "");
  files.add_line("of what came behind it", 8);
  const Answer answer = files.ask("why");
  EXPECT_TRUE(answer.has("\nLast lines  22:13:24.000 line 3\n")) << answer.text;
  EXPECT_TRUE(answer.has("            22:13:33.000 line 12\nNext ")) << answer.text;
  EXPECT_FALSE(answer.has(" line 2\n") || answer.has("of a command") || answer.has("behind it"))
      << answer.text;
  EXPECT_TRUE(files.ask("why --json").has(R"({"time":"2023-11-14T22:13:33.000000Z","message":"line 12"}])"));

  // Behind what a run-time says last is its stack.
  Written stacked;
  for (const char* line : {"serving", "out of memory, all of it", "frame 1", "frame 2"}) {
    stacked.add_line(line, 7);
  }
  dies(stacked, "runtime-oom", R"({"source":"output","name":"V8","value":"out of memory"})");
  const Answer said = stacked.ask("why");
  EXPECT_TRUE(said.has(" serving\n            22:13:22.000 out of memory, all of it\nNext ")) << said.text;
}

TEST(WhyProgram, ALineThatWouldHarmATerminalDoesNot) {
  Written files;
  files.add_line("\x1b[2J and \xff " + std::string(300, 'x'), 7);
  files.add("exited",
            R"("verdict":{"cause":"exit-code","pid":7,"invocation":"0123456789abcdef0123456789abcdef"})");
  const Answer answer = files.ask("why");
  EXPECT_FALSE(answer.has("\x1b")) << answer.text;
  EXPECT_TRUE(answer.has("[2J and ? x")) << answer.text;
  EXPECT_TRUE(answer.has("xx…\n")) << answer.text;
}

TEST(WhyProgram, AnInvocationMayBeCounted) {
  Written files;
  for (const char* digit : {"1", "2", "3"}) {
    const std::string id = R"("invocation":")" + std::string(31, '0') + digit + "\"";
    files.add("started", R"("pid":7,)" + id, "gateway", "exit-code", std::string(31, '0') + digit);
    if (*digit == '3') break;  // it lives
    files.add("exited", R"("verdict":{"cause":"exit-code","summary":"life )" + std::string(digit) +
                            "\"," + id + "}",
              "gateway", "exit-code", std::string(31, '0') + digit);
  }
  EXPECT_TRUE(files.ask("why --invocation=-1").has("life 2"));
  EXPECT_TRUE(files.ask("why --invocation=-2").has("life 1"));
  EXPECT_TRUE(files.ask("why --invocation=1").has("life 1"));
  EXPECT_TRUE(files.ask("why --invocation=0").has("no end of the invocation"));
  EXPECT_EQ(files.ask("why --invocation=-3").status, 4);
  EXPECT_EQ(files.ask("why --invocation=4").status, 4);
  EXPECT_EQ(files.ask("why --invocation=-x").status, 64);
}

TEST(WhyProgram, ARunningUnitWithoutADeathIsNoFailure) {
  Written files;
  files.add("started", R"("pid":7,"invocation":"0123456789abcdef0123456789abcdef")");
  const Answer answer = files.ask("why gateway");
  EXPECT_EQ(answer.status, 0);
  EXPECT_EQ(answer.text, "gatevisor: why: no death of gateway.service is recorded\n");
  EXPECT_TRUE(files.ask("history").has("no end is recorded"));
}

// Two starts in a row: the supervisor died with the first of them.
TEST(WhyProgram, ALifeWithoutAnEndIsListedWhenTheNextOneStarts) {
  Written files;
  files.add("started", R"("pid":7,"invocation":"a")");
  files.add("started", R"("pid":8,"invocation":"b")");
  files.add("exited", R"("verdict":{"cause":"clean","invocation":"b","pid":8})");
  const Answer answer = files.ask("history --json");
  ASSERT_EQ(answer.lines(), 2) << answer.text;
  EXPECT_TRUE(answer.text.substr(0, answer.text.find('\n')).contains(R"("pid":7)"));
  EXPECT_FALSE(answer.text.substr(0, answer.text.find('\n')).contains("cause"));
}

TEST(WhyProgram, WhatIsForgedReachesNoTerminal) {
  Written files;
  files.add("started", R"("pid":7,"message":"\u001b[2Jx")", "ga\xc2\x9bte");
  files.add("exited",
            R"("verdict":{"cause":"signal","summary":"a\u001b]0;x\u0007\nb","started":"never",)"
            R"("evidence":[{"source":"\r","name":3,"value":"\u009b1m"}],"limit_path":"\u007f"})",
            "ga\xc2\x9bte", "signal");
  for (const char* words : {"why", "why --json", "history", "history --json"}) {
    const Answer answer = files.ask(words);
    EXPECT_TRUE(log::is_printable(answer.text)) << words;
    EXPECT_FALSE(answer.has("\x1b")) << words;
    EXPECT_FALSE(answer.has("\xc2\x9b")) << words;
  }
}

}  // namespace
}  // namespace gatevisor::app
