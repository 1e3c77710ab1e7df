// Whether the gateway can have the namespaces that it asks for.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "gatevisor/error.h"
#include "gatevisor/settings.h"

namespace gatevisor::app {

/// What the unit may be started without.
struct Allowance {
  std::set<std::string> names;                ///< --allow= and Allow=
  std::map<std::string, std::string> places;  ///< 'path:3:1' of each directive of the unit
};

/// PrivateUsers=, as below.
Expected<bool> may_have_users(const ExecSettings& settings, const Allowance& allowance,
                              std::vector<Error>& warnings);

/// Tries it in a child. False: nothing was asked for, or all that was may be left out, with a
/// warning each. Error: one that may not be; it says why, and what to do.
Expected<bool> may_have_namespaces(const ExecSettings& settings, const Allowance& allowance,
                                   std::vector<Error>& warnings);

}  // namespace gatevisor::app
