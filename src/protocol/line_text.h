// A line of a service's output, or of what it says to a log socket, as the console shows it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/journal_stream.h"

namespace gatevisor::protocol {

/// Where a line is from.
struct LineOrigin {
  std::string_view unit;    ///< empty: nobody knows
  std::string_view stream;  ///< stdout, stderr, journal or syslog
  std::string_view invocation;
  std::uint64_t pid = 0;        ///< 0: nobody knows
  std::string_view identifier;  ///< a log socket's client calls itself so; empty: it is a stream's
};
/// Good as long as the stream.
LineOrigin origin_of(const JournalStream& stream);

/// What a client of a log socket says, as journalctl's short form has it: 'identifier[57]: text'.
/// Of a stream just the text.
void append_said(std::string& out, const LineOrigin& origin, std::string_view text);

/// '2026-11-24T09:44:32.127Z [gateway] text'. `time`: RFC 3339 with microseconds.
void append_prefixed(std::string& out, const LineOrigin& origin, std::string_view time,
                     std::string_view text);

/// One object in a line: time, level, unit, event (output), stream, invocation, pid, identifier
/// where there is one, message. What is no UTF-8 is shown as U+FFFD.
void append_json(std::string& out, const LineOrigin& origin, std::string_view time, unsigned level,
                 std::string_view text);

}  // namespace gatevisor::protocol
