// What the kernel counted, as the verdict reads it.
//
// Source of every counter: the kernel's Documentation/admin-guide/cgroup-v2.rst.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace gatevisor {

/// One reading of `memory.events` or `memory.events.local`. Counts since the cgroup was made.
struct MemoryEvents {
  std::uint64_t high = 0;            ///< throttled at memory.high
  std::uint64_t max = 0;             ///< usage was about to go over memory.max
  std::uint64_t oom = 0;             ///< the limit was hit and reclaim failed
  std::uint64_t oom_kill = 0;        ///< processes of this cgroup killed by the OOM killer
  std::uint64_t oom_group_kill = 0;  ///< times that the whole group was killed

  bool operator==(const MemoryEvents&) const = default;
};

/// One cgroup of the path from the invocation's leaf up to the root that can be seen.
/// A reading that this kernel or mount does not give is nullopt, never zero.
struct CgroupLevel {
  std::string path;                           ///< below the mount: 'gateway.slice/1'
  std::optional<MemoryEvents> hierarchical;   ///< memory.events (with everything below it)
  std::optional<MemoryEvents> local;          ///< memory.events.local (this limit alone)
  std::optional<std::uint64_t> memory_max;    ///< bytes; nullopt also where it says 'max'
  std::optional<std::uint64_t> pids_max_hit;  ///< pids.events max: forks refused

  bool operator==(const CgroupLevel&) const = default;
};

/// One reading of all of it at one moment: the first level is the leaf, then the slice, the base,
/// and what else is visible above. Empty where no cgroup can be read.
struct CgroupSnapshot {
  std::vector<CgroupLevel> levels;
  bool own_leaf = false;                        ///< levels[0] holds this invocation alone
  std::optional<std::uint64_t> memory_peak;     ///< the leaf's memory.peak, bytes (Linux 5.19)
  std::optional<std::uint64_t> memory_current;  ///< the leaf's memory.current, bytes

  bool operator==(const CgroupSnapshot&) const = default;
};

}  // namespace gatevisor
