// Limit…= of systemd.exec(5): 'soft:hard', or one value for both.
#pragma once

#include <cstdint>
#include <string_view>

#include "config/text.h"
#include "gatevisor/settings.h"

namespace gatevisor::config {

/// What the numbers of one limit count.
enum class LimitUnit : std::uint8_t {
  Count,
  Bytes,         ///< with K, M, G, T
  Seconds,       ///< a time span, rounded up
  Microseconds,  ///< a time span; without a unit in microseconds
  Nice,          ///< '-5' and '+5' are nice levels, '25' is the raw limit (0-40)
};

Parsed<Rlimit> parse_rlimit(std::string_view text, LimitUnit unit);

}  // namespace gatevisor::config
