// The name of a system call, from its number: libseccomp's tables.
#pragma once

#include <cstdint>
#include <string>

namespace gatevisor::exec {

/// `architecture`: AUDIT_ARCH_… of linux/audit.h. Empty: none of that number is known.
std::string syscall_name(std::uint32_t architecture, int number);

}  // namespace gatevisor::exec
