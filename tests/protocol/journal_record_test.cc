// A record on its way to the journal.

#include "protocol/journal_record.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace gatevisor::protocol {
namespace {

bool has(const std::vector<std::string>& fields, const std::string& field) {
  return std::ranges::find(fields, field) != fields.end();
}

JournalRecord sample() {
  return {
      7, 1'700'000'000'000'000, 42, {"MESSAGE=two\nlines", std::string("BINARY=a\0b", 10), "="}};
}

TEST(JournalRecord, ComesBackAsItWas) { EXPECT_EQ(decode(encode(sample())), sample()); }

TEST(JournalRecord, AnyCutIsRefused) {
  const std::string bytes = encode(sample());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(decode(std::string_view(bytes).substr(0, size))) << size;
  }
  EXPECT_FALSE(decode(bytes + "x"));
}

TEST(JournalRecord, HugeCountsAndSizesAreRefused) {
  std::string bytes = encode(sample());
  bytes.replace(24, 8, std::string(8, '\xff'));
  EXPECT_FALSE(decode(bytes));
  bytes = encode(sample());
  bytes.replace(32, 8, std::string(8, '\xff'));
  EXPECT_FALSE(decode(bytes));
}

TEST(JournalFields, OfADeathHoldTheVerdict) {
  Verdict verdict;
  verdict.invocation = "0123456789abcdef0123456789abcdef";
  verdict.pid = 57;
  verdict.cause = Cause::OomKill;
  verdict.scope = Scope::OwnLimit;
  verdict.victim = Victim::Main;
  verdict.sender = Sender::Kernel;
  verdict.status = WaitStatus::killed(9);
  const auto fields = journal_fields(record::Exited{verdict, 1, {}}, "gateway", 3, "text", "{}");
  for (const char* field :
       {"MESSAGE=text", "PRIORITY=3", "SYSLOG_IDENTIFIER=gatevisor", "UNIT=gateway.service",
        "GATEVISOR_EVENT=exited", "GATEVISOR_RECORD={}", "GATEVISOR_CAUSE=oom-kill",
        "GATEVISOR_SCOPE=own-limit", "GATEVISOR_VICTIM=main", "GATEVISOR_SENDER=kernel",
        "GATEVISOR_CONFIDENCE=certain", "EXIT_CODE=killed", "EXIT_STATUS=9", "GATEVISOR_PID=57",
        "INVOCATION_ID=0123456789abcdef0123456789abcdef",
        "MESSAGE_ID=fe6faa94e7774663a0da52717891d8ef"}) {
    EXPECT_TRUE(has(fields, field)) << field;
  }
}

TEST(JournalFields, OfOneThatNeverRanHaveNoStatus) {
  const auto fields = journal_fields(record::Exited{Verdict{}, 1, {}}, "gateway", 3, "", "{}");
  EXPECT_FALSE(std::ranges::any_of(fields, [](const std::string& field) {
    return field.starts_with("EXIT_") || field.starts_with("INVOCATION_ID=");
  }));
}

}  // namespace
}  // namespace gatevisor::protocol
