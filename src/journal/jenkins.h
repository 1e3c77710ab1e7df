// Bob Jenkins' lookup3, hashlittle2(): the hash of payloads in journal files without a key, and of
// every entry's xor_hash.
#pragma once

#include <cstdint>
#include <span>

#include "journal/format.h"

namespace gatevisor::journal {

/// hashlittle2() from (0, 0): its c above its b, as journald puts them together.
std::uint64_t jenkins_hash64(std::span<const std::byte> bytes);

}  // namespace gatevisor::journal
