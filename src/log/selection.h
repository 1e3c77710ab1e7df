// What -u, -p, -t, -b, --invocation and FIELD=value ask of an entry.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/text.h"
#include "journal/match.h"

namespace gatevisor::log {

/// 'gateway' is 'gateway.service'; a name with a known suffix stays.
std::string unit_name(std::string_view name);
/// Is it a pattern of glob(7)?
bool is_pattern(std::string_view name);
/// The fields that may name a unit.
inline constexpr std::string_view kUnitFields[] = {"_SYSTEMD_UNIT", "UNIT", "OBJECT_SYSTEMD_UNIT",
                                                   "COREDUMP_UNIT"};

/// Of each of the units: its own lines, its core dumps, and what its manager says of it: systemd,
/// or gatevisor.
Expected<void> match_units(journal::Matches& matches, const std::vector<std::string>& units);
/// Its own lines, and what is said of it.
Expected<void> match_invocation(journal::Matches& matches, std::string_view id);
Expected<void> match_any(journal::Matches& matches, std::string_view field,
                         const std::vector<std::string>& values);
/// FIELD=value and '+', as on the command line.
Expected<void> match_fields(journal::Matches& matches, const std::vector<std::string>& words);

/// 'err', '3', 'emerg..warning': the priorities, 0 to 7, that are in it.
config::Parsed<std::vector<int>> parse_priorities(std::string_view text);
/// 'daemon', '3': a facility of syslog(3).
config::Parsed<int> parse_facility(std::string_view text);

}  // namespace gatevisor::log
