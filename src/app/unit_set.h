// The units of one gatevisor: those that the command line names, and those that they call for.
#pragma once

#include <vector>

#include "app/cli.h"
#include "app/namespaces.h"
#include "app/refusal.h"
#include "config/load_unit.h"
#include "gatevisor/settings.h"

namespace gatevisor::app {

struct ReadUnit {
  ServiceSettings settings;
  Allowance allowance;
  /// Wants=, OnFailure= or OnSuccess= alone asks for it: where it cannot be had, that is a warning.
  bool optional = false;
};

/// What a unit calls for and does not get: 'Requires=: there is no db.service'.
struct UnmetCall {
  config::Location at;
  std::string text;
  std::string advice;   ///< what is to be done, or that it goes on without
  bool stops = false;  ///< the unit is not started for it
};

struct ReadUnits {
  std::vector<ReadUnit> units;  ///< those that were named, then those that others call for
  std::size_t named = 1;        ///< how many were named
  std::size_t main = 0;
  std::vector<UnmetCall> unmet;  ///< one that stops a unit is the last
};

/// Reads the unit files, or makes a unit of the command; what a file asked for and does not get is
/// a warning. Refused: whatever is wrong with a unit that was named or is required.
OrRefusal<ReadUnits> read_units(const RunOptions& options, std::vector<Error>& warnings);

/// Of one unit that was read as `what`: what it calls for and does not get, and an order that is a circle.
std::vector<UnmetCall> check_calls(const std::string& what, const config::LoadedUnit& unit,
                                   const std::vector<std::string>& allow);

}  // namespace gatevisor::app
