#include "app/run.h"

#include <linux/capability.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <iterator>

#include "app/cli.h"
#include "app/exit_code.h"
#include "app/runtime.h"
#include "app/unit_files.h"
#include "config/command_line.h"
#include "config/environment_file.h"
#include "config/properties.h"
#include "exec/capabilities.h"
#include "os/children.h"
#include "os/condition.h"
#include "os/data_file.h"
#include "os/directory_bases.h"
#include "os/file.h"
#include "os/memory.h"
#include "os/privileges.h"
#include "os/users.h"

extern char** environ;

namespace gatevisor::app {
namespace {

/// Chosen late by a container-wide OOM kill, but not never: -1000 would let the kernel find nobody.
constexpr int kOwnOomScoreAdj = -999;

/// Why gatevisor ends before it has begun.
struct Refusal {
  Error error;
  int status;
};

template <typename T>
using OrRefusal = std::expected<T, Refusal>;

std::unexpected<Refusal> refuse(Error error, int status) {
  return std::unexpected(Refusal{std::move(error), status});
}

/// From the unit file; what it asked for and does not get is a warning.
OrRefusal<ServiceSettings> unit_settings(const RunOptions& options, std::vector<Error>& warnings) {
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
  for (const config::UnitNote& note : unit->notes) {
    if (note.fate == config::Fate::Ignored) ++ignored;
    if (note.allowed) {
      warnings.push_back({"", to_string(note.at) + ": " + note.name + "=: " + note.reason, 0,
                          "going on without it, as is allowed"});
    }
  }
  if (ignored > 0) {
    warnings.push_back(
        {"", std::to_string(ignored) + " directives of " + options.unit + " have no effect here", 0,
         "gatevisor verify lists them"});
  }
  return std::move(unit->settings);
}

OrRefusal<ServiceSettings> read_settings(const RunOptions& options, std::vector<Error>& warnings) {
  ServiceSettings settings = config::run_defaults();
  settings.name = options.name;
  settings.exec.argv = options.command;
  if (!options.unit.empty()) {
    auto unit = unit_settings(options, warnings);
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

OrRefusal<std::optional<exec::Identity>> look_up(const ExecSettings& settings,
                                                 const exec::OwnCapabilities& own,
                                                 std::vector<Error>& warnings) {
  if (settings.user.empty() && settings.group.empty() && settings.supplementary_groups.empty()) {
    return std::nullopt;
  }
  exec::Identity identity;
  auto user = os::find_user(settings.user.empty() ? std::to_string(geteuid()) : settings.user);
  if (!user) return refuse(std::move(user.error()), kUser);
  identity.uid = user->uid;
  identity.gid = settings.user.empty() ? getegid() : user->gid;
  if (!settings.user.empty()) {
    identity.user = user->name;
    identity.home = user->home;
    identity.shell = user->shell;
  }
  if (!settings.group.empty()) {
    auto gid = os::find_group(settings.group);
    if (!gid) return refuse(std::move(gid.error()), kGroup);
    identity.gid = *gid;
  }
  auto groups = os::groups_of(user->name, identity.gid);
  if (!groups) return refuse(std::move(groups.error()), kGroup);
  identity.groups = std::move(*groups);
  for (const std::string& name : settings.supplementary_groups) {
    auto gid = os::find_group(name);
    if (!gid) return refuse(std::move(gid.error()), kGroup);
    if (std::ranges::find(identity.groups, *gid) == identity.groups.end()) {
      identity.groups.push_back(*gid);
    }
  }
  if (own.has(CAP_SETUID) && own.has(CAP_SETGID)) return identity;
  // Not root: what gatevisor is already needs no change, and anything else cannot be had.
  if (identity.uid == geteuid() && identity.gid == getegid()) return std::nullopt;
  Error error{"",
              "User=" + settings.user + (settings.group.empty() ? "" : " Group=" + settings.group) +
                  ": gatevisor runs as uid " + std::to_string(geteuid()) +
                  " and may not change it (no CAP_SETUID, CAP_SETGID)",
              0, "start it as root, or allow this with -p StrictCapabilities=no"};
  if (settings.strict_capabilities) return refuse(std::move(error), kUser);
  error.advice = "the gateway runs as gatevisor's own user";
  warnings.push_back(std::move(error));
  return std::nullopt;
}

std::string names_of(std::uint64_t set) {
  std::string names;
  for (int capability = 0; capability < 64; ++capability) {
    if ((set >> capability & 1) == 0) continue;
    names += (names.empty() ? "" : " ") + std::string(exec::capability_name(capability));
  }
  return names;
}

/// What leaves the bounding set; strict means that all of it must.
OrRefusal<std::optional<std::uint64_t>> bounding_drop(const ExecSettings& settings,
                                                      const exec::OwnCapabilities& own,
                                                      std::vector<Error>& warnings) {
  if (!settings.bounding_set) return std::nullopt;
  const std::uint64_t drop = own.bounding & ~*settings.bounding_set;
  if (drop == 0) return std::nullopt;
  if (own.has(CAP_SETPCAP)) return drop;
  Error error{
      "", "CapabilityBoundingSet=: gatevisor lacks CAP_SETPCAP and cannot drop " + names_of(drop),
      0, "give it the capability, or allow this with -p StrictCapabilities=no"};
  if (settings.strict_capabilities) return refuse(std::move(error), kCapabilities);
  error.advice = "they stay in the gateway's bounding set";
  warnings.push_back(std::move(error));
  return std::nullopt;
}

OrRefusal<std::vector<std::string>> read_environment_files(const ExecSettings& settings) {
  std::vector<std::string> all;
  for (const EnvironmentFile& file : settings.environment_files) {
    auto text = os::read_file(file.path);
    if (!text) {
      Error& error = text.error();
      if (file.optional && error.code == ENOENT) continue;
      if (error.operation == "open") {
        error.subject = "EnvironmentFile=" + file.path;
        error.advice = "check the path, or write -" + file.path + " where it may be missing";
      }
      return refuse(std::move(error), kNoInput);
    }
    auto assignments = config::parse_environment_file(*text, file.path);
    if (!assignments) return refuse(std::move(assignments.error()), kUsage);
    all.insert(all.end(), assignments->begin(), assignments->end());
  }
  return all;
}

OrRefusal<exec::Plan> make_plan(const ServiceSettings& settings, std::vector<Error>& warnings) {
  const exec::OwnCapabilities own = exec::own_capabilities();
  auto identity = look_up(settings.exec, own, warnings);
  if (!identity) return std::unexpected(std::move(identity.error()));
  auto drop = bounding_drop(settings.exec, own, warnings);
  if (!drop) return std::unexpected(std::move(drop.error()));
  auto file_environment = read_environment_files(settings.exec);
  if (!file_environment) return std::unexpected(std::move(file_environment.error()));
  exec::Surroundings surroundings;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    surroundings.environment.emplace_back(*entry);
  }
  if (char* directory = getcwd(nullptr, 0)) {
    surroundings.working_directory = directory;
    free(directory);
  }
  surroundings.expand_arguments =
      [](const ExecSettings& exec,
         const std::vector<std::string>& environment) -> Expected<std::vector<std::string>> {
    // The first word of expand_variables() is the program's and stays as it is.
    std::vector<std::string> words = exec.argv;
    if (exec.expand_first) words.insert(words.begin(), exec.program);
    auto expanded = config::expand_variables(words, environment);
    if (!expanded) return fail("expand", "ExecStart=", 0, expanded.error());
    if (exec.expand_first) expanded->erase(expanded->begin());
    if (expanded->empty()) expanded->push_back(exec.program);
    return std::move(*expanded);
  };
  // gatevisor lowers its own where it may; the gateway gets what gatevisor was started with.
  surroundings.oom_score_adj = os::own_oom_score_adj();
  if (!own.has(CAP_SYS_RESOURCE) && !settings.exec.oom_score_adj) {
    surroundings.oom_score_adj.reset();
  }
  surroundings.bases = os::own_directory_bases();
  surroundings.unit = settings.name + ".service";
  surroundings.may_mount = own.has(CAP_SYS_ADMIN);
  auto plan = exec::Plan::make(settings.exec, std::move(*identity), surroundings,
                               std::move(*file_environment));
  if (!plan) return refuse(std::move(plan.error()), kExec);
  plan->drop_bounding = *drop;
  // Where nothing may be killed, gatevisor's own end must not kill it either.
  plan->die_with_parent = settings.kill.mode != KillMode::None && settings.kill.send_sigkill;
  if (own.has(CAP_SYS_RESOURCE) && surroundings.oom_score_adj) {
    (void)os::set_own_oom_score_adj(std::min(kOwnOomScoreAdj, *surroundings.oom_score_adj));
  }
  return std::move(*plan);
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

OrRefusal<RuntimeParts> prepare(const RunOptions& options) {
  // First of all: a stop that comes while this is set up waits until it can be done in order. As
  // PID 1 it would be lost, anywhere else it would leave what is half made (signal(7)).
  auto signals = os::Signals::take();
  if (!signals) return refuse(std::move(signals.error()), kOsError);
  std::vector<Error> warnings;
  auto settings = read_settings(options, warnings);
  if (!settings) return std::unexpected(std::move(settings.error()));
  if (auto checked = check_conditions(settings->conditions); !checked) {
    return std::unexpected(std::move(checked.error()));
  }
  std::ranges::move(config::remarks(*settings), std::back_inserter(warnings));
  auto plan = make_plan(*settings, warnings);
  if (!plan) return std::unexpected(std::move(plan.error()));
  if (auto checked = check_journal(options.journal_directory); !checked) {
    return std::unexpected(std::move(checked.error()));
  }
  const bool pid1 = getpid() == 1;
  // From here on something is made, and given back where a later step is refused.
  auto placement = os::Placement::enter(settings->name, pid1);
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
  return RuntimeParts{std::move(*settings),      std::move(*plan),    std::move(*placement),
                      os::ProcessMaker::probe(), std::move(*signals), options.log_format,
                      options.journal_directory, std::move(warnings)};
}

}  // namespace

int run(const RunOptions& options) {
  auto parts = prepare(options);
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
