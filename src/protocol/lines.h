// A stream of bytes as the lines that a journal keeps of it, where systemd-journald draws them.
//
// Pure; nothing is copied, nothing kept from one call to the next.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace gatevisor::protocol {

/// journald.conf(5), LineMax=: a longer line becomes several.
inline constexpr std::size_t kLineMax = std::size_t{48} << 10;

/// What ended a line: systemd.journal-fields(7), _LINE_BREAK=.
enum class LineBreak : std::uint8_t { Newline, Nul, LineMax, End };
/// 'nul', 'line-max', 'eof'; empty for a newline, which is not told.
std::string_view to_string(LineBreak line_break);

struct Line {
  std::string_view text;  ///< without what ended it
  LineBreak broken_by = LineBreak::Newline;
  std::size_t size = 0;  ///< with it: where the next one begins
};

/// The line that `bytes` begins with. nullopt: there is no whole one yet. `ended`: nothing more will
/// come, and what is there is the last one.
std::optional<Line> first_line(std::string_view bytes, bool ended);

/// sd-daemon(3): '<N>' in front of a line is its level, 0 to 7. Takes it off.
std::optional<unsigned> take_level(std::string_view& line);

}  // namespace gatevisor::protocol
