// SipHash-2-4 with 64 bits of result: the hash of payloads in 'keyed' journal files.
//
// Aumasson and Bernstein, 'SipHash: a fast short-input PRF'. The key is the header's file_id.
#pragma once

#include <cstdint>
#include <span>

#include "journal/format.h"

namespace gatevisor::journal {

std::uint64_t siphash24(std::span<const std::byte> bytes, const Id128& key);

}  // namespace gatevisor::journal
