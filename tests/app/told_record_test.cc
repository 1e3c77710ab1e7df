// Records read back: what was written comes out, and anything else does no harm.

#include "protocol/told_record.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <csignal>
#include <nlohmann/json.hpp>

#include "core/flight_recorder.h"
#include "protocol/journal_record.h"
#include "protocol/record_json.h"

namespace gatevisor::protocol {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;

std::string fixed_time(Instant instant) {
  return "T" + std::to_string(instant.time_since_epoch().count());
}
std::string wall(std::uint64_t usec) { return "W" + std::to_string(usec); }

Verdict full(Cause cause) {
  Verdict verdict;
  verdict.unit = "gateway";
  verdict.invocation = "0123456789abcdef0123456789abcdef";
  verdict.pid = 42;
  verdict.cause = cause;
  verdict.scope = Scope::AncestorLimit;
  verdict.victim = Victim::Group;
  verdict.sender = Sender::Kernel;
  verdict.status = WaitStatus::killed(9);
  verdict.command = "ExecStartPre=/bin/x";
  verdict.runtime = "V8";
  verdict.exec_failure = ExecFailure{ExecStep::WorkingDirectory, ENOENT};
  verdict.confidence = Confidence::Likely;
  verdict.evidence = {{"waitid", "status", "SIGKILL"}, {"a", "b", "c"}};
  verdict.ruled_out = {{Cause::Requested, "nothing was sent"}};
  verdict.memory_peak = 5'000'000'000;
  verdict.memory_limit = 6'000'000'000;
  verdict.limit_path = "gateway.slice";
  verdict.summary = "why";
  verdict.shell_status = 137;
  verdict.next = {NextAction::GiveUp, 2s, "StartLimitBurst="};
  return verdict;
}

std::string written(const Record& record) {
  return to_json(record, "gateway", "error", "[gateway] text", Instant{5s}, fixed_time);
}

TEST(ToldRecord, AVerdictOfEachCauseIsReadBackWhole) {
  for (const Cause cause : kAllCauses) {
    for (const WaitStatus status : {WaitStatus::exited(3), WaitStatus::killed(SIGTERM),
                                    WaitStatus::dumped(SIGSEGV), WaitStatus::killed(36)}) {
      Verdict verdict = full(cause);
      verdict.status = status;
      const auto record = read_record(written(record::Exited{verdict, 3, 60s}));
      ASSERT_TRUE(record && record->death) << to_string(cause);
      EXPECT_TRUE(record->death->verdict == verdict) << record->death->json;
      EXPECT_EQ(record->death->exits_in_window, 3u);
      EXPECT_EQ(record->death->window, 60s);
      EXPECT_EQ(record->death->ended, "T0");
    }
  }
}

Sample look(int second) {
  Sample sample;
  sample.age = second * 1s;
  sample.current = 100u + static_cast<unsigned>(second);
  sample.anonymous = 90;
  sample.kernel = 1;
  sample.resident = 200;
  sample.tasks = 3;
  sample.cpu = 7ms;
  sample.biggest = {{42, "node", 90}, {43, "a\"b", 10}};
  return sample;
}

TEST(ToldRecord, AFlightIsReadBackWhole) {
  Sample unseen;  // nothing could be read
  unseen.age = 2s;
  const std::vector<Sample> samples = {look(1), unseen, look(4)};
  const auto record = read_record(written(record::Flight{"id", samples}));
  ASSERT_TRUE(record);
  EXPECT_EQ(record->invocation, "id");
  EXPECT_TRUE(record->samples == samples);
}

TEST(ToldRecord, TheLongestFlightFitsInARecord) {
  std::vector<Sample> samples;
  for (std::size_t i = 0; i < core::FlightRecorder::kMost; ++i) {
    Sample sample;
    sample.age = Duration{INT64_MAX / 4 + static_cast<std::int64_t>(i)};
    sample.current = sample.anonymous = sample.file = sample.kernel = sample.socket = UINT64_MAX / 4;
    sample.swap = sample.tasks = UINT64_MAX / 4;
    sample.cpu = sample.stalled = sample.age;
    sample.resident = UINT64_MAX / 4;
    sample.biggest.assign(Sample::kMostBiggest, {INT32_MAX, std::string(15, '"'), UINT64_MAX / 4});
    samples.push_back(std::move(sample));
  }
  const std::string text = written(record::Flight{std::string(32, 'a'), samples});
  EXPECT_LT(text.size(), kMaxJournalRecord - 4096) << "what comes beside it";
  EXPECT_EQ(read_record(text)->samples.size(), samples.size());
}

TEST(ToldRecord, AFlightOfAnybodyIsTakenAsFarAsItIsOne) {
  const std::string head = R"({"event":"flight","unit":"a",)";
  const auto samples_of = [&](const std::string& rest) {
    const auto record = read_record(head + rest + "}");
    return record ? record->samples : std::vector<Sample>{};
  };
  EXPECT_TRUE(samples_of(R"("columns":5,"rows":[[1]])").empty());
  EXPECT_TRUE(samples_of(R"("columns":["age_usec"],"rows":{"a":1})").empty());
  const auto some = samples_of(
      R"("columns":["new","age_usec","current","biggest"],"rows":[[[],5,-1,[[1,"a",2],[1],"x"]],7,[0,4],[null,6,9,8]])");
  ASSERT_EQ(some.size(), 2u) << "the one that goes back in time is left out";
  EXPECT_EQ(some[0].age, Duration{5});
  EXPECT_FALSE(some[0].current);
  ASSERT_EQ(some[0].biggest.size(), 1u);
  EXPECT_EQ(some[1].current, 9u);
}

TEST(ToldRecord, AStartHasItsPidAndInvocation) {
  const auto record = read_record(written(record::Started{42, "id", 1}));
  ASSERT_TRUE(record);
  EXPECT_EQ(record->event, "started");
  EXPECT_EQ(record->unit, "gateway");
  EXPECT_EQ(record->message, "[gateway] text");
  EXPECT_EQ(record->pid, 42);
  EXPECT_EQ(record->invocation, "id");
  EXPECT_FALSE(record->death);
}

TEST(ToldRecord, WhatIsNoneIsNone) {
  for (const char* bytes : {"", "{", "[]", "3", "null", R"({"event":"exited"})", R"({"unit":"a"})",
                            R"({"event":1,"unit":{}})"}) {
    EXPECT_FALSE(read_record(bytes)) << bytes;
  }
  const auto unknown =
      read_record(R"({"event":"exited","unit":"a","verdict":{"cause":"something-new"}})");
  ASSERT_TRUE(unknown);
  EXPECT_FALSE(unknown->death);
}

// Every value of another kind, and every prefix: nothing throws.
TEST(ToldRecord, AnythingInPlaceOfAValueDoesNoHarm) {
  const std::string good = written(record::Exited{full(Cause::OomKill), 1, 60s});
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(read_record(std::string_view(good).substr(0, size)));
  }
  const json flat = json::parse(good).flatten();
  std::string deep(100'000, '[');
  for (const auto& [path, value] : flat.items()) {
    for (const char* other : {"null", "-1", "1e400", "99999999999999999999", "\"\\u0000\"", "[]",
                              "{}", "true", "[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]"}) {
      json changed = json::parse(good);
      const json replacement = json::parse(other, nullptr, false);
      if (replacement.is_discarded()) continue;
      changed[json::json_pointer(path)] = replacement;
      const auto record = read_record(changed.dump());
      if (record && record->death) {
        EXPECT_TRUE(json::accept(record->death->json)) << path;
      }
    }
  }
  EXPECT_FALSE(read_record(R"({"event":"exited","unit":"a","verdict":)" + deep));
}

TEST(ToldRecord, ADeathForProgramsHasTheVerdictAsItWas) {
  const auto record = read_record(written(record::Exited{full(Cause::OomKill), 3, 60s}));
  ASSERT_TRUE(record && record->death);
  DeathReport report;
  report.verdict = record->death->verdict;
  report.verdict_json = record->death->json;
  report.started_usec = 1'000'000;
  report.ended_usec = 3'000'000;
  report.exits_in_window = 3;
  report.before = {{1'000'000, "started", "started (pid 42)"}};
  report.next_start = NextStart{4'000'000, 43, "f"};
  const json object = json::parse(death_json(report, "Raise it.", "memory", 10'000'000, wall));
  EXPECT_EQ(object["unit"], "gateway");
  EXPECT_EQ(object["started"], "W1000000");
  EXPECT_EQ(object["ended"], "W3000000");
  EXPECT_EQ(object["lived_usec"], 2'000'000);
  EXPECT_EQ(object["ago_usec"], 7'000'000);
  EXPECT_EQ(object["class"], "memory");
  EXPECT_EQ(object["advice"], "Raise it.");
  EXPECT_EQ(object["verdict"],
            json::parse(written(record::Exited{full(Cause::OomKill), 3, 60s}))["verdict"]);
  EXPECT_EQ(object["before"][0]["message"], "started (pid 42)");
  EXPECT_EQ(object["next_start"]["pid"], 43);
  EXPECT_TRUE(json::parse(death_json(report, "", "fine", 0, wall))["advice"].is_null());
}

TEST(ToldRecord, AnInvocationWithoutAnEndHasNoVerdict) {
  DeathReport report;
  report.verdict = full(Cause::OomKill);
  report.started_usec = 1'000'000;
  EXPECT_FALSE(json::parse(invocation_json(report, wall)).contains("cause"));
  report.ended_usec = 3'000'000;
  const json object = json::parse(invocation_json(report, wall));
  EXPECT_EQ(object["cause"], "oom-kill");
  EXPECT_EQ(object["memory_peak"], 5'000'000'000);
  EXPECT_EQ(object["next"]["action"], "give-up");
}

}  // namespace
}  // namespace gatevisor::protocol
