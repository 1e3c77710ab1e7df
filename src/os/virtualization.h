// What this machine runs in, in systemd-detect-virt(1)'s words.
#pragma once

#include <cstdint>
#include <string>

namespace gatevisor::os {

enum class VirtualKind : std::uint8_t { None, Vm, Container };

struct Virtualization {
  VirtualKind kind = VirtualKind::None;
  std::string name;  ///< 'docker', 'kvm'; '…-other' where it is not known which
};

/// The innermost: a container before the machine that it is in.
Virtualization find_virtualization();

/// A user namespace that is not the machine's own.
bool in_user_namespace();

}  // namespace gatevisor::os
