// A line of a service's output as the console shows it.
#pragma once

#include <string>
#include <string_view>

#include "protocol/journal_stream.h"

namespace gatevisor::protocol {

/// '2026-11-24T09:44:32.127Z [gateway] text'. `time`: RFC 3339 with microseconds.
void append_prefixed(std::string& out, const JournalStream& stream, std::string_view time,
                     std::string_view text);

/// One object in a line: time, level, unit, event (output), stream, invocation, pid, message. What is
/// no UTF-8 is shown as U+FFFD.
void append_json(std::string& out, const JournalStream& stream, std::string_view time,
                 unsigned level, std::string_view text);

}  // namespace gatevisor::protocol
