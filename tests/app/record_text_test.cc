// The console lines that scripts look for, word by word.

#include "app/record_text.h"

#include <gtest/gtest.h>

namespace gatevisor::app {
namespace {

using namespace std::chrono_literals;

Verdict killed_for_memory() {
  Verdict verdict;
  verdict.unit = "gateway";
  verdict.pid = 42;
  verdict.cause = Cause::OomKill;
  verdict.scope = Scope::OwnLimit;
  verdict.status = WaitStatus::killed(9);
  verdict.shell_status = 137;
  verdict.summary = "killed out of memory; at its own memory limit of 64.0M (gateway.slice)";
  verdict.memory_peak = 64U << 20;
  verdict.next = {NextAction::Respawn, 2s, "Restart=on-failure"};
  return verdict;
}

TEST(RecordText, SeedRow_SignalDeath_RespawnLineKeepsItsWording) {
  EXPECT_EQ(to_text(record::Exited{killed_for_memory(), 3, 60s}, "gateway"),
            "[gateway] pid 42 exited (rc=137); respawning (#3 in 60s window) in 2s — oom-kill "
            "(certain): killed out of memory; at its own memory limit of 64.0M (gateway.slice); "
            "peak 64.0M");
}

TEST(RecordText, RespawnedLineKeepsItsWording) {
  EXPECT_EQ(to_text(record::Started{43, "", 2}, "gateway"), "[gateway] respawned (pid 43)");
  EXPECT_EQ(to_text(record::Started{42, "", 1}, "gateway"), "[gateway] started (pid 42)");
}

TEST(RecordText, SeedRow_CriticalSink_CriticalLineKeepsItsWording) {
  const std::string line = to_text(record::Alarm{5, 60s}, "gateway");
  EXPECT_TRUE(
      line.starts_with("[gateway] CRITICAL: 5 respawns in 60s window — gateway likely unstable; "))
      << line;
  EXPECT_EQ(level_of(record::Alarm{5, 60s}), Level::Critical);
}

TEST(RecordText, StopLineKeepsItsWording) {
  const std::string line = to_text(record::Stopping{{"SIGTERM", 1, 0}, 42, 15, false}, "gateway");
  EXPECT_TRUE(line.starts_with("[gateway] received signal, forwarding to children...")) << line;
}

TEST(RecordText, RuledOutCausesAreNamedWithTheirReason) {
  Verdict verdict = killed_for_memory();
  verdict.cause = Cause::Signal;
  verdict.summary = "killed by SIGKILL from outside";
  verdict.memory_peak.reset();
  verdict.ruled_out = {{Cause::OomKill, "oom_kill +0 in gateway.slice/1/memory.events"}};
  const std::string line = to_text(record::Exited{verdict, 1, 60s}, "gateway");
  EXPECT_TRUE(line.ends_with("; not oom-kill: oom_kill +0 in gateway.slice/1/memory.events"))
      << line;
}

TEST(RecordText, StayingDownSaysByWhichRule) {
  Verdict verdict = killed_for_memory();
  verdict.next = {NextAction::Stop, 0s, "RestartPreventExitStatus="};
  EXPECT_NE(to_text(record::Exited{verdict, 1, 60s}, "gateway")
                .find("not respawning (RestartPreventExitStatus=)"),
            std::string::npos);
}

TEST(RecordText, ACommandIsNoSignal) {
  const Requester from = {"stop", 7, 1000, "gatevisor stop gateway"};
  EXPECT_EQ(to_text(record::Stopping{from, 9, 15, false}, "gateway"),
            "[gateway] stopping (stop from pid 7, uid 1000: gatevisor stop gateway; SIGTERM to pid 9)");
  EXPECT_EQ(to_text(record::SignalSent{10, KillWhom::Main, 9, {"kill", 7, 0}}, "gateway"),
            "[gateway] sent SIGUSR1 to pid 9 (kill from pid 7, uid 0)");
}

TEST(RecordText, EveryRecordIsOneLine) {
  for (const Record& record :
       {Record{record::Exited{killed_for_memory(), 1, 60s}}, Record{record::LeftBehind{3}},
        Record{record::KillEscalated{3, 8s}}, Record{record::OomWhileAlive{1, true}},
        Record{record::MemoryStalled{"x", false}}, Record{record::StartLimitHit{5, 10s}},
        Record{record::Forwarded{1, 1, 3, {"SIGHUP", 1, 0}}},
        Record{record::Warning{{"open", "/x", 2, "create it"}}},
        Record{record::Flight{"id", std::vector<Sample>(2)}},
        Record{record::Finished{0, "done"}}}) {
    EXPECT_EQ(to_text(record, "gateway").find('\n'), std::string::npos);
  }
}

}  // namespace
}  // namespace gatevisor::app
