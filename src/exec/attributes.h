// ProcessSettings, in the child. Each allocates nothing and gives 0, or an errno.
#pragma once

#include <array>
#include <optional>

#include "gatevisor/process_settings.h"

namespace gatevisor::exec {

/// KeyringMode= but inherit, while it is root still: a new session keyring of user and group (-1:
/// its own) with the invocation's id in it. That keyrings are not to be had is no error, as in
/// systemd.
int join_keyring(KeyringMode mode, unsigned uid, unsigned gid,
                 const std::array<unsigned char, 16>& invocation);

/// A kernel without NUMA is no error.
int set_numa_policy(const ProcessSettings& settings);
int set_coredump_filter(std::uint64_t filter);
int set_timer_slack(std::uint64_t nsec);
int set_personality(unsigned personality);

/// Before the uid changes. `keep`: and capabilities have to outlast that.
int set_secure_bits(unsigned bits, bool keep);

}  // namespace gatevisor::exec
