// Taking away directories that a service may have filled with anything.
//
// Follows no symbolic link below `base` and goes into no other file system.
#pragma once

#include <optional>
#include <string>

#include "gatevisor/error.h"

namespace gatevisor::os {

/// A directory that is out of the way and still has to be removed.
struct SetAside {
  std::string base;  ///< absolute
  std::string name;  ///< below it
};

/// Takes `name` below `base` out of the way, by a rename in its own parent: from then on the name
/// is free, however long the removal takes. What is a mount point itself is emptied in the same
/// way. nullopt: it is not there.
Expected<std::optional<SetAside>> set_aside(const std::string& base, const std::string& name);

/// Removes the directory `name` below `base` and all that is in it; that it is gone is no error.
/// As long as it takes: for a helper (os/channel.h), or when nothing else is left to be done.
Expected<void> remove_tree(const std::string& base, const std::string& name);

/// Removes a symbolic link. That it is gone, or is something else, is no error.
void remove_link(const std::string& base, const std::string& name);

}  // namespace gatevisor::os
