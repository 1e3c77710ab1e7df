// What the journal writer is told of a stream: the output of one process of a service.
//
// Goes with two descriptors: the read end of the pipe, and the file that its bytes are moved to.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gatevisor::protocol {

/// The first byte of what gatevisor sends to the writer.
enum class ToWriter : char {
  Record = 'R',  ///< a JournalRecord follows
  Stream = 'S',  ///< a JournalStream follows
  Invocation = 'I',  ///< a JournalStream follows that is none: whose cgroup it is
  Socket = 'L',  ///< a LogSocketKind follows, as a byte; comes with the socket
  Ask = 'A',     ///< a JournalQuestion follows
  Finish = 'F'   ///< gatevisor ends: what is there now is all that it will wait for
};

struct JournalStream {
  std::uint64_t id = 0;     ///< counts up; never 0
  std::uint32_t slot = 0;   ///< its place in the writer's account; no other living stream has it
  bool is_error = false;    ///< standard error, else standard output
  bool level_prefix = true;
  std::uint8_t facility = 3;
  std::uint8_t level = 6;       ///< of a line without a prefix
  std::uint8_t most_level = 7;  ///< lines above it are not kept
  std::string unit;             ///< its name, for the console
  std::string identifier;
  std::string invocation;  ///< 32 hexadecimal digits
  std::uint64_t pid = 0;
  std::string awaited;  ///< the first line that contains it is told of; empty: none
  std::vector<std::string> fields;  ///< 'NAME=value', of each of its lines
  bool operator==(const JournalStream&) const = default;
};

/// What did an invocation say at its end? Answered once all that it had written by then is looked at.
struct JournalQuestion {
  std::uint64_t id = 0;    ///< never 0
  std::string invocation;  ///< 32 hexadecimal digits
  bool operator==(const JournalQuestion&) const = default;
};
std::string encode(const JournalQuestion& question);
/// nullopt where the bytes are none. Never reads past them.
std::optional<JournalQuestion> decode_question(std::string_view bytes);

/// Longest encoded stream; what does not fit is left out of `fields`.
inline constexpr std::size_t kMaxJournalStream = std::size_t{16} << 10;

std::string encode(const JournalStream& stream);
/// nullopt where the bytes are none. Never reads past them.
std::optional<JournalStream> decode_stream(std::string_view bytes);

}  // namespace gatevisor::protocol
