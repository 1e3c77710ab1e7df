// What `gatevisor verify --json` prints: one array, an object for each unit that was named.
//
//   {"unit": "gw.service", "startable": false, "description": "...",
//    "errors": [{"file": "/etc/systemd/system/gw.service", "line": 3, "column": 1, "message": "..."}],
//    "remarks": ["..."],
//    "directives": [{"section": "Service", "name": "Slice", "fate": "ignored", "allowed": false,
//                    "file": "...", "line": 4, "column": 1, "reason": "..."}]}
//
// Each directive is there once, at its first place or at the one that keeps the unit from
// starting. "fate" is done, refused, not-yet or ignored; "allowed": left out, as --allow= or Allow=
// say. An error of no line (a file that is not there) has line and column 0. Fields are only ever
// added.
#pragma once

#include <string>
#include <vector>

#include "config/load_unit.h"

namespace gatevisor::app {

struct VerifiedUnit {
  std::string what;  ///< as it was named
  config::LoadedUnit unit;
};

/// One line.
std::string verify_json(const std::vector<VerifiedUnit>& units);

}  // namespace gatevisor::app
