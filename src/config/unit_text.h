// The text of a systemd unit file, or of a drop-in, into its assignments.
//
// Owns: lines, comments, continuations, sections. Never knows what a setting means.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace gatevisor::config {

inline constexpr std::size_t kMaxUnitText = std::size_t{16} << 20;
inline constexpr std::size_t kMaxAssignments = 65536;
/// Longest name of a section or a setting.
inline constexpr std::size_t kMaxUnitWord = 255;

/// A byte of a file; line and column count from 1. A byte order mark is no column.
struct Location {
  std::string file;
  unsigned line = 1;
  unsigned column = 1;

  bool operator==(const Location&) const = default;
};

/// 'path:line:column'
std::string to_string(const Location& location);

struct UnitError {
  Location at;
  std::string message;

  bool operator==(const UnitError&) const = default;
};

/// One line, 'path:line:column: message'.
std::string to_string(const UnitError& error);

/// A stretch of a value that stands on one line of the file.
struct ValuePiece {
  std::uint32_t offset = 0;  ///< in the value
  unsigned line = 1;
  unsigned column = 1;

  bool operator==(const ValuePiece&) const = default;
};

/// NAME=VALUE. Empty values are kept: for most settings they mean 'forget what came before'.
struct Assignment {
  std::string section;
  std::string name;
  std::string value;               ///< continued lines joined by a space, no white space around it
  Location at;                     ///< of the name
  std::vector<ValuePiece> pieces;  ///< never empty, in ascending order

  bool operator==(const Assignment&) const = default;

  /// Where a byte of the value stands in the file.
  Location locate(std::size_t offset = 0) const;
};

struct UnitText {
  std::vector<Assignment> assignments;
  std::vector<std::string> remarks;  ///< what is valid but seldom meant, one line each

  bool operator==(const UnitText&) const = default;
};

/// systemd.syntax(7). Lines end with LF, CR, CRLF or LFCR, as for systemd. A byte order mark at the
/// start is skipped. Comment lines are skipped, also between continued lines; what they hold need
/// not be UTF-8.
///
/// systemd logs and goes on without the line where it has no '=' or no name, is not UTF-8, or
/// stands before the first section, and takes a NUL for the end of a line. Here these are errors,
/// as are a bad section header and a line above 1 MiB, for which systemd too refuses the file: a
/// setting that is not applied is seldom noticed. Unknown names and sections are the caller's.
std::expected<UnitText, UnitError> parse_unit_text(std::string_view text, std::string_view path);

}  // namespace gatevisor::config
