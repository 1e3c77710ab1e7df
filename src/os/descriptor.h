// What there is to know of a descriptor that somebody else has made.
#pragma once

#include "os/unique_fd.h"

namespace gatevisor::os {

/// Two of one open file (kcmp(2)). False where the kernel does not tell.
bool is_same_file(const UniqueFd& a, const UniqueFd& b);

/// Its other end is gone, or it has failed (poll(2)).
bool has_hung_up(const UniqueFd& fd);

}  // namespace gatevisor::os
