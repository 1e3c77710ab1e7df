// What to do about a death: one piece of advice that follows from its verdict.
//
// The one place for it, a pure table by cause. Names the setting, its value and the figure that was
// measured where the verdict has them; promises nothing that the verdict does not say.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "gatevisor/verdict.h"

namespace gatevisor::core {

/// Whole sentences in one line. Empty, deliberately, where there is nothing to do: clean,
/// requested.
std::string advice(const Verdict& verdict);

/// What scripts tell apart by exit status.
enum class DeathClass : std::uint8_t {
  Fine,     ///< clean, requested
  Program,  ///< it failed by itself, was killed, or did not do what it has to
  Memory,   ///< out of memory, or stalled at a memory limit
  Start,    ///< it never ran, or was not ready in time
  Limit,    ///< a limit of time or of tasks
};
DeathClass death_class(Cause cause);
std::string_view to_string(DeathClass death_class);  ///< 'fine', 'program', 'memory', …

}  // namespace gatevisor::core
