// What the journal writer tells gatevisor, a datagram each.
//
// The writer reads what strangers wrote: nothing of this is trusted beyond its form.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "gatevisor/last_words.h"

namespace gatevisor::protocol {

/// Every record up to that number is on the disk.
std::string encode_written(std::uint64_t number);
/// A stream has ended and all of it is written.
std::string encode_stream_done(std::uint64_t id);
/// A stream had the line that was awaited.
std::string encode_line_seen(std::uint64_t id);
/// What is in the way.
std::string encode_trouble(std::string_view line);
/// Nothing is in the way any more.
std::string encode_well();
/// What else is worth telling.
std::string encode_note(std::string_view line);
/// All that there was when gatevisor ended is written. The last answer: who ends without it was
/// ended.
std::string encode_finished();
/// The answer to a JournalQuestion. nullopt: nothing that is known was said.
std::string encode_last_words(std::uint64_t question, const std::optional<LastWords>& words);

struct JournalAnswer {
  std::optional<std::uint64_t> written;
  std::optional<std::uint64_t> stream_done;
  std::optional<std::uint64_t> line_seen;  ///< id of the stream
  std::optional<std::uint64_t> question;  ///< this one is answered
  std::optional<LastWords> last_words;
  bool finished = false;
  bool well = false;
  std::string trouble;  ///< empty: none
  std::string note;     ///< empty: none
};
/// None of them where the bytes are no answer.
JournalAnswer decode_answer(std::string_view bytes);

}  // namespace gatevisor::protocol
