#include "app/unit_set.h"

#include <algorithm>
#include <cerrno>

#include "app/exit_code.h"
#include "app/unit_files.h"
#include "config/command_line.h"
#include "config/properties.h"
#include "core/unit_graph.h"

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
constexpr Call kCalls[] = {
    {Dependency::Requires, "Requires", true},    {Dependency::BindsTo, "BindsTo", true},
    {Dependency::Wants, "Wants", false},         {Dependency::Upholds, "Upholds", false},
    {Dependency::OnFailure, "OnFailure", false}, {Dependency::OnSuccess, "OnSuccess", false}};

std::string folder_of(const std::string& path) { return path.substr(0, path.rfind('/')); }

class Reader {
 public:
  Reader(const RunOptions& options, std::vector<Error>& warnings)
      : options_(options), warnings_(warnings) {}

  /// What was read before it was refused.
  ReadUnits& units() { return units_; }

  OrRefusal<void> read() {
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
    return follow_calls();
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
    notes_.push_back(std::move(unit.notes));
  }

  /// What the units call for, and what that calls for.
  OrRefusal<void> follow_calls() {
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
    return {};
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
    return refuse(
        {"", to_string(unit->errors.front()), 0,
         more == 0 ? "" : "and " + std::to_string(more) + " more: gatevisor verify " + what},
        kConfig);
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
    UnmetCall unmet{place(caller, call.name), std::string(call.name) + "=: ", {}, true};
    if (units_.units.size() == kMostUnits) {
      unmet.text += name + " would be more than " + std::to_string(kMostUnits) + " units";
      unmet.advice = "does a template call for itself?";
      return add(std::move(unmet));
    }
    auto unit = load(name, folders_[caller]);
    if (unit) {
      add(std::move(*unit), units_.units[caller].optional || !call.required);
      return {};
    }
    const Error& why = unit.error().error;
    unmet.text +=
        why.code == ENOENT ? "there is no " + name : name + " cannot be started: " + to_string(why);
    unmet.stops = false;
    if (!call.required || units_.units[caller].optional) {
      unmet.advice = "going on without it";
    } else if (allowance.names.contains(call.name)) {
      unmet.advice = "going on without it, as is allowed";
    } else {
      unmet.stops = true;
      unmet.advice = "give its file, or say --allow=" + std::string(call.name) +
                     " or Allow=" + call.name + " in [X-Gatevisor]";
    }
    return add(std::move(unmet));
  }

  OrRefusal<void> add(UnmetCall unmet) {
    Error error{"", to_string(unmet.at) + ": " + unmet.text, 0, unmet.advice};
    const bool stops = unmet.stops;
    units_.unmet.push_back(std::move(unmet));
    if (stops) return refuse(std::move(error), kConfig);
    warnings_.push_back(std::move(error));
    return {};
  }

  /// Of a directive, or of the unit's file where a directory says it.
  config::Location place(std::size_t unit, const std::string& directive) const {
    const auto note = std::ranges::find(notes_[unit], directive, &config::UnitNote::name);
    if (note != notes_[unit].end()) return note->at;
    return {units_.units[unit].settings.unit_name(), 1, 1};
  }

  const RunOptions& options_;
  std::vector<Error>& warnings_;
  ReadUnits units_;
  std::vector<std::string> folders_;  ///< of each unit's file
  std::vector<std::vector<config::UnitNote>> notes_;
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
  ReadUnits units;
  if (options.units.empty()) {
    units = command_unit(options);
  } else {
    Reader reader(options, warnings);
    if (auto read = reader.read(); !read) return std::unexpected(std::move(read.error()));
    units = std::move(reader.units());
  }
  ServiceSettings& main = units.units[units.main].settings;
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

std::vector<UnmetCall> check_calls(const std::string& what, const config::LoadedUnit& unit,
                                   const std::vector<std::string>& allow) {
  RunOptions options;
  options.allow = allow;
  std::vector<Error> warnings;
  Reader reader(options, warnings);
  reader.add(unit, false);
  const bool read = reader.follow_calls().has_value();
  std::vector<UnmetCall> unmet = std::move(reader.units().unmet);
  if (!read) return unmet;
  std::vector<ServiceSettings> settings;
  for (const ReadUnit& each : reader.units().units) settings.push_back(each.settings);
  if (const auto graph = core::UnitGraph::make(settings, {0}); !graph) {
    const Error& error = graph.error();
    unmet.push_back({{what, 1, 1}, error.subject, error.advice, true});
  }
  return unmet;
}

}  // namespace gatevisor::app
