// What a process is given of the kernel's smaller settings: systemd.exec(5).
#pragma once

#include <bitset>
#include <cstdint>
#include <optional>

namespace gatevisor {

enum class KeyringMode : std::uint8_t { Inherit, Private, Shared };

/// nullopt: left as it is.
struct ProcessSettings {
  /// MAX_NUMNODES of the largest kernel.
  using Nodes = std::bitset<1024>;
  std::optional<std::uint64_t> timer_slack_nsec;  ///< TimerSlackNSec=
  std::optional<unsigned> personality;            ///< Personality=, PER_* of personality(2)
  std::optional<std::uint64_t> coredump_filter;   ///< CoredumpFilter=, bits of core(5)
  std::optional<int> numa_policy;                 ///< NUMAPolicy=, MPOL_* of set_mempolicy(2)
  Nodes numa_nodes;                               ///< NUMAMask=
  bool all_numa_nodes = false;                    ///< NUMAMask=all
  unsigned secure_bits = 0;                       ///< SecureBits=, SECBIT_* of capabilities(7)
  /// KeyringMode=. nullopt: private for a unit of a gatevisor that is root, else inherit.
  std::optional<KeyringMode> keyring;
  bool operator==(const ProcessSettings&) const = default;
};

}  // namespace gatevisor
