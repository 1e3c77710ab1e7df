// The assignments of a unit file and its drop-ins, into ServiceSettings.
//
// Pure: the files were read by others, and what the host knows comes in SpecifierValues.
#pragma once

#include <set>
#include <span>
#include <string>
#include <vector>

#include "config/directives.h"
#include "config/specifiers.h"
#include "config/unit_text.h"
#include "gatevisor/settings.h"

namespace gatevisor::config {

/// One directive that a file has, and what became of it.
struct UnitNote {
  Location at;
  std::string section;  ///< 'Service'
  std::string name;     ///< 'ProtectSystem'
  Fate fate = Fate::Done;
  std::string reason;
  /// Refused or not done, and allowed to be so: the unit starts without it.
  bool allowed = false;
};

struct LoadedUnit {
  ServiceSettings settings;
  std::string path;               ///< of its file; whoever read it fills this in
  std::string description;        ///< Description=
  std::vector<std::string> documentation;  ///< Documentation=: URIs
  std::vector<UnitNote> notes;    ///< each directive once, in the order of the files
  std::vector<UnitError> errors;  ///< what keeps it from starting; empty: it may
  std::vector<std::string> remarks;
  std::set<std::string> allow;  ///< names of what it may start without, those of Allow= too
};

/// What a unit file starts from: systemd's defaults. Unlike for `run -- COMMAND` nothing of
/// gatevisor's own environment goes in.
ServiceSettings unit_defaults();

/// `texts`: the unit file, then its drop-ins in their order. `allow`: names of directives without
/// which the unit may start; Allow= of [X-Gatevisor] adds to them. Every error is collected, so
/// that all can be told at once.
LoadedUnit load_unit(const UnitName& name, std::span<const UnitText> texts,
                     const SpecifierValues& values, std::set<std::string> allow);

/// The value of a yes-or-no directive that asks for nothing: 'ProtectSystem=no'.
bool asks_for_nothing(std::string_view name, std::string_view value);

}  // namespace gatevisor::config
