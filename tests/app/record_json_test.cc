// A verdict in JSON: the names and shapes that scripts rely on.

#include "protocol/record_json.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace gatevisor::protocol {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;

std::string fixed_time(Instant instant) {
  return "T" + std::to_string(instant.time_since_epoch().count());
}

json parse(const Record& record) {
  return json::parse(
      to_json(record, "gateway", "error", "[gateway] text", Instant{5s}, fixed_time));
}

Verdict oom() {
  Verdict verdict;
  verdict.unit = "gateway";
  verdict.invocation = "0123456789abcdef0123456789abcdef";
  verdict.pid = 42;
  verdict.started = Instant{1s};
  verdict.ended = Instant{2s};
  verdict.cause = Cause::OomKill;
  verdict.scope = Scope::OwnLimit;
  verdict.victim = Victim::Main;
  verdict.sender = Sender::Kernel;
  verdict.status = WaitStatus::killed(9);
  verdict.shell_status = 137;
  verdict.evidence = {{"gateway.slice/1/memory.events", "oom_kill", "+1"}};
  verdict.ruled_out = {{Cause::Requested, "nothing was sent"}};
  verdict.memory_peak = 1000;
  verdict.memory_limit = 2000;
  verdict.next = {NextAction::Respawn, 2s, "Restart=on-failure"};
  return verdict;
}

TEST(RecordJson, EveryRecordHasTimeLevelUnitEventAndMessage) {
  const json object = parse(record::Started{42, "id", 1});
  EXPECT_EQ(object["time"], "T5000000");
  EXPECT_EQ(object["level"], "error");
  EXPECT_EQ(object["unit"], "gateway");
  EXPECT_EQ(object["event"], "started");
  EXPECT_EQ(object["message"], "[gateway] text");
}

TEST(RecordJson, VerdictHasTheFieldsOfTheInterface) {
  const json verdict = parse(record::Exited{oom(), 1, 60s})["verdict"];
  EXPECT_EQ(verdict["unit"], "gateway");
  EXPECT_EQ(verdict["invocation"], "0123456789abcdef0123456789abcdef");
  EXPECT_EQ(verdict["pid"], 42);
  EXPECT_EQ(verdict["started"], "T1000000");
  EXPECT_EQ(verdict["ended"], "T2000000");
  EXPECT_EQ(verdict["cause"], "oom-kill");
  EXPECT_EQ(verdict["scope"], "own-limit");
  EXPECT_EQ(verdict["victim"], "main");
  EXPECT_EQ(verdict["sender"], "kernel");
  EXPECT_EQ(verdict["signal"], "SIGKILL");
  EXPECT_EQ(verdict["confidence"], "certain");
  EXPECT_EQ(verdict["evidence"][0]["name"], "oom_kill");
  EXPECT_EQ(verdict["ruled_out"][0]["cause"], "requested");
  EXPECT_EQ(verdict["memory"]["peak"], 1000);
  EXPECT_EQ(verdict["memory"]["limit"], 2000);
  EXPECT_EQ(verdict["next"]["action"], "respawn");
  EXPECT_EQ(verdict["next"]["delay_usec"], 2'000'000);
  EXPECT_FALSE(verdict.contains("exit_code"));
}

TEST(RecordJson, ExitCodeStandsWhereThereIsNoSignal) {
  Verdict verdict = oom();
  verdict.status = WaitStatus::exited(78);
  const json object = parse(record::Exited{verdict, 1, 60s})["verdict"];
  EXPECT_EQ(object["exit_code"], 78);
  EXPECT_FALSE(object.contains("signal"));
}

TEST(RecordJson, BytesThatAreNoUtf8AreReplacedAndNothingThrows) {
  const json object = parse(record::Warning{{"open", "/tmp/\xff", 2, ""}});
  EXPECT_EQ(object["subject"], "/tmp/\xEF\xBF\xBD");
}

TEST(RecordJson, IsOneLine) {
  EXPECT_EQ(
      to_json(record::Exited{oom(), 1, 60s}, "gateway", "error", "a\nb", Instant{}, fixed_time)
          .find('\n'),
      std::string::npos);
}

}  // namespace
}  // namespace gatevisor::protocol
