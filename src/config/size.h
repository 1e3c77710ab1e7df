// Sizes ('512M', '1.5G') and shares ('50%'), as systemd.resource-control(5) writes them.
#pragma once

#include <cstdint>
#include <string_view>

#include "config/text.h"

namespace gatevisor::config {

/// Bytes. K, M, G, T, P and E to the base 1024 (or 1000), B for bytes; terms add up, the larger
/// unit first
/// ('1G 512M').
Parsed<std::uint64_t> parse_size(std::string_view text, std::uint64_t base = 1024);

/// Hundredths of a percent, at most `high` of them: '50%', '12.5%', '0.25%', also per mille
/// (one decimal) and per myriad.
Parsed<std::uint64_t> parse_share(std::string_view text, std::uint64_t high);

inline constexpr std::uint64_t kWholeShare = 10'000;  ///< 100%

}  // namespace gatevisor::config
