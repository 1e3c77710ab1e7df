#include "protocol/journal_stream.h"

#include "protocol/wire.h"

namespace gatevisor::protocol {
namespace {

constexpr std::uint64_t kMostFields = 64;

}  // namespace

std::string encode(const JournalStream& stream) {
  std::string bytes;
  for (const std::uint64_t number :
       {stream.id, std::uint64_t{stream.slot}, std::uint64_t{stream.is_error},
        std::uint64_t{stream.level_prefix}, std::uint64_t{stream.facility},
        std::uint64_t{stream.level}, std::uint64_t{stream.most_level}, stream.pid}) {
    put(bytes, number);
  }
  for (const std::string* text :
       {&stream.unit, &stream.identifier, &stream.invocation, &stream.awaited}) {
    put(bytes, *text);
  }
  std::uint64_t count = 0;
  for (const std::string& field : stream.fields) {
    if (count == kMostFields || bytes.size() + 8 + field.size() > kMaxJournalStream) continue;
    put(bytes, field);
    ++count;
  }
  return bytes;
}

std::optional<JournalStream> decode_stream(std::string_view bytes) {
  JournalStream stream;
  std::uint64_t slot = 0, is_error = 0, level_prefix = 0, facility = 0, level = 0, most_level = 0;
  for (std::uint64_t* number : {&stream.id, &slot, &is_error, &level_prefix, &facility, &level,
                                &most_level, &stream.pid}) {
    if (!take(bytes, *number)) return std::nullopt;
  }
  for (std::string* text :
       {&stream.unit, &stream.identifier, &stream.invocation, &stream.awaited}) {
    if (!take(bytes, *text)) return std::nullopt;
  }
  if (stream.id == 0 || slot > UINT32_MAX || level > 7 || most_level > 7 || facility > 127) {
    return std::nullopt;
  }
  while (!bytes.empty()) {
    if (stream.fields.size() == kMostFields) return std::nullopt;
    if (!take(bytes, stream.fields.emplace_back())) return std::nullopt;
  }
  stream.slot = static_cast<std::uint32_t>(slot);
  stream.is_error = is_error != 0;
  stream.level_prefix = level_prefix != 0;
  stream.facility = static_cast<std::uint8_t>(facility);
  stream.level = static_cast<std::uint8_t>(level);
  stream.most_level = static_cast<std::uint8_t>(most_level);
  return stream;
}

std::string encode(const JournalQuestion& question) {
  std::string bytes;
  put(bytes, question.id);
  put(bytes, question.invocation);
  return bytes;
}

std::optional<JournalQuestion> decode_question(std::string_view bytes) {
  JournalQuestion question;
  const bool whole = take(bytes, question.id) && take(bytes, question.invocation) && bytes.empty();
  if (!whole || question.id == 0) return std::nullopt;
  return question;
}

}  // namespace gatevisor::protocol
