// Records and verdicts as JSON: one object, one line.
//
// The field names are the interface that scripts rely on. Times RFC 3339 with microseconds, sizes
// in bytes, durations in `_usec`.
#pragma once

#include <string>

#include "gatevisor/record.h"

namespace gatevisor::protocol {

/// What the core does not know: an instant's wall-clock text.
using TimeText = std::string (*)(Instant);

/// Names the kind of a record: 'started', 'exited', 'alarm', …
std::string_view event_name(const Record& record);

/// `level`: 'info', 'notice', 'warning', 'error' or 'critical'; `message`: the console's text.
/// Invalid UTF-8 in any field is replaced. No newline at the end.
std::string to_json(const Record& record, const std::string& unit, std::string_view level,
                    const std::string& message, Instant now, TimeText time_text);

}  // namespace gatevisor::protocol
