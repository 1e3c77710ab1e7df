#include "protocol/journal_answer.h"

#include "protocol/wire.h"

namespace gatevisor::protocol {
namespace {

constexpr char kWritten = 'A';
constexpr char kTrouble = 'E';
constexpr char kNote = 'N';
constexpr char kStreamDone = 'D';
constexpr char kLineSeen = 'S';
constexpr char kLastWords = 'L';
constexpr char kFinished = 'F';
constexpr char kWell = 'W';
constexpr std::size_t kMostName = 32;  // of a run-time

std::string numbered(char kind, std::uint64_t number) {
  std::string bytes(1, kind);
  put(bytes, number);
  return bytes;
}

std::optional<std::uint64_t> number_of(std::string_view bytes) {
  std::uint64_t number = 0;
  if (!take(bytes, number) || !bytes.empty()) return std::nullopt;
  return number;
}

void take_last_words(std::string_view bytes, JournalAnswer& answer) {
  std::uint64_t question = 0;
  LastWords words;
  if (!take(bytes, question)) return;
  if (!bytes.empty()) {
    const bool whole = take(bytes, words.runtime) && take(bytes, words.line) && bytes.empty();
    if (!whole || words.runtime.size() > kMostName || words.line.size() > LastWords::kMostLine) {
      return;
    }
    answer.last_words = std::move(words);
  }
  answer.question = question;
}

}  // namespace

std::string encode_written(std::uint64_t number) { return numbered(kWritten, number); }
std::string encode_stream_done(std::uint64_t id) { return numbered(kStreamDone, id); }
std::string encode_line_seen(std::uint64_t id) { return numbered(kLineSeen, id); }
std::string encode_trouble(std::string_view line) { return kTrouble + std::string(line); }
std::string encode_note(std::string_view line) { return kNote + std::string(line); }

std::string encode_well() { return std::string(1, kWell); }
std::string encode_finished() { return std::string(1, kFinished); }

std::string encode_last_words(std::uint64_t question, const std::optional<LastWords>& words) {
  std::string bytes = numbered(kLastWords, question);
  if (words) {
    put(bytes, words->runtime);
    put(bytes, words->line);
  }
  return bytes;
}

JournalAnswer decode_answer(std::string_view bytes) {
  JournalAnswer answer;
  if (bytes.empty()) return answer;
  const char kind = bytes.front();
  bytes.remove_prefix(1);
  switch (kind) {
    case kTrouble: answer.trouble = bytes; break;
    case kNote: answer.note = bytes; break;
    case kWell: answer.well = bytes.empty(); break;
    case kFinished: answer.finished = bytes.empty(); break;
    case kLastWords: take_last_words(bytes, answer); break;
    case kWritten: answer.written = number_of(bytes); break;
    case kLineSeen: answer.line_seen = number_of(bytes); break;
    case kStreamDone: answer.stream_done = number_of(bytes); break;
    default: break;
  }
  return answer;
}

}  // namespace gatevisor::protocol
