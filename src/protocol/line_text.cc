#include "protocol/line_text.h"

#include <array>
#include <cstdint>

#include "core/utf8.h"

namespace gatevisor::protocol {
namespace {

/// As those of gatevisor's own records; syslog(3)'s numbers.
constexpr std::array<std::string_view, 8> kLevels = {"critical", "critical", "critical", "error",
                                                     "warning",  "notice",   "info",     "debug"};
constexpr std::size_t kToTheSecond = std::string_view("2026-11-24T09:44:32").size();

void append_string(std::string& out, std::string_view text) {
  constexpr const char* kDigits = "0123456789abcdef";
  out += '"';
  while (!text.empty()) {
    const char c = text.front();
    const auto byte = static_cast<unsigned char>(c);
    std::size_t size = 1;
    if (c == '"' || c == '\\') {
      out += {'\\', c};
    } else if (byte < 0x20 || byte == 0x7f) {
      out += "\\u00";
      out += {kDigits[byte >> 4], kDigits[byte & 15]};
    } else {
      size = first_character(text).size;
      if (size > 0) out += text.substr(0, size);
      if (size == 0) out += "\xef\xbf\xbd";
      if (size == 0) size = 1;
    }
    text.remove_prefix(size);
  }
  out += '"';
}

}  // namespace

LineOrigin origin_of(const JournalStream& stream) {
  return {.unit = stream.unit,
          .stream = stream.is_error ? "stderr" : "stdout",
          .invocation = stream.invocation,
          .pid = stream.pid,
          .identifier = {}};
}

void append_said(std::string& out, const LineOrigin& origin, std::string_view text) {
  if (!origin.identifier.empty()) {
    out += origin.identifier;
    if (origin.pid != 0) {
      out += '[';
      out += std::to_string(origin.pid);
      out += ']';
    }
    out += ": ";
  }
  out += text;
  out += '\n';
}

void append_prefixed(std::string& out, const LineOrigin& origin, std::string_view time,
                     std::string_view text) {
  // To the millisecond, as gatevisor's own lines.
  out += time.substr(0, kToTheSecond + 4);
  out += "Z ";
  if (!origin.unit.empty()) {
    out += '[';
    out += origin.unit;
    out += "] ";
  }
  append_said(out, origin, text);
}

void append_json(std::string& out, const LineOrigin& origin, std::string_view time, unsigned level,
                 std::string_view text) {
  out += R"({"time":")";
  out += time;
  out += R"(","level":")";
  out += kLevels[level & 7];
  out += R"(","unit":)";
  append_string(out, origin.unit);
  out += R"(,"event":"output","stream":")";
  out += origin.stream;
  out += R"(","invocation":")";
  out += origin.invocation;
  out += R"(","pid":)";
  out += std::to_string(origin.pid);
  if (!origin.identifier.empty()) {
    out += R"(,"identifier":)";
    append_string(out, origin.identifier);
  }
  out += R"(,"message":)";
  append_string(out, text);
  out += "}\n";
}

}  // namespace gatevisor::protocol
