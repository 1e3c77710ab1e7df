#include "app/run.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <iterator>

#include "app/cli.h"
#include "app/exit_code.h"
#include "app/launcher.h"
#include "app/namespaces.h"
#include "app/runtime.h"
#include "app/unit_files.h"
#include "config/command_line.h"
#include "config/properties.h"
#include "exec/private_tmp.h"
#include "os/children.h"
#include "os/condition.h"
#include "os/data_file.h"
#include "os/directory_bases.h"
#include "os/file.h"
#include "os/machine.h"
#include "os/memory.h"

namespace gatevisor::app {
namespace {

/// From the unit file; what it asked for and does not get is a warning.
OrRefusal<ServiceSettings> unit_settings(const RunOptions& options, Allowance& allowance,
                                         std::vector<Error>& warnings) {
  auto unit = read_unit(options.unit, {options.allow.begin(), options.allow.end()});
  if (!unit) return refuse(std::move(unit.error()), kNoInput);
  if (!unit->errors.empty()) {
    const std::size_t more = unit->errors.size() - 1;
    return refuse(
        {"", to_string(unit->errors.front()), 0,
         more == 0 ? ""
                   : "and " + std::to_string(more) + " more: gatevisor verify " + options.unit},
        kConfig);
  }
  std::size_t ignored = 0;
  allowance.names = std::move(unit->allow);
  for (const config::UnitNote& note : unit->notes) {
    allowance.places[note.name] = to_string(note.at);
    if (note.fate == config::Fate::Ignored) ++ignored;
    if (note.allowed) {
      warnings.push_back({"", to_string(note.at) + ": " + note.name + "=: " + note.reason, 0,
                          "going on without it, as is allowed"});
    }
  }
  if (ignored > 0) {
    warnings.push_back({"",
                        std::to_string(ignored) +
                            (ignored == 1 ? " directive of " : " directives of ") + options.unit +
                            (ignored == 1 ? " has" : " have") + " no effect here",
                        0, "gatevisor verify lists " + std::string(ignored == 1 ? "it" : "them")});
  }
  return std::move(unit->settings);
}

OrRefusal<ServiceSettings> read_settings(const RunOptions& options, Allowance& allowance,
                                         std::vector<Error>& warnings) {
  ServiceSettings settings = config::run_defaults();
  settings.name = options.name;
  if (!options.command.empty()) settings.commands.main = {config::plain_command(options.command)};
  allowance.names.insert(options.allow.begin(), options.allow.end());
  if (!options.unit.empty()) {
    auto unit = unit_settings(options, allowance, warnings);
    if (!unit) return unit;
    settings = std::move(*unit);
  }
  for (const std::string& property : options.properties) {
    if (auto assigned = config::assign(settings, property); !assigned) {
      return refuse(std::move(assigned.error()), kUsage);
    }
  }
  if (auto valid = config::validate(settings); !valid) {
    return refuse(std::move(valid.error()), kUsage);
  }
  return settings;
}

/// systemd.unit(5): every condition without '|', and one of those with it. nullptr: all is well.
const Condition* unmet(const std::vector<Condition>& conditions, bool assertion) {
  const Condition* missed_trigger = nullptr;
  bool triggered = false;
  for (const Condition& condition : conditions) {
    if (condition.assertion != assertion) continue;
    const bool met = os::is_met(condition);
    if (!condition.trigger && !met) return &condition;
    if (condition.trigger && met) triggered = true;
    if (condition.trigger && !met && missed_trigger == nullptr) missed_trigger = &condition;
  }
  return triggered ? nullptr : missed_trigger;
}

OrRefusal<void> check_conditions(const std::vector<Condition>& conditions) {
  if (const Condition* condition = unmet(conditions, false)) {
    return refuse({"", condition->text + " is not met", 0, "the unit is skipped"}, kOk);
  }
  if (const Condition* assertion = unmet(conditions, true)) {
    return refuse({"", assertion->text + " does not hold", 0, "the unit is not started"}, kConfig);
  }
  return {};
}

OrRefusal<void> check_journal(const std::string& directory) {
  if (directory.empty()) return {};
  auto opened = os::open_data_directory(directory);
  if (!opened) {
    opened.error().advice = "make it, or give another one with --journal-dir";
    return refuse(std::move(opened.error()), kCantCreate);
  }
  if (os::may_write(*opened)) return {};
  return refuse({"write", directory, EACCES, "give another directory with --journal-dir"},
                kCantCreate);
}

OrRefusal<RuntimeParts> prepare(const RunOptions& options, exec::PrivateTmp& tmp) {
  // First of all: a stop that comes while this is set up waits until it can be done in order. As
  // PID 1 it would be lost, anywhere else it would leave what is half made (signal(7)).
  auto signals = os::Signals::take();
  if (!signals) return refuse(std::move(signals.error()), kOsError);
  std::vector<Error> warnings;
  Allowance allowance;
  auto settings = read_settings(options, allowance, warnings);
  if (!settings) return std::unexpected(std::move(settings.error()));
  if (auto checked = check_conditions(settings->conditions); !checked) {
    return std::unexpected(std::move(checked.error()));
  }
  std::ranges::move(config::remarks(*settings), std::back_inserter(warnings));
  const auto users = may_have_users(settings->exec, allowance, warnings);
  if (!users) return refuse(users.error(), kConfig);
  settings->exec.namespaces.users = *users;
  const auto separate = may_have_namespaces(settings->exec, allowance, warnings);
  if (!separate) return refuse(separate.error(), kConfig);
  if (!*separate) {
    settings->exec.mounts = settings->exec.mounts.without_mounts();
    settings->exec.namespaces = {.users = *users};
  }
  if (settings->exec.mounts.private_tmp) {
    if (auto made = tmp.make(settings->name, os::boot_id()); !made) {
      return refuse(std::move(made.error()), kNamespace);
    }
  }
  auto launcher = Launcher::make(*settings, tmp.paths(), warnings);
  if (!launcher) return std::unexpected(std::move(launcher.error()));
  if (auto checked = check_journal(options.journal_directory); !checked) {
    return std::unexpected(std::move(checked.error()));
  }
  const bool pid1 = getpid() == 1;
  // From here on something is made, and given back where a later step is refused.
  auto placement = os::Placement::enter(os::CgroupBase::enter(pid1), settings->name);
  if (!placement) return refuse(std::move(placement.error()), kCgroup);
  if (auto set = placement->set_limits(settings->resources); !set) {
    if (settings->resources.strict) return refuse(std::move(set.error()), kCgroup);
    set.error().advice = "going on without it (StrictLimits=no)";
    warnings.push_back(std::move(set.error()));
  }
  if (!pid1) {
    if (auto reaper = os::become_subreaper(); !reaper) {
      warnings.push_back(std::move(reaper.error()));
    }
  }
  return RuntimeParts{{std::move(*settings), std::move(*launcher), std::move(*placement)},
                      os::ProcessMaker::probe(),
                      std::move(*signals),
                      options.log_format,
                      options.journal_directory,
                      std::move(warnings)};
}

}  // namespace

int run(const RunOptions& options) {
  exec::PrivateTmp tmp;  // outlives the gateway
  auto parts = prepare(options, tmp);
  if (!parts) {
    std::fprintf(stderr, "gatevisor: %s\n", to_string(parts.error().error).c_str());
    return parts.error().status;
  }
  auto runtime = Runtime::create(std::move(*parts));
  if (!runtime) {
    std::fprintf(stderr, "gatevisor: %s\n", to_string(runtime.error()).c_str());
    return kOsError;
  }
  os::release_startup_memory();
  return (*runtime)->run();
}

}  // namespace gatevisor::app
