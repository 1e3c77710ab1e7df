// systemd's groups of system calls ('@system-service'), and every name of a system call that there
// is, on any architecture.
#pragma once

#include <span>
#include <string_view>

namespace gatevisor::config {

struct SyscallGroup {
  std::string_view name;     ///< '@aio'
  std::string_view members;  ///< separated by one space; '@name' is a group in it
};

/// As `systemd-analyze syscall-filter` of version 252 has them, in its order.
std::span<const SyscallGroup> syscall_groups();

/// nullptr: there is none of that name.
const SyscallGroup* find_syscall_group(std::string_view name);

/// The static text of a system call's name, on whatever architecture it is one; empty for what is
/// none. Known are the members of the groups, and what libseccomp knows beside them.
std::string_view find_syscall(std::string_view name);

/// Each system call of a group and of the groups in it, as static text.
template <typename Visit>
void each_syscall(const SyscallGroup& group, const Visit& visit) {
  std::string_view rest = group.members;
  while (!rest.empty()) {
    const std::string_view name = rest.substr(0, rest.find(' '));
    rest.remove_prefix(name.size() + (name.size() < rest.size() ? 1 : 0));
    if (!name.starts_with('@')) {
      visit(name);
    } else if (const SyscallGroup* inner = find_syscall_group(name)) {
      each_syscall(*inner, visit);
    }
  }
}

}  // namespace gatevisor::config
