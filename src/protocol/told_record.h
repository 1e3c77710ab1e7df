// Records read back from their JSON (record_json.h), and what is said of a death, as JSON.
//
// What is read was written by anybody: nothing is trusted, nothing throws. A field that is missing
// or of another kind has its default; words that are not known here are left out.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "gatevisor/death_report.h"

namespace gatevisor::protocol {

struct ToldDeath {
  Verdict verdict;      ///< without `started` and `ended`
  std::string json;     ///< the verdict's object, as it was
  std::string started;  ///< RFC 3339
  std::string ended;
  unsigned exits_in_window = 0;
  Duration window{0};
};

struct ToldRecord {
  std::string event;
  std::string unit;  ///< without '.service'
  std::string message;
  std::string invocation;  ///< 'started', 'exited' and 'flight' only
  int pid = 0;
  std::optional<ToldDeath> death;  ///< 'exited' only, with a cause that is known
  std::vector<Sample> samples;     ///< 'flight' only
};

/// nullopt: no object, or one without event and unit.
std::optional<ToldRecord> read_record(std::string_view json);

/// One object, one line, no newline at the end. `now_usec`: wall clock; `time_text`: RFC 3339.
using WallText = std::string (*)(std::uint64_t usec);
std::string death_json(const DeathReport& report, std::string_view advice,
                       std::string_view death_class, std::uint64_t now_usec, WallText time_text);

/// One invocation for `history`. `report` without an end (`ended_usec` 0) has no verdict.
std::string invocation_json(const DeathReport& report, WallText time_text);

}  // namespace gatevisor::protocol
