// What becomes of each directive of a unit file: the one table of fates.
//
// systemd.unit(5), .service(5), .exec(5), .kill(5) and .resource-control(5) as of version 252.
// Every directive is in it; `gatevisor verify` and the loader read it.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace gatevisor::config {

enum class Fate : std::uint8_t {
  Done,     ///< with systemd's meaning
  Refused,  ///< what it asks for is not given here: the unit does not start, unless allowed
  Ignored,  ///< without a meaning in a container, or without an effect
};
std::string_view to_string(Fate fate);

struct Directive {
  std::string_view name;
  Fate fate = Fate::Done;
  std::string_view reason;  ///< one clause; empty for Done
};

/// Of [Unit], [Service], [Install] or [X-Gatevisor]. nullptr: no such directive there.
const Directive* find_directive(std::string_view section, std::string_view name);

/// All that are in a section, in the order in which a manual would list them.
std::span<const Directive> directives(std::string_view section);

}  // namespace gatevisor::config
