#include "log/utf8.h"

#include <cstring>

namespace gatevisor::log {
namespace {

constexpr std::uint64_t kOnes = 0x0101'0101'0101'0101;
constexpr std::uint64_t kHigh = kOnes * 0x80;

/// The high bit of each byte that is zero is set; of others not, below the first that is.
constexpr std::uint64_t zeros(std::uint64_t word) { return (word - kOnes) & ~word & kHigh; }

/// Eight bytes of 0x20 to 0x7e without quote and backslash.
bool is_plain(std::uint64_t word) {
  const std::uint64_t below_space = (word - kOnes * 0x20) & ~word;
  const std::uint64_t delete_or_more = (word + kOnes) | word;
  return ((below_space | delete_or_more) & kHigh) == 0 && zeros(word ^ (kOnes * '"')) == 0 &&
         zeros(word ^ (kOnes * '\\')) == 0;
}

/// The length of the character at the start of `text`, above ASCII; 0: it is none to be printed.
std::size_t character(std::string_view text) {
  const auto byte = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned lead = byte(0);
  const std::size_t length = lead >= 0xf0   ? (lead < 0xf8 ? 4 : 0)
                             : lead >= 0xe0 ? 3
                             : lead >= 0xc0 ? 2
                                            : 0;
  if (length == 0 || length > text.size()) return 0;
  std::uint32_t value = lead & (0x7fU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
    value = value << 6 | (byte(i) & 0x3f);
  }
  constexpr std::uint32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool overlong = value < kLeast[length];
  const bool control = value < 0xa0;
  const bool surrogate = value >= 0xd800 && value <= 0xdfff;
  const bool no_character =
      value > 0x10ffff || (value >= 0xfdd0 && value <= 0xfdef) || (value & 0xfffe) == 0xfffe;
  return overlong || control || surrogate || no_character ? 0 : length;
}

}  // namespace

TextKind kind_of(std::string_view text) {
  TextKind kind = TextKind::kPlain;
  while (!text.empty()) {
    if (text.size() >= 8) {
      std::uint64_t word = 0;
      std::memcpy(&word, text.data(), sizeof word);
      if (is_plain(word)) {
        text.remove_prefix(8);
        continue;
      }
    }
    const auto byte = static_cast<unsigned char>(text.front());
    std::size_t length = 1;
    if (byte >= 0x80) {
      length = character(text);
      if (length == 0) return TextKind::kBinary;
    } else if (byte == '"' || byte == '\\' || byte == '\n' || byte == '\t') {
      kind = TextKind::kEscape;
    } else if (byte < 0x20 || byte == 0x7f) {
      return TextKind::kBinary;
    }
    text.remove_prefix(length);
  }
  return kind;
}

bool is_printable_line(std::string_view text) {
  const TextKind kind = kind_of(text);
  return kind == TextKind::kPlain ||
         (kind == TextKind::kEscape && text.find('\n') == std::string_view::npos);
}

}  // namespace gatevisor::log
