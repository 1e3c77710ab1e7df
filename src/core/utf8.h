// One character of UTF-8 (RFC 3629), from bytes that may be anything.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace gatevisor {

struct Utf8Character {
  std::size_t size = 0;  ///< bytes; 0: none begins there
  std::uint32_t value = 0;
};

/// The one at the start of `text`, which is not empty. None: cut short, overlong, half of a pair, or
/// above the last one.
inline Utf8Character first_character(std::string_view text) {
  const auto byte = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const std::uint32_t lead = byte(0);
  if (lead < 0x80) return {1, lead};
  const std::size_t size = lead >= 0xf0   ? (lead < 0xf8 ? 4 : 0)
                           : lead >= 0xe0 ? 3
                           : lead >= 0xc0 ? 2
                                          : 0;
  if (size == 0 || size > text.size()) return {};
  std::uint32_t value = lead & (0x7fU >> size);
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return {};
    value = value << 6 | (byte(i) & 0x3f);
  }
  constexpr std::uint32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = value >= 0xd800 && value <= 0xdfff;
  if (value < kLeast[size] || surrogate || value > 0x10ffff) return {};
  return {size, value};
}

}  // namespace gatevisor
