// The effective value of each property of a unit, in the words of `systemctl show`.
//
// Names and forms are those of systemd 252 (org.freedesktop.systemd1(5) and what systemctl prints
// of it); what systemd does not have is ours, in its manner. One row a property (show_*.cc); a
// directive that is done has one, which tests/config/show_test.cc demands.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/load_unit.h"

namespace gatevisor::config {

/// What a value means here, where the unit does not say it all.
struct ShowHost {
  std::uint64_t memory = 0;        ///< bytes that MemoryMax=N% is of
  std::uint64_t tasks = 0;         ///< tasks that TasksMax=N% is of
  std::uint64_t page_size = 4096;  ///< a share of the memory is whole pages
  std::uint64_t capabilities = 0;  ///< all that the kernel knows, bit n for capability n
  std::uint64_t dropped = 0;       ///< those that the unit's protections take away
  std::map<int, Rlimit> rlimits;   ///< by RLIMIT_ number: gatevisor's own
  int oom_score_adj = 0;           ///< likewise, and below
  int nice = 0;
  std::uint64_t timer_slack_nsec = 50'000;
  std::uint64_t coredump_filter = 0x33;
  bool root = true;  ///< gatevisor runs as root: KeyringMode= is private where it is not said
};

enum class ShownForm : std::uint8_t {
  Text,   ///< one value, perhaps empty
  Words,  ///< on one line, each quoted as a shell would want it
  Lines,  ///< a line NAME=… each
};

struct ShownProperty {
  std::string_view name;  ///< static
  ShownForm form = ShownForm::Text;
  std::vector<std::string> parts;  ///< exactly one for Text
};

/// All of them, in one fixed order. `id`: the unit's name, with its type.
std::vector<ShownProperty> show(const LoadedUnit& unit, std::string_view id, const ShowHost& host);

/// As `systemctl show` writes it: 'NAME=VALUE' a line. Words or lines that are none are one empty
/// line.
std::vector<std::string> shown_lines(const ShownProperty& property, bool value_only);

/// Whether it has no value: left out unless all are asked for.
bool is_empty(const ShownProperty& property);

/// Whether there is a property of that name.
bool is_shown(std::string_view property);

/// The properties that a directive sets: 'TimeoutSec' is TimeoutStartUSec and TimeoutStopUSec.
std::vector<std::string_view> shown_as(std::string_view directive);

}  // namespace gatevisor::config
