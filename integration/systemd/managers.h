// Runs many units at once, under systemd or under gatevisor, and gathers what they show.
#pragma once

#include <string>
#include <vector>

#include "observation.h"

namespace gatevisor::oracle {

/// One unit of the comparison: a file, or one of the Instances= of a template. What a file says of
/// it in [X-Compare], which both ignore:
struct Run {
  std::string name;         ///< without '.service'
  unsigned stop_after = 0;  ///< StopAfter=: it is stopped when so many `note`s are ready; 0: never
  unsigned reload_after = 0;  ///< ReloadAfter=: likewise, reloaded
  bool timed = false;         ///< Timed=yes: the delays between its starts are compared, and how
                              ///< long it took to the last that it told
  Observation systemd;
  Observation gatevisor;
};

/// The pipe that a unit's processes write into is kPipes/<name>, which is '%N' in the unit.
inline constexpr const char* kPipes = "/out";

/// Each returns when all of `runs` have ended, and false where they did not in time.
bool run_under_systemd(std::vector<Run*>& runs);
bool run_under_gatevisor(std::vector<Run*>& runs);

}  // namespace gatevisor::oracle
