#include "protocol/lines.h"

#include <algorithm>
#include <cstring>

namespace gatevisor::protocol {
namespace {

/// Where `byte` first is; the end of `bytes` where it is not.
std::size_t find(std::string_view bytes, int byte) {
  const void* at = bytes.empty() ? nullptr : std::memchr(bytes.data(), byte, bytes.size());
  if (at == nullptr) return bytes.size();
  return static_cast<std::size_t>(static_cast<const char*>(at) - bytes.data());
}

}  // namespace

std::string_view to_string(LineBreak line_break) {
  switch (line_break) {
    case LineBreak::Newline: return "";
    case LineBreak::Nul: return "nul";
    case LineBreak::LineMax: return "line-max";
    case LineBreak::End: return "eof";
  }
  return "";
}

std::optional<Line> first_line(std::string_view bytes, bool ended) {
  const std::string_view near = bytes.substr(0, kLineMax);
  const std::size_t newline = find(near, '\n');
  const std::size_t nul = find(near.substr(0, newline), '\0');
  if (nul < newline) return Line{near.substr(0, nul), LineBreak::Nul, nul + 1};
  if (newline < near.size()) return Line{near.substr(0, newline), LineBreak::Newline, newline + 1};
  // One that is exactly as long as may be has its newline right behind it.
  if (bytes.size() > kLineMax && bytes[kLineMax] == '\n') {
    return Line{near, LineBreak::Newline, kLineMax + 1};
  }
  if (bytes.size() > kLineMax) return Line{near, LineBreak::LineMax, kLineMax};
  if (ended && !bytes.empty()) return Line{bytes, LineBreak::End, bytes.size()};
  return std::nullopt;
}

std::optional<unsigned> take_level(std::string_view& line) {
  // Up to three digits, as syslog(3) has them; what is above debug is a facility's.
  if (line.size() < 3 || line.front() != '<') return std::nullopt;
  const std::size_t end = line.substr(0, 5).find('>');
  if (end == std::string_view::npos || end < 2) return std::nullopt;
  const std::string_view digits = line.substr(1, end - 1);
  const auto is_zero = [](char c) { return c == '0'; };
  if (!std::ranges::all_of(digits.substr(0, digits.size() - 1), is_zero)) return std::nullopt;
  if (digits.back() < '0' || digits.back() > '7') return std::nullopt;
  line.remove_prefix(end + 1);
  return static_cast<unsigned>(digits.back() - '0');
}

}  // namespace gatevisor::protocol
