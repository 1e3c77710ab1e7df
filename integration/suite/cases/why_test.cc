// gatevisor why and history: real deaths, told from the journal alone.

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "unit.h"

namespace gatevisor::testing {
namespace {

using nlohmann::json;

struct Answer {
  int status = -1;
  std::string text;  ///< of both outputs
  bool has(const std::string& part) const { return text.find(part) != std::string::npos; }
};

/// `words`: 'why -n 2'.
Answer ask(const std::string& words) {
  auto [status, text] = answer_of(words);
  return {status, std::move(text)};
}

std::vector<std::string> in(const TempDir& files) {
  return {"--journal-dir=" + files.file("journal")};
}

Answer why(const TempDir& files, const std::string& options = "") {
  return ask("why -D " + files.file("journal") + " " + options);
}

Answer history(const TempDir& files, const std::string& options = "") {
  return ask("history -D " + files.file("journal") + " " + options);
}

std::vector<json> objects(const Answer& answer) {
  std::vector<json> all;
  std::istringstream lines(answer.text);
  for (std::string line; std::getline(lines, line);) all.push_back(json::parse(line));
  return all;
}

void die(const TempDir& files, std::vector<std::string> command,
         std::vector<std::string> properties = {}) {
  properties.emplace_back("Restart=no");
  Gatevisor supervisor(
      {.command = std::move(command), .properties = std::move(properties), .options = in(files)});
  supervisor.expect_exited();
  supervisor.expect_end();
}

TEST(Why, ExitCode) {
  TempDir files;
  die(files, {"exit", "78"});
  const Answer answer = why(files);
  EXPECT_EQ(answer.status, 10);
  EXPECT_TRUE(answer.has("gateway (pid ")) << answer.text;
  EXPECT_TRUE(answer.has(") died ")) << answer.text;
  EXPECT_TRUE(answer.has("\nBecause     exit code 78 (EX_CONFIG): a configuration error\n"));
  EXPECT_TRUE(answer.has("\nVerdict     exit-code (certain), exit code 78\n"));
  EXPECT_TRUE(answer.has("\nEvidence    waitid status: exit code 78 (EX_CONFIG)\n"));
  EXPECT_TRUE(answer.has("\nNext        not respawned (")) << answer.text;
  EXPECT_TRUE(answer.has(" started (pid ")) << answer.text;
  EXPECT_TRUE(answer.has("What to do  The gateway says that its configuration is wrong"));
}

TEST(Why, SignalFromOutside) {
  TempDir files;
  Gatevisor supervisor(
      {.command = waiting(files), .properties = {"Restart=no"}, .options = in(files)});
  const int pid = supervisor.expect_started();
  expect_waiting(files);
  kill(pid, SIGUSR1);
  supervisor.expect_exited();
  supervisor.expect_end();
  const Answer answer = why(files, "gateway");
  EXPECT_EQ(answer.status, 10);
  EXPECT_TRUE(answer.has("\nBecause     killed by SIGUSR1 from outside\n")) << answer.text;
  EXPECT_TRUE(answer.has("\nRuled out   requested: gatevisor sent it no SIGUSR1\n")) << answer.text;
}

TEST(Why, ExecFailure) {
  TempDir files;
  { std::ofstream(files.file("text")) << "this is no program\n"; }
  chmod(files.file("text").c_str(), 0755);
  Gatevisor supervisor({.options = in(files), .raw_command = {files.file("text")}});
  supervisor.expect_exited();
  supervisor.expect_end();
  const Answer answer = why(files);
  EXPECT_EQ(answer.status, 12);
  EXPECT_TRUE(answer.has(" could not be started ")) << answer.text;
  EXPECT_TRUE(answer.has("What to do  It is no program: a script needs '#!'")) << answer.text;
}

TEST(Why, StopTimeoutAndARequestedEndAreTwoClasses) {
  TempDir files;
  {
    Gatevisor supervisor({.command = {"ignore", "15", "report", files.file("ready"), "hang"},
                          .properties = {"TimeoutStopSec=500ms"},
                          .options = in(files)});
    files.wait_file("ready");
    supervisor.signal(SIGTERM);
    supervisor.expect_end();
  }
  const Answer late = why(files);
  EXPECT_EQ(late.status, 13);
  EXPECT_TRUE(late.has("did not stop within 500ms of SIGTERM and was killed")) << late.text;
  EXPECT_TRUE(late.has("What to do  TimeoutStopSec= is 500ms: ")) << late.text;
  {
    TempDir place;
    Gatevisor supervisor({.command = waiting(place), .options = in(files)});
    expect_waiting(place);
    supervisor.signal(SIGTERM);
    supervisor.expect_end();
  }
  const Answer asked = why(files);
  EXPECT_EQ(asked.status, 0);
  EXPECT_TRUE(asked.has(" ended ")) << asked.text;
  EXPECT_FALSE(asked.has("What to do")) << asked.text;
  // Both, the newest last; it decides.
  const Answer both = why(files, "-n 5");
  EXPECT_EQ(both.status, 0);
  EXPECT_LT(both.text.find("stop-timeout"), both.text.find("requested (certain)"));
}

TEST(Why, TheRespawnIsFoundInTheRecordsAndEachInvocationByItsId) {
  TempDir files;
  std::string first;
  {
    Gatevisor supervisor(
        {.command = {"exit", "3"},
         .properties = {"RestartSec=10ms", "StartLimitBurst=2", "StartLimitIntervalSec=60"},
         .options = in(files)});
    first = supervisor.expect_exited().text("/verdict/invocation");
    supervisor.expect_end();
  }
  const Answer answer = why(files, "--json --invocation=" + first);
  EXPECT_EQ(answer.status, 10);
  const auto deaths = objects(answer);
  ASSERT_EQ(deaths.size(), 1u);
  const json& death = deaths[0];
  EXPECT_EQ(death["unit"], "gateway");
  EXPECT_EQ(death["invocation"], first);
  EXPECT_EQ(death["class"], "program");
  EXPECT_EQ(death["verdict"]["exit_code"], 3);
  EXPECT_EQ(death["verdict"]["next"]["action"], "respawn");
  EXPECT_GT(death["next_start"]["pid"], death["pid"]);
  EXPECT_FALSE(death["advice"].get<std::string>().empty());
  EXPECT_EQ(death["before"].back()["event"], "started");
  EXPECT_EQ(death["after"].back()["event"], "started");
  EXPECT_GE(death["lived_usec"], 0);
  // The last one is not started again.
  EXPECT_TRUE(why(files).has("Next        gave up (")) << why(files).text;

  const auto lives = objects(history(files, "--json"));
  ASSERT_EQ(lives.size(), 2u);
  EXPECT_EQ(lives[0]["invocation"], first);
  EXPECT_EQ(lives[0]["cause"], "exit-code");
  EXPECT_EQ(lives[1]["next"]["action"], "give-up");
  EXPECT_EQ(why(files, "--invocation=00000000000000000000000000000000").status, 4);
}

// While the supervisor runs, and from a copy of what it wrote until then.
TEST(Why, ALivingGatewayHasNotDiedAndACopyTellsTheSame) {
  TempDir files;
  Gatevisor supervisor({.command = {"once", files.file("x"), "exit", "5", "wait"},
                        .properties = {"RestartSec=10ms"},
                        .options = in(files)});
  supervisor.expect_exited();
  supervisor.expect_started();
  // The record of the start is behind that of the end: the writer has both when it has one more.
  const std::string log = "log -D " + files.file("journal") +
                          " -f --no-tail -o cat GATEVISOR_EVENT=started | head -n 2";
  EXPECT_EQ(ask(log).text.find("respawned") != std::string::npos, true);
  std::filesystem::copy(files.file("journal"), files.file("copy"));
  const Answer copied = ask("why --json -D " + files.file("copy"));
  supervisor.signal(SIGTERM);
  supervisor.expect_end();
  ASSERT_EQ(copied.status, 10);
  EXPECT_EQ(objects(copied)[0]["verdict"]["exit_code"], 5);
  const Answer alive = ask("history -D " + files.file("copy"));
  EXPECT_TRUE(alive.has("exit-code (certain)")) << alive.text;
  EXPECT_TRUE(alive.text.ends_with("no end is recorded\n")) << alive.text;
}

TEST(Why, HistoryIsFilteredByCauseAndTime) {
  TempDir files;
  die(files, {"exit", "1"});
  die(files, {"kill", "10"});
  EXPECT_EQ(objects(history(files, "--json")).size(), 2u);
  const auto killed = objects(history(files, "--json --cause=signal,oom-kill"));
  ASSERT_EQ(killed.size(), 1u);
  EXPECT_EQ(killed[0]["cause"], "signal");
  EXPECT_EQ(objects(history(files, "--json -S -1h")).size(), 2u);
  const Answer none = history(files, "-U -1h");
  EXPECT_EQ(none.status, 0);
  EXPECT_EQ(none.text, "gatevisor: history: no such invocation is recorded\n");
  EXPECT_EQ(history(files).text.substr(0, 5), "UNIT ");
}

TEST(Why, BadInput_IsOneLineEach) {
  TempDir files;
  mkdir(files.file("empty").c_str(), 0755);
  const auto one_line = [](const Answer& answer, int status, const std::string& part) {
    EXPECT_EQ(answer.status, status) << answer.text;
    EXPECT_TRUE(answer.has(part)) << answer.text;
    EXPECT_EQ(std::ranges::count(answer.text, '\n'), 1) << answer.text;
  };
  const std::string empty = " -D " + files.file("empty");
  one_line(ask("why" + empty), 4, "there is no journal file that can be read");
  one_line(ask("history" + empty), 4, "there is no journal file that can be read");
  die(files, {"exit", "1"});
  one_line(why(files, "other"), 4, "there is no record of a unit 'other.service' here");
  one_line(why(files, "--invocation=xyz"), 64, "--invocation=xyz: expected 32 hexadecimal digits");
  one_line(why(files, "-n 0"), 64, "");
  one_line(why(files, "--file=x"), 64, "excludes");
  one_line(history(files, "--cause=bad-luck"), 64, "--cause=bad-luck: expected one of clean ");
  one_line(history(files, "-S nonsense"), 64, "--since=nonsense: ");
}

// Its first look is a second old.
TEST(Why, WhatWasSeenOfALifeIsTold) {
  TempDir files;
  die(files, {"alloc", "20", "linger", "1300", "exit", "3"});
  const Answer answer = why(files);
  EXPECT_TRUE(answer.has("\nBefore it   ")) << answer.text;
  EXPECT_TRUE(answer.has("\nBiggest     misbehave (pid ")) << answer.text;
  const auto flight = objects(why(files, "--json"))[0]["flight"];
  ASSERT_GE(flight.size(), 1u);
  EXPECT_GE(flight[0]["resident"], 20 << 20);
  EXPECT_GE(flight[0]["age_usec"], 1'000'000);
  EXPECT_EQ(flight[0]["biggest"][0]["name"], "misbehave");
  // journalctl's level debug; not for the console.
  EXPECT_TRUE(ask("log -o cat -p debug -D " + files.file("journal")).has("flight record: memory "));
  EXPECT_FALSE(ask("log -o cat -p info -D " + files.file("journal")).has("flight record"));
}

TEST(Why, WithoutTheRecorderThereIsNoFlight) {
  TempDir files;
  die(files, {"linger", "1300", "exit", "3"}, {"MemorySampleSec=0"});
  EXPECT_FALSE(why(files).has("Before it"));
  EXPECT_TRUE(objects(why(files, "--json"))[0]["flight"].empty());
}

TEST(Memory, WhyShowsTheCurveUpToTheDeath) {
  TempDir files;
  {
    Gatevisor supervisor({.command = {"alloc", "10", "linger", "1200", "alloc", "20", "linger",
                                      "1200", "alloc", "200", "wait"},
                          .properties = {"MemoryMax=64M", "MemorySwapMax=0", "Restart=no"},
                          .options = in(files)});
    supervisor.expect("exited", patience(20s));
    supervisor.expect_end();
  }
  const Answer answer = why(files);
  EXPECT_EQ(answer.status, 11);
  EXPECT_TRUE(answer.has("\nBefore it   from 1")) << answer.text;
  const auto flight = objects(why(files, "--json"))[0]["flight"];
  ASSERT_GE(flight.size(), 2u);
  EXPECT_GE(flight[0]["anon"], 10 << 20);
  EXPECT_LT(flight[0]["anon"], 20 << 20);
  EXPECT_GE(flight[1]["anon"], 30 << 20);
  EXPECT_GE(flight[1]["current"], flight[1]["anon"]);
  EXPECT_EQ(flight[1]["tasks"], 1);
  EXPECT_GT(flight[1]["cpu_usec"], 0);
  EXPECT_GE(flight[1]["biggest"][0]["resident"], 30 << 20);
}

TEST(Memory, WhyNamesTheLimitThePeakAndWhatToSet) {
  TempDir files;
  {
    Gatevisor supervisor({.command = {"alloc", "200", "wait"},
                          .properties = {"MemoryMax=32M", "MemorySwapMax=0", "Restart=no"},
                          .options = in(files)});
    supervisor.expect("exited", patience(20s));
    supervisor.expect_end();
  }
  const Answer answer = why(files);
  EXPECT_EQ(answer.status, 11);
  EXPECT_TRUE(answer.has("\nBecause     killed out of memory; at its own memory limit of 32.0M"))
      << answer.text;
  EXPECT_TRUE(answer.has("memory.events oom_kill: +1\n")) << answer.text;
  EXPECT_TRUE(answer.has(" of a limit of 32.0M (")) << answer.text;
  EXPECT_TRUE(answer.has("What to do  MemoryMax= is 32 MiB and the peak was 3")) << answer.text;
  EXPECT_TRUE(answer.has("--max-old-space-size=24 ")) << answer.text;
  EXPECT_TRUE(history(files, "--cause=oom-kill").has("oom-kill (certain)"));
}

}  // namespace
}  // namespace gatevisor::testing
