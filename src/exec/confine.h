// A helper of gatevisor's own gives up what it does not need, for good.
//
// Each of these is a rung of its own: where the machine refuses one, the others still hold.
#pragma once

#include <span>
#include <string_view>

#include "gatevisor/error.h"

namespace gatevisor::exec {

/// Another user, with no group but its own. Needs root.
Expected<void> become(unsigned uid, unsigned gid);

/// No capability is left, and none is gained.
Expected<void> give_up_capabilities();

/// Landlock (landlock(7)): of all files, what is in this directory may be read, written, made,
/// renamed and removed; descriptors that are open stay so. What is in `readable`, another one, may
/// be read; -1: there is none. Error: a kernel without it.
Expected<void> confine_to(int directory, int readable = -1);

/// System calls but these give EPERM; clone(2), where it is among them, makes threads alone. Error:
/// seccomp(2) is refused here.
Expected<void> allow_only(std::span<const std::string_view> calls);

}  // namespace gatevisor::exec
