#include "protocol/lines.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace gatevisor::protocol {
namespace {

std::vector<Line> lines_of(std::string_view bytes) {
  std::vector<Line> lines;
  while (const auto line = first_line(bytes, true)) {
    lines.push_back(*line);
    bytes.remove_prefix(line->size);
  }
  EXPECT_TRUE(bytes.empty());
  return lines;
}

TEST(Lines, EndAtANewline) {
  const auto lines = lines_of("one\ntwo\n");
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0].text, "one");
  EXPECT_EQ(lines[1].text, "two");
  EXPECT_EQ(to_string(lines[1].broken_by), "");
}

TEST(Lines, WithoutOneWaitUntilTheStreamEnds) {
  EXPECT_FALSE(first_line("no end", false));
  EXPECT_FALSE(first_line("", true));
  const auto last = first_line("no end", true);
  ASSERT_TRUE(last);
  EXPECT_EQ(last->text, "no end");
  EXPECT_EQ(to_string(last->broken_by), "eof");
}

TEST(Lines, EndAtANulWhichIsTold) {
  const std::string bytes("a\0b\n", 4);
  const auto lines = lines_of(bytes);
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0].text, "a");
  EXPECT_EQ(to_string(lines[0].broken_by), "nul");
  EXPECT_EQ(lines[1].text, "b");
}

TEST(Lines, AreBrokenAtTheirLargestLength) {
  const std::string full(kLineMax, 'x');
  EXPECT_FALSE(first_line(full, false));
  const std::string ended = full + "\n";
  const std::string longer = full + "yz\nnext\n";
  const auto exact = lines_of(ended);
  ASSERT_EQ(exact.size(), 1u);
  EXPECT_EQ(to_string(exact[0].broken_by), "");
  const auto lines = lines_of(longer);
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(lines[0].text, full);
  EXPECT_EQ(to_string(lines[0].broken_by), "line-max");
  EXPECT_EQ(lines[1].text, "yz");
  EXPECT_EQ(lines[2].text, "next");
}

// However the bytes arrive, the same lines come of them, and no byte is lost.
TEST(Lines, DoNotDependOnHowTheBytesArrive) {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    std::string bytes;
    while (bytes.size() < 120'000) {
      bytes.append(random() % (random() % 8 == 0 ? 60'000 : 200), 'a');
      bytes += "\n\n\0x\xff"[random() % 5];
    }
    std::vector<std::string> whole;
    for (const Line& line : lines_of(bytes)) whole.emplace_back(line.text);
    std::vector<std::string> parts;
    std::string kept;
    std::size_t told = 0;
    for (std::size_t at = 0; at < bytes.size();) {
      const std::size_t part = std::min<std::size_t>(random() % 30'000 + 1, bytes.size() - at);
      kept.append(bytes, at, part);
      at += part;
      while (const auto line = first_line(kept, at == bytes.size())) {
        parts.emplace_back(line->text);
        told += line->size;
        kept.erase(0, line->size);
      }
    }
    EXPECT_EQ(parts, whole);
    EXPECT_EQ(told, bytes.size());
  }
}

TEST(Level, IsTakenOffInFront) {
  std::string_view line = "<3>broken";
  EXPECT_EQ(take_level(line), 3u);
  EXPECT_EQ(line, "broken");
  line = "<007>x";
  EXPECT_EQ(take_level(line), 7u);
  EXPECT_EQ(line, "x");
  line = "<0>";
  EXPECT_EQ(take_level(line), 0u);
  EXPECT_EQ(line, "");
}

TEST(Level, AnythingElseIsText) {
  for (const std::string_view text :
       {"", "<", "<3", "<>x", "<8>x", "<30>x", "<a>x", "<0003>x", " <3>x", "x<3>", "<-1>x"}) {
    std::string_view line = text;
    EXPECT_FALSE(take_level(line)) << text;
    EXPECT_EQ(line, text);
  }
}

}  // namespace
}  // namespace gatevisor::protocol
