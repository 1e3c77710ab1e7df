// Unit files on the disk: where they are looked for, their drop-ins, and what %-specifiers mean
// here.
#pragma once

#include <set>
#include <string>

#include "config/load_unit.h"
#include "gatevisor/error.h"

namespace gatevisor::app {

/// systemd.unit(5), 'Unit File Load Path', of a system manager, as far as it is written by people.
inline constexpr const char* kUnitPath[] = {"/etc/systemd/system", "/run/systemd/system",
                                            "/usr/local/lib/systemd/system",
                                            "/usr/lib/systemd/system", "/lib/systemd/system"};

/// Reads and loads one unit. `what`: a path where it has a slash, else a name that is looked for in
/// kUnitPath and then in the working directory; an instance's template where it is not there
/// itself. `folder`: where a name is looked for first. Its NAME.service.wants/ and .requires/
/// directories count as Wants= and Requires=. Error: no such file (ENOENT), or not a name of a
/// service. What is wrong in it is in the result.
Expected<config::LoadedUnit> read_unit(const std::string& what, const std::set<std::string>& allow,
                                       const std::string& folder = {});

}  // namespace gatevisor::app
