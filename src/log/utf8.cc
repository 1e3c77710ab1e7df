#include "log/utf8.h"

#include <cstring>

#include "core/utf8.h"

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
  const auto [size, value] = first_character(text);
  const bool control = value < 0xa0;
  const bool no_character = (value >= 0xfdd0 && value <= 0xfdef) || (value & 0xfffe) == 0xfffe;
  return control || no_character ? 0 : size;
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
