// Settings by name: the only door from text to ServiceSettings.
//
// Names and meanings are systemd's (systemd.service(5), .exec(5), .kill(5), .resource-control(5));
// what is gatevisor's own is marked. Specifiers ('%n') are not expanded. Pure: a path is checked
// for its form, never for its existence; a user's name is looked up by others.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "gatevisor/error.h"
#include "gatevisor/settings.h"

namespace gatevisor::config {

/// One assignment, as a line of a unit file and as `-p NAME=VALUE`. A list grows, and the empty
/// value empties it; any other setting keeps the later value. Refused ('set MemoryMax=12Q;
/// expected a size …', an unknown name with the nearest one) it has changed nothing. An error
/// repeats no value of a setting that may hold a secret.
Expected<void> assign(ServiceSettings& settings, std::string_view name, std::string_view value);
/// 'NAME=VALUE'; white space around both is dropped.
Expected<void> assign(ServiceSettings& settings, std::string_view assignment);

/// What `gatevisor run -- COMMAND` starts from, before any -p.
ServiceSettings run_defaults();

/// What one assignment alone cannot see: no command, a burst that is never reached, an ambient
/// capability outside the bounding set. Also bounds what was filled in without assign().
Expected<void> validate(const ServiceSettings& settings);
/// As systemd has it, a oneshot that remains may have its ExecStop= alone.
bool may_have_no_command(const ServiceSettings& settings);

/// What is allowed, as in systemd, but has no effect or hardly the one that was meant.
std::vector<Error> remarks(const ServiceSettings& settings);

struct Property {
  std::string_view name;
  std::string_view form;  ///< of its value: 'SIZE', 'yes|no'
  std::string_view help;  ///< one clause, no full stop
  bool ours;              ///< not a setting of systemd
};

/// Every setting, in the order in which a manual lists them.
std::span<const Property> properties();

}  // namespace gatevisor::config
