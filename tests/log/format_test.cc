// What journalctl has no say in, or says differently; the rest is held against it
// (log_oracle_test).
#include "log/format.h"

#include <gtest/gtest.h>

#include "log/bytes.h"

namespace gatevisor::log {
namespace {

journal::EntryView entry(const std::vector<std::string>& payloads) {
  journal::EntryView view;
  view.seqnum = 7;
  view.realtime_usec = 1'700'000'000'000'042;
  view.monotonic_usec = 5'000'001;
  for (const std::string& payload : payloads) view.fields.push_back({.payload = payload});
  return view;
}

std::string text(FormatOptions options, const std::vector<std::string>& payloads,
                 std::optional<Span> match = std::nullopt) {
  const UtcCalendar utc;
  std::string out;
  Formatter(std::move(options), utc).append(out, entry(payloads), {}, match);
  return out;
}

TEST(Format, Short) {
  const std::vector<std::string> payloads = {"MESSAGE=hello", "_HOSTNAME=box", "_COMM=node",
                                             "_PID=42"};
  EXPECT_EQ(text({}, payloads), "Nov 14 22:13:20 box node[42]: hello\n");
  EXPECT_EQ(text({.no_hostname = true}, payloads), "Nov 14 22:13:20 node[42]: hello\n");
  EXPECT_EQ(text({}, {"_PID=42"}), "");
}

TEST(Format, MarksTheMatchAndGoesBackToTheColourOfTheLine) {
  EXPECT_EQ(
      text({.output = Output::kCat, .colors = true}, {"MESSAGE=abc", "PRIORITY=3"}, Span{1, 2}),
      "\x1b[0;1;31ma\x1b[0;1;39mb\x1b[0;1;31mc\x1b[0m\n");
  EXPECT_EQ(text({.output = Output::kCat, .colors = true}, {"MESSAGE=abc"}, Span{1, 2}),
            "a\x1b[0;1;31mb\x1b[0mc\n");
}

TEST(Format, TheMatchMovesWithTabulatorsAndColours) {
  const std::string line = text({.no_hostname = true, .colors = true},
                                {"MESSAGE=\t\x1b[31mred\x1b[0m end", "PRIORITY=5"}, Span{6, 9});
  EXPECT_EQ(
      line,
      "Nov 14 22:13:20 unknown: \x1b[0;1;39m        \x1b[0;1;31mred\x1b[0;1;39m end\x1b[0m\n");
}

TEST(Format, JsonKeepsEveryValueOfAName) {
  const std::string line =
      text({.output = Output::kJson, .fields = {"A", "B"}}, {"A=1", "C=x", "B=q", "A=2", "A=\xff"});
  EXPECT_TRUE(line.ends_with("\"A\":[\"1\",\"2\",[255]],\"B\":\"q\"}\n")) << line;
}

TEST(Format, JsonOfThousandsOfNamesHasEachOnce) {
  std::vector<std::string> payloads;
  for (int i = 0; i < 4000; ++i) payloads.push_back("F" + std::to_string(i % 2000) + "=v");
  const std::string line = text({.output = Output::kJson}, payloads);
  std::size_t count = 0;
  for (std::size_t at = 0; (at = line.find("[\"v\",\"v\"]", at)) != line.npos; ++at) ++count;
  EXPECT_EQ(count, 2000u);
}

// A hostile file must not make JSON that is none.
TEST(Format, FieldsWithoutAProperNameAreLeftOut) {
  const std::string line =
      text({.output = Output::kJson, .fields = {}},
           {"a\"b=1", "=2", "novalue", "0A=3", std::string(65, 'A') + "=4", "OK=5"});
  EXPECT_TRUE(line.ends_with("\"OK\":\"5\"}\n")) << line;
  EXPECT_EQ(line.find("a\"b"), line.npos);
}

TEST(Format, Bytes) {
  EXPECT_EQ(format_bytes(0), "0B");
  EXPECT_EQ(format_bytes(1023), "1023B");
  EXPECT_EQ(format_bytes(1024), "1.0K");
  EXPECT_EQ(format_bytes(1536), "1.5K");
  EXPECT_EQ(format_bytes(8 << 20), "8.0M");
  EXPECT_EQ(format_bytes(~std::uint64_t{0}), "15.9E");
}

TEST(Format, Spans) {
  EXPECT_EQ(format_span(0), "0");
  EXPECT_EQ(format_span(630'999), "630ms");
  EXPECT_EQ(format_span(19'001'000), "19.001s");
  EXPECT_EQ(format_span(60'000'000), "1min");
  EXPECT_EQ(format_span(2'126'630'000), "35min 26.630s");
  EXPECT_EQ(format_span(90'061'000'000), "1d 1h 1min 1s");
}

}  // namespace
}  // namespace gatevisor::log
