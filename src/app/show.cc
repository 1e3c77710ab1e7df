#include "app/show.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "app/cli.h"
#include "app/exit_code.h"
#include "app/unit_files.h"
#include "app/unit_json.h"
#include "config/properties.h"
#include "config/show.h"
#include "exec/mount_plan.h"
#include "os/inherited.h"
#include "os/privileges.h"

namespace gatevisor::app {
namespace {

void complain(const std::string& what) {
  std::fprintf(stderr, "gatevisor: show: %s\n", what.c_str());
}

config::ShowHost this_host() {
  config::ShowHost host;
  host.memory = os::physical_memory();
  host.tasks = os::most_tasks();
  host.page_size = os::page_size();
  host.capabilities = os::known_capabilities();
  host.rlimits = os::own_rlimits();
  host.oom_score_adj = os::own_oom_score_adj().value_or(0);
  host.nice = os::own_nice();
  host.timer_slack_nsec = os::own_timer_slack_nsec();
  host.coredump_filter = os::own_coredump_filter();
  host.root = geteuid() == 0;
  return host;
}

/// '-p A,B -p C', each a name that there is; false where one is none.
bool read_names(const std::vector<std::string>& lists, std::vector<std::string>& names) {
  for (const std::string& list : lists) {
    std::string_view rest = list;
    while (!rest.empty()) {
      const std::string name(rest.substr(0, rest.find(',')));
      rest.remove_prefix(std::min(name.size() + 1, rest.size()));
      if (name.empty()) continue;
      if (!config::is_shown(name)) {
        const auto meant = config::shown_as(name);
        complain("no property is called " + config::printable(name) +
                 (meant.empty() ? "; without -p and with --all it shows every one"
                                : "; it is shown as " + std::string(meant.front())));
        return false;
      }
      names.push_back(name);
    }
  }
  return true;
}

/// The first of what keeps it from being started, as run tells it.
void tell_errors(const std::string& what, const config::LoadedUnit& unit) {
  const std::size_t more = unit.errors.size() - 1;
  complain(to_string(unit.errors.front()) +
           (more == 0 ? "" : "; and " + std::to_string(more) + " more: gatevisor verify " + what));
}

}  // namespace

int show(const ShowOptions& options) {
  std::vector<std::string> names;
  if (!read_names(options.properties, names)) return kUsage;
  const bool all = options.all || !names.empty();
  config::ShowHost host = this_host();
  int status = kOk;
  std::vector<ShownUnit> shown;
  for (const std::string& what : options.units) {
    auto unit = read_unit(what, {options.allow.begin(), options.allow.end()});
    if (!unit) {
      complain(to_string(unit.error()));
      status = kNoInput;
      continue;
    }
    for (const std::string& setting : options.settings) {
      if (auto assigned = config::assign(unit->settings, setting); !assigned) {
        complain(to_string(assigned.error()));
        return kUsage;
      }
    }
    if (!unit->errors.empty()) {
      tell_errors(what, *unit);
      if (status == kOk) status = kIncomplete;
    }
    host.dropped = exec::dropped_with(unit->settings.exec);
    ShownUnit& one = shown.emplace_back();
    one.what = what;
    for (config::ShownProperty& property :
         config::show(*unit, what.substr(what.rfind('/') + 1), host)) {
      const bool wanted = names.empty() || std::ranges::find(names, property.name) != names.end();
      if (wanted && (all || options.json || !is_empty(property))) {
        one.properties.push_back(std::move(property));
      }
    }
  }
  if (options.json) {
    std::puts(show_json(shown).c_str());
    return status;
  }
  for (const ShownUnit& one : shown) {
    if (&one != &shown.front()) std::fputs("\n", stdout);
    for (const config::ShownProperty& property : one.properties) {
      for (const std::string& line : shown_lines(property, options.value)) {
        std::puts(line.c_str());
      }
    }
  }
  return status;
}

}  // namespace gatevisor::app
