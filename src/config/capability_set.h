// Sets of capabilities: CapabilityBoundingSet= and AmbientCapabilities=.
//
// Owns the names, by the constants of <linux/capability.h>. Never asks the kernel which it has.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "config/text.h"

namespace gatevisor::config {

/// Every capability that has a name here (0-40).
inline constexpr std::uint64_t kNamedCapabilities = (std::uint64_t{1} << 41) - 1;

/// 'CAP_CHOWN' for 0; empty for what has no name here.
std::string_view capability_name(int capability);

/// 'CAP_CHOWN CAP_KILL'.
std::string capability_names(std::uint64_t set);

/// One assignment, merged as systemd.exec(5) says: names are added, '~' and names are taken away,
/// the empty text drops everything, '~' alone undoes every assignment before it. nullopt: not
/// restricted. A first '~A' keeps all but A, also capabilities that only a newer kernel knows.
Parsed<void> merge_bounding_set(std::optional<std::uint64_t>& set, std::string_view text);

/// The same for a set that is empty at first. A first '~A' gives all but A of those named here.
Parsed<void> merge_ambient_set(std::uint64_t& set, std::string_view text);

}  // namespace gatevisor::config
