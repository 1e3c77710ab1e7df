// The payloads that journald compressed: its default for 512 bytes and more.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "gatevisor/error.h"

namespace gatevisor::journal {

enum class Compression : std::uint8_t { kNone, kXz, kLz4, kZstd };

/// `plain` becomes what `bytes` were before. EBADMSG: not compressed like this. E2BIG: it gets
/// longer than `limit`, and no more memory than that is taken.
Expected<void> decompress(Compression compression, std::string_view bytes, std::string& plain,
                          std::size_t limit);

}  // namespace gatevisor::journal
