#include "app/run.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <deque>
#include <iterator>
#include <numeric>
#include <optional>

#include "app/cli.h"
#include "app/conditions.h"
#include "app/exit_code.h"
#include "app/journal_place.h"
#include "app/launcher.h"
#include "app/namespaces.h"
#include "app/runtime.h"
#include "app/unit_set.h"
#include "config/properties.h"
#include "exec/private_tmp.h"
#include "os/children.h"
#include "os/machine.h"
#include "os/memory.h"
#include "os/privileges.h"
#include "os/users.h"

namespace gatevisor::app {
namespace {

/// What a unit needs before it can have a place.
struct Prepared {
  ServiceSettings settings;
  Launcher launcher;
};

/// Whether another of the units is started before it.
bool is_behind_another(const ServiceSettings& settings, const std::vector<ServiceSettings>& all) {
  const auto names = [](const ServiceSettings& of, Dependency kind, const ServiceSettings& other) {
    return std::ranges::find(of.dependencies.of(kind), other.unit_name()) !=
           of.dependencies.of(kind).end();
  };
  return std::ranges::any_of(all, [&](const ServiceSettings& other) {
    return names(settings, Dependency::After, other) || names(other, Dependency::Before, settings);
  });
}

/// Makes nothing but what `tmp` gives back.
OrRefusal<Prepared> prepare(ReadUnit unit, bool first, exec::PrivateTmp& tmp,
                            std::vector<Error>& warnings) {
  ServiceSettings& settings = unit.settings;
  std::ranges::move(config::remarks(settings), std::back_inserter(warnings));
  const auto users = may_have_users(settings.exec, unit.allowance, warnings);
  if (!users) return refuse(users.error(), kConfig);
  settings.exec.namespaces.users = *users;
  const auto separate = may_have_namespaces(settings.exec, unit.allowance, warnings);
  if (!separate) return refuse(separate.error(), kConfig);
  if (!*separate) {
    settings.exec.mounts = settings.exec.mounts.without_mounts();
    settings.exec.namespaces = {.users = *users};
  }
  if (settings.exec.mounts.private_tmp) {
    if (auto made = tmp.make(settings.name, os::boot_id()); !made) {
      return refuse(std::move(made.error()), kNamespace);
    }
  }
  auto launcher = Launcher::make(settings, tmp.paths(), first, warnings);
  if (!launcher) return std::unexpected(std::move(launcher.error()));
  return Prepared{std::move(settings), std::move(*launcher)};
}

/// Of one that cannot be prepared: if its conditions are not met, that was not to be expected.
std::optional<Refusal> unmet(const ServiceSettings& settings) {
  using Result = event::ConditionsChecked::Result;
  const auto checked = check_conditions(settings.conditions);
  switch (checked.result) {
    case Result::Met: break;
    case Result::Skip:
      return Refusal{{"", checked.condition + " is not met", 0, "the unit is skipped"}, kOk};
    case Result::Failed:
      return Refusal{{"", checked.condition + " does not hold", 0, "the unit is not started"},
                     kConfig};
  }
  return std::nullopt;
}

/// All that can be refused before anything is made. What can be done without is left out.
OrRefusal<std::vector<Prepared>> prepare_all(ReadUnits units, std::deque<exec::PrivateTmp>& tmps,
                                             std::vector<Error>& warnings) {
  std::vector<Prepared> all;
  std::vector<ServiceSettings> every;
  for (const ReadUnit& unit : units.units) every.push_back(unit.settings);
  for (std::size_t i = 0; i < units.units.size(); ++i) {
    const ServiceSettings& settings = every[i];
    const bool optional = units.units[i].optional;
    auto prepared = prepare(std::move(units.units[i]), !is_behind_another(settings, every),
                            tmps.emplace_back(), warnings);
    if (prepared) {
      all.push_back(std::move(*prepared));
      continue;
    }
    const auto condition = unmet(settings);
    const Refusal& why = condition ? *condition : prepared.error();
    // One that was named is never left out: they are counted.
    const bool skipped = condition && condition->status == kOk && i >= units.named;
    if (!optional && !skipped) return std::unexpected(why);
    warnings.push_back(
        {"", settings.unit_name() + ": " + to_string(why.error), 0, "going on without it"});
  }
  return all;
}

/// `named`: how many of them were named; they come first.
Expected<core::UnitSet> make_set(const std::vector<Prepared>& units, std::size_t named) {
  core::UnitSet set;
  for (const Prepared& unit : units) set.settings.push_back(unit.settings);
  core::UnitGraph::Units first(named);
  std::iota(first.begin(), first.end(), std::size_t{0});
  auto graph = core::UnitGraph::make(set.settings, first);
  if (!graph) return std::unexpected(std::move(graph.error()));
  if (auto checked = core::check_requisites(set.settings, *graph); !checked) {
    return std::unexpected(std::move(checked.error()));
  }
  set.graph = std::move(*graph);
  return set;
}

OrRefusal<UnitParts> place(Prepared unit, const std::shared_ptr<os::CgroupBase>& base,
                           std::vector<Error>& warnings) {
  auto placement = os::Placement::enter(base, unit.settings.name);
  if (!placement) return refuse(std::move(placement.error()), kCgroup);
  if (auto set = placement->set_limits(unit.settings.resources); !set) {
    if (unit.settings.resources.strict) return refuse(std::move(set.error()), kCgroup);
    set.error().advice = "going on without it (StrictLimits=no)";
    warnings.push_back(std::move(set.error()));
  }
  if (unit.settings.resources.delegate) {
    placement->delegate_to(unit.launcher.uid(), unit.launcher.gid());
    if (!placement->slice()) {
      warnings.push_back({"Delegate=", unit.settings.name, 0,
                          "there is no cgroup to hand over: " + placement->why()});
    }
  }
  return UnitParts{std::move(unit.settings), std::move(unit.launcher), std::move(*placement)};
}

OrRefusal<std::vector<JournalListener>> listen_for_logs(const RunOptions& options, bool journal) {
  struct Wanted {
    LogSocketKind kind;
    const char* option;
    const std::string& path;
  };
  std::vector<JournalListener> listeners;
  for (const Wanted& wanted :
       {Wanted{LogSocketKind::Journal, "--journal-socket", options.journal_socket},
        Wanted{LogSocketKind::Syslog, "--syslog-socket", options.syslog_socket}}) {
    if (wanted.path.empty()) continue;
    if (!journal) {
      return refuse({wanted.option, "", 0, "no journal is kept; give one with --journal-dir"},
                    kUsage);
    }
    auto socket = os::LogSocket::listen(wanted.path);
    if (!socket) {
      socket.error().operation = std::string(wanted.option) + ": " + socket.error().operation;
      return refuse(std::move(socket.error()), kCantCreate);
    }
    listeners.push_back({wanted.kind, std::move(*socket)});
  }
  return listeners;
}

OrRefusal<RuntimeParts> prepare(const RunOptions& options, std::deque<exec::PrivateTmp>& tmps) {
  // First of all: a stop that comes while this is set up waits until it can be done in order. As
  // PID 1 it would be lost, anywhere else it would leave what is half made (signal(7)).
  auto signals = os::Signals::take();
  if (!signals) return refuse(std::move(signals.error()), kOsError);
  // Before any environment is taken for a gateway.
  auto upstream = Upstream::from_environment(options.termination_log);
  if (!upstream) return refuse(std::move(upstream.error()), kCantCreate);
  std::vector<Error> warnings;
  auto read = read_units(options, warnings);
  if (!read) return std::unexpected(std::move(read.error()));
  const std::size_t named = read->named;
  const std::size_t main = read->main;
  auto units = prepare_all(std::move(*read), tmps, warnings);
  if (!units) return std::unexpected(std::move(units.error()));
  os::protect_from_oom();
  auto set = make_set(*units, named);
  if (!set) return refuse(std::move(set.error()), kConfig);
  set->main = main;
  set->keep_running = options.keep_running;
  JournalSettings journal_settings = set->settings[main].journal;
  auto directory = journal_place(options.journal_directory, journal_settings, warnings);
  if (!directory) return std::unexpected(std::move(directory.error()));
  for (const ServiceSettings& settings : set->settings) {
    const auto& target = settings.probes.startup.target;
    if (!directory->empty() || !target || target->kind != ProbeTarget::Kind::Line) continue;
    return refuse({settings.unit_name() + ": StartupProbe=" + target->text, "", 0,
                   "no journal is kept, and its lines are not seen; give --journal-dir="},
                  kUsage);
  }
  if (directory->empty() && options.console) {
    return refuse({"--console", "", 0, "no journal is kept: the output is gatevisor's own"}, kUsage);
  }
  auto listeners = listen_for_logs(options, !directory->empty());
  if (!listeners) return std::unexpected(std::move(listeners.error()));
  JournalOptions journal{std::move(*directory), options.console.value_or(ConsoleMode::Pass),
                         std::move(journal_settings), std::move(*listeners)};
  ControlOptions control{options.socket != "none", options.socket, std::nullopt};
  if (!options.control_group.empty()) {
    auto group = os::find_group(options.control_group);
    if (!group) return refuse(std::move(group.error()), kUsage);
    control.gid = *group;
  }
  const bool pid1 = getpid() == 1;
  // From here on something is made, and given back where a later step is refused.
  const auto base = os::CgroupBase::enter(pid1);
  std::vector<UnitParts> parts;
  for (Prepared& unit : *units) {
    auto placed = place(std::move(unit), base, warnings);
    if (!placed) return std::unexpected(std::move(placed.error()));
    parts.push_back(std::move(*placed));
  }
  if (!pid1) {
    if (auto reaper = os::become_subreaper(); !reaper) {
      warnings.push_back(std::move(reaper.error()));
    }
  }
  return RuntimeParts{std::move(parts),
                      std::move(*set),
                      os::ProcessMaker::probe(),
                      std::move(*signals),
                      options.log_format,
                      std::move(journal),
                      std::move(*upstream),
                      std::move(control),
                      options.keep_running,
                      std::move(warnings)};
}

}  // namespace

int run(const RunOptions& options) {
  std::deque<exec::PrivateTmp> tmps;  // outlive the units
  auto parts = prepare(options, tmps);
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
