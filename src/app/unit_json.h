// What `gatevisor verify --json` and `show --json` print: one array, an object for each unit.
//
// verify:
//
//   {"unit": "gw.service", "startable": false, "description": "...",
//    "errors": [{"file": "/etc/systemd/system/gw.service", "line": 3, "column": 1, "message":
//    "..."}], "remarks": ["..."], "directives": [{"section": "Service", "name": "Slice", "fate":
//    "ignored", "allowed": false,
//                    "file": "...", "line": 4, "column": 1, "reason": "..."}]}
//
// Each directive is there once, at its first place or at the one that keeps the unit from
// starting. "fate" is done, refused, not-yet or ignored; "allowed": left out, as --allow= or Allow=
// say. An error of no line (a file that is not there) has line and column 0.
//
// show: {"unit": "gw.service", "properties": {"MemoryMax": "536870912", "Environment": ["A=1"]}},
// every value a string as `show` writes it, every list an array of them.
//
// Fields are only ever added.
#pragma once

#include <string>
#include <vector>

#include "config/load_unit.h"
#include "config/show.h"

namespace gatevisor::app {

struct VerifiedUnit {
  std::string what;  ///< as it was named
  config::LoadedUnit unit;
};

struct ShownUnit {
  std::string what;  ///< as it was named
  std::vector<config::ShownProperty> properties;
};

/// One line each.
std::string verify_json(const std::vector<VerifiedUnit>& units);
std::string show_json(const std::vector<ShownUnit>& units);

}  // namespace gatevisor::app
