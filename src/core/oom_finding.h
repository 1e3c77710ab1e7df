// What the memory and task counters say about one death.
#pragma once

#include "core/death.h"

namespace gatevisor::core {

struct OomFinding {
  bool visible = false;      ///< oom_kill could be read both before and after
  bool own = false;          ///< the counter is the invocation's own, not a whole container's
  std::uint64_t kills = 0;   ///< growth of oom_kill over the whole life
  std::uint64_t fresh = 0;   ///< of those, the ones the main process had not outlived
  bool same_moment = false;  ///< the fresh kills came with the main process's end
  bool group = false;        ///< oom_group_kill grew
  std::optional<Scope> scope;
  std::string limit_path;
  std::optional<std::uint64_t> limit;
  std::vector<Evidence> evidence;
  std::string source;  ///< the file that was read: 'gateway.slice/1/memory.events'
};

OomFinding find_oom(const Death& death);

/// Forks that were refused at a limit (pids.events max) over the invocation's life.
std::optional<Evidence> find_task_limit(const Death& death);

}  // namespace gatevisor::core
