#include "protocol/journal_stream.h"

#include <gtest/gtest.h>

namespace gatevisor::protocol {
namespace {

JournalStream stream() {
  JournalStream stream;
  stream.id = 7;
  stream.slot = 3;
  stream.is_error = true;
  stream.level_prefix = false;
  stream.facility = 16;
  stream.level = 4;
  stream.most_level = 5;
  stream.unit = "gateway";
  stream.identifier = "node";
  stream.invocation = "0123456789abcdef0123456789abcdef";
  stream.pid = 57;
  stream.fields = {"_PID=57", "_SYSTEMD_UNIT=gateway.service", ""};
  return stream;
}

TEST(JournalStream, ComesBackAsItWas) {
  const auto back = decode_stream(encode(stream()));
  ASSERT_TRUE(back);
  EXPECT_EQ(*back, stream());
}

TEST(JournalStream, CutShortIsNone) {
  const std::string bytes = encode(stream());
  const std::size_t fields = bytes.size() - (8 + 7) - (8 + 29) - 8;
  for (std::size_t size = 0; size < fields; ++size) {
    EXPECT_FALSE(decode_stream(bytes.substr(0, size))) << size;
  }
  JournalStream bad = stream();
  bad.level = 8;
  EXPECT_FALSE(decode_stream(encode(bad)));
  bad = stream();
  bad.id = 0;
  EXPECT_FALSE(decode_stream(encode(bad)));
}

TEST(JournalStream, AFieldThatIsTooLongIsLeftOut) {
  JournalStream big = stream();
  big.fields = {"_CMDLINE=" + std::string(kMaxJournalStream, 'x'), "_PID=57"};
  const std::string bytes = encode(big);
  EXPECT_LE(bytes.size(), kMaxJournalStream);
  const auto back = decode_stream(bytes);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->fields, std::vector<std::string>{"_PID=57"});
}

TEST(JournalQuestion, ComesBackAsItWasOrNotAtAll) {
  const JournalQuestion question{9, "0123456789abcdef0123456789abcdef"};
  const std::string bytes = encode(question);
  EXPECT_EQ(decode_question(bytes), question);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(decode_question(std::string_view(bytes).substr(0, size))) << size;
  }
  EXPECT_FALSE(decode_question(bytes + "x"));
  EXPECT_FALSE(decode_question(encode(JournalQuestion{0, question.invocation})));
}

}  // namespace
}  // namespace gatevisor::protocol
