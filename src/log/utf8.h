// What may go to a terminal, and what JSON has to escape: as systemd decides it.
#pragma once

#include <cstdint>
#include <string_view>

namespace gatevisor::log {

enum class TextKind : std::uint8_t {
  kPlain,   ///< printable, nothing in it is special in JSON
  kEscape,  ///< printable with a quote, a backslash, a tabulator or a newline
  kBinary,  ///< anything else
};

/// systemd's utf8_is_printable(): valid UTF-8 of characters that Unicode has, no control character
/// but tabulator and newline.
TextKind kind_of(std::string_view text);

inline bool is_printable(std::string_view text) { return kind_of(text) != TextKind::kBinary; }
/// The same without newlines.
bool is_printable_line(std::string_view text);

}  // namespace gatevisor::log
