// What the journal writer answers.

#include "protocol/journal_answer.h"

#include <gtest/gtest.h>

namespace gatevisor::protocol {
namespace {

TEST(JournalAnswer, ComesBackAsItWas) {
  const std::uint64_t number = 0x0123456789abcdef;
  EXPECT_EQ(decode_answer(encode_written(number)).written, number);
  EXPECT_EQ(decode_answer(encode_written(number)).trouble, "");
  EXPECT_EQ(decode_answer(encode_trouble("no room")).trouble, "no room");
  EXPECT_FALSE(decode_answer(encode_trouble("no room")).written);
  EXPECT_EQ(decode_answer(encode_stream_done(number)).stream_done, number);
  EXPECT_FALSE(decode_answer(encode_stream_done(number)).written);
  EXPECT_TRUE(decode_answer(encode_well()).well);
  EXPECT_FALSE(decode_answer(encode_finished()).well);
  EXPECT_TRUE(decode_answer(encode_finished()).finished);
  EXPECT_FALSE(decode_answer(encode_finished() + "x").finished);
  EXPECT_EQ(decode_answer(encode_note("by hand")).note, "by hand");
  EXPECT_EQ(decode_answer(encode_note("by hand")).trouble, "");
}

TEST(JournalAnswer, AnythingElseIsNone) {
  for (const std::string& bytes :
       {std::string(), std::string("x"), std::string("A1234567"), std::string("A123456789")}) {
    EXPECT_FALSE(decode_answer(bytes).written) << bytes;
    EXPECT_EQ(decode_answer(bytes).trouble, "") << bytes;
  }
}

TEST(JournalAnswer, OfAQuestionHoldsTheLastWords) {
  const LastWords words{"V8", "FATAL ERROR: \xff JavaScript heap out of memory"};
  const JournalAnswer answer = decode_answer(encode_last_words(7, words));
  EXPECT_EQ(answer.question, 7u);
  EXPECT_EQ(answer.last_words, words);
  const JournalAnswer none = decode_answer(encode_last_words(8, std::nullopt));
  EXPECT_EQ(none.question, 8u);
  EXPECT_FALSE(none.last_words);
}

TEST(JournalAnswer, OfAQuestionIsRefusedWhereItIsCutOrTooLong) {
  const std::string bytes = encode_last_words(7, LastWords{"V8", "out of memory"});
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    // The number alone is a whole answer.
    if (size == 9) continue;
    EXPECT_FALSE(decode_answer(std::string_view(bytes).substr(0, size)).question) << size;
  }
  EXPECT_FALSE(decode_answer(bytes + "x").question);
  EXPECT_FALSE(decode_answer(encode_last_words(7, LastWords{"V8", std::string(201, 'x')})).question);
  EXPECT_FALSE(decode_answer(encode_last_words(7, LastWords{std::string(33, 'x'), "x"})).question);
}

}  // namespace
}  // namespace gatevisor::protocol
