// One look at a living invocation: its memory, and what may explain it.
//
// Source: the leaf's memory.current, memory.stat, memory.swap.current, pids.current, cpu.stat and
// memory.pressure (the kernel's Documentation/admin-guide/cgroup-v2.rst), and proc(5) statm. What
// this machine does not give is nullopt, never zero.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "gatevisor/time.h"

namespace gatevisor {

/// A process of the invocation. `resident` counts what it shares with others too.
struct ProcessMemory {
  int pid = 0;
  std::string name;            ///< comm, at most 15 bytes
  std::uint64_t resident = 0;  ///< bytes
  bool operator==(const ProcessMemory&) const = default;
};

struct Sample {
  static constexpr std::size_t kMostBiggest = 3;

  Duration age{0};                        ///< of the invocation
  std::optional<std::uint64_t> current;   ///< bytes, the whole invocation
  std::optional<std::uint64_t> anonymous; ///< of these: heaps and stacks
  std::optional<std::uint64_t> file;      ///< page cache, tmpfs
  std::optional<std::uint64_t> kernel;    ///< Linux 5.18
  std::optional<std::uint64_t> socket;    ///< buffers of its network connections
  std::optional<std::uint64_t> swap;      ///< beside them
  std::optional<std::uint64_t> tasks;
  std::optional<Duration> cpu;            ///< used since its start
  std::optional<Duration> stalled;        ///< since its start: every task waited for memory
  std::uint64_t resident = 0;             ///< bytes, the sum over its processes
  std::vector<ProcessMemory> biggest;     ///< at most kMostBiggest, the biggest first

  /// What is drawn: `current`, else `resident`.
  std::uint64_t memory() const { return current.value_or(resident); }
  bool operator==(const Sample&) const = default;
};

}  // namespace gatevisor
