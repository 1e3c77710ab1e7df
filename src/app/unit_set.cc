#include "app/unit_set.h"

#include <algorithm>
#include <cerrno>

#include "app/exit_code.h"
#include "app/unit_files.h"
#include "config/command_line.h"
#include "config/properties.h"

namespace gatevisor::app {
namespace {

/// Far more than a container has; a template that calls for ever new instances of itself ends here.
constexpr std::size_t kMostUnits = 512;

/// The relations that have other units started, and whether it cannot do without them.
struct Call {
  Dependency kind;
  const char* name;
  bool required;
};
constexpr Call kCalls[] = {{Dependency::Requires, "Requires", true},
                           {Dependency::BindsTo, "BindsTo", true},
                           {Dependency::Wants, "Wants", false},
                           {Dependency::OnFailure, "OnFailure", false},
                           {Dependency::OnSuccess, "OnSuccess", false}};

std::string folder_of(const std::string& path) { return path.substr(0, path.rfind('/')); }

class Reader {
 public:
  Reader(const RunOptions& options, std::vector<Error>& warnings)
      : options_(options), warnings_(warnings) {}

  OrRefusal<ReadUnits> read() {
    for (const std::string& what : options_.units) {
      auto unit = load(what, {});
      if (!unit) return std::unexpected(std::move(unit.error()));
      const std::string name = unit->settings.unit_name();
      if (find(name) != units_.units.size()) {
        return refuse({"", name + " is named twice", 0, "name it once"}, kUsage);
      }
      add(std::move(*unit), false);
    }
    units_.named = units_.units.size();
    if (!options_.main.empty()) {
      units_.main = find(options_.main);
      if (units_.main == units_.named) {
        return refuse({"", "--main=" + options_.main, 0, "expected one of the units to run"},
                      kUsage);
      }
    }
    for (std::size_t i = 0; i < units_.units.size(); ++i) {
      for (const Call& call : kCalls) {
        // By value: reading more of them moves them.
        const auto names = units_.units[i].settings.dependencies.of(call.kind);
        for (const std::string& name : names) {
          if (auto called = take_called(i, call, name); !called) {
            return std::unexpected(std::move(called.error()));
          }
        }
      }
    }
    return std::move(units_);
  }

 private:
  std::size_t find(const std::string& name) const {
    const auto has_name = [&](const ReadUnit& unit) { return unit.settings.unit_name() == name; };
    return static_cast<std::size_t>(std::ranges::find_if(units_.units, has_name) -
                                    units_.units.begin());
  }

  OrRefusal<config::LoadedUnit> load(const std::string& what, const std::string& folder) const {
    auto unit = read_unit(what, {options_.allow.begin(), options_.allow.end()}, folder);
    if (!unit) return refuse(std::move(unit.error()), kNoInput);
    if (unit->errors.empty()) return std::move(*unit);
    const std::size_t more = unit->errors.size() - 1;
    return refuse({"", to_string(unit->errors.front()), 0,
                   more == 0 ? "" : "and " + std::to_string(more) + " more: gatevisor verify " +
                                        what},
                  kConfig);
  }

  void add(config::LoadedUnit unit, bool optional) {
    ReadUnit read{std::move(unit.settings), {}, optional};
    read.allowance.names = std::move(unit.allow);
    std::size_t ignored = 0;
    for (const config::UnitNote& note : unit.notes) {
      read.allowance.places[note.name] = to_string(note.at);
      if (note.fate == config::Fate::Ignored) ++ignored;
      if (note.allowed) {
        warnings_.push_back({"", to_string(note.at) + ": " + note.name + "=: " + note.reason, 0,
                             "going on without it, as is allowed"});
      }
    }
    if (ignored > 0) {
      const bool one = ignored == 1;
      warnings_.push_back({"",
                           std::to_string(ignored) + (one ? " directive of " : " directives of ") +
                               read.settings.unit_name() + (one ? " has" : " have") +
                               " no effect here",
                           0, "gatevisor verify lists " + std::string(one ? "it" : "them")});
    }
    units_.units.push_back(std::move(read));
    folders_.push_back(folder_of(unit.path));
  }

  /// `name` is what a relation of unit `caller` says.
  OrRefusal<void> take_called(std::size_t caller, const Call& call, const std::string& name) {
    const std::size_t known = find(name);
    if (known != units_.units.size()) {
      const bool optional = units_.units[caller].optional || !call.required;
      units_.units[known].optional = units_.units[known].optional && optional;
      return {};
    }
    const Allowance& allowance = units_.units[caller].allowance;
    const auto at = allowance.places.find(call.name);
    const std::string where = (at == allowance.places.end() ? units_.units[caller].settings.unit_name()
                                                            : at->second) +
                              ": " + call.name + "=" + name;
    if (units_.units.size() == kMostUnits) {
      return refuse({"", where + ": more than " + std::to_string(kMostUnits) + " units", 0,
                     "does a template call for itself?"},
                    kConfig);
    }
    auto unit = load(name, folders_[caller]);
    if (unit) {
      add(std::move(*unit), units_.units[caller].optional || !call.required);
      return {};
    }
    Refusal& why = unit.error();
    const bool missing = why.error.code == ENOENT;
    const std::string what = where + (missing ? ": there is no such unit"
                                              : ": it cannot be started: " + to_string(why.error));
    if (!call.required || units_.units[caller].optional) {
      warnings_.push_back({"", what, 0, "going on without it"});
    } else if (allowance.names.contains(call.name)) {
      warnings_.push_back({"", what, 0, "going on without it, as is allowed"});
    } else {
      return refuse({"", what, 0,
                     "give its file, or say --allow=" + std::string(call.name) + " or Allow=" +
                         call.name + " in [X-Gatevisor]"},
                    kConfig);
    }
    return {};
  }

  const RunOptions& options_;
  std::vector<Error>& warnings_;
  ReadUnits units_;
  std::vector<std::string> folders_;  ///< of each unit's file
};

/// `run -- COMMAND`
ReadUnits command_unit(const RunOptions& options) {
  ReadUnit unit;
  unit.settings = config::run_defaults();
  unit.settings.name = options.name;
  unit.settings.commands.main = {config::plain_command(options.command)};
  unit.allowance.names.insert(options.allow.begin(), options.allow.end());
  ReadUnits units;
  units.units.push_back(std::move(unit));
  return units;
}

}  // namespace

OrRefusal<ReadUnits> read_units(const RunOptions& options, std::vector<Error>& warnings) {
  auto units = options.units.empty() ? command_unit(options) : Reader(options, warnings).read();
  if (!units) return units;
  ServiceSettings& main = units->units[units->main].settings;
  for (const std::string& property : options.properties) {
    if (auto assigned = config::assign(main, property); !assigned) {
      return refuse(std::move(assigned.error()), kUsage);
    }
  }
  if (auto valid = config::validate(main); !valid) {
    return refuse(std::move(valid.error()), kUsage);
  }
  return units;
}

}  // namespace gatevisor::app
