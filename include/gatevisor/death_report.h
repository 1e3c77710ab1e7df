// What is known of one death afterwards, from the records alone: for `why`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "gatevisor/sample.h"
#include "gatevisor/verdict.h"

namespace gatevisor {

/// A record that stands near the death: one line of it.
struct NearRecord {
  std::uint64_t usec = 0;  ///< wall clock, since 1970
  std::string event;       ///< 'started', 'alarm', …
  std::string message;
};

/// A line that it wrote.
struct OutputLine {
  std::uint64_t usec = 0;  ///< wall clock, since 1970
  std::string text;        ///< as it was written
};

/// The start of the unit that came after the death.
struct NextStart {
  std::uint64_t usec = 0;
  int pid = 0;
  std::string invocation;
};

struct DeathReport {
  /// As it was judged, but for `started` and `ended`: those instants are of a clock that is gone.
  Verdict verdict;
  std::string verdict_json;        ///< as it was recorded
  std::uint64_t started_usec = 0;  ///< wall clock, since 1970; 0: not known
  std::uint64_t ended_usec = 0;
  unsigned exits_in_window = 0;  ///< with this one
  Duration window{0};
  std::vector<NearRecord> before;  ///< oldest first
  std::vector<NearRecord> after;
  std::optional<NextStart> next_start;
  std::vector<OutputLine> last_lines;  ///< oldest first; empty also where none are kept
  std::vector<Sample> samples;  ///< the flight record: oldest first; may be empty
};

}  // namespace gatevisor
