#include "protocol/line_text.h"

#include <array>
#include <cstdint>

namespace gatevisor::protocol {
namespace {

/// As those of gatevisor's own records; syslog(3)'s numbers.
constexpr std::array<std::string_view, 8> kLevels = {"critical", "critical", "critical", "error",
                                                     "warning",  "notice",   "info",     "debug"};
constexpr std::size_t kToTheSecond = std::string_view("2026-11-24T09:44:32").size();

/// How many bytes at the start of `text` are one character of UTF-8 (RFC 3629); 0: none.
std::size_t character(std::string_view text) {
  const auto at = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  const unsigned first = at(0);
  if (first < 0x80) return 1;
  const std::size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4) return 0;
  for (std::size_t i = 1; i < size; ++i) {
    if ((at(i) & 0xc0) != 0x80) return 0;
  }
  // Overlong forms, halves of a pair, and what is above the last one.
  const unsigned second = at(1);
  const bool bad = (first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) ||
                   (first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f);
  return bad ? 0 : size;
}

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
      size = character(text);
      if (size > 0) out += text.substr(0, size);
      if (size == 0) out += "\xef\xbf\xbd";
      if (size == 0) size = 1;
    }
    text.remove_prefix(size);
  }
  out += '"';
}

}  // namespace

void append_prefixed(std::string& out, const JournalStream& stream, std::string_view time,
                     std::string_view text) {
  // To the millisecond, as gatevisor's own lines.
  out += time.substr(0, kToTheSecond + 4);
  out += "Z [";
  out += stream.unit;
  out += "] ";
  out += text;
  out += '\n';
}

void append_json(std::string& out, const JournalStream& stream, std::string_view time,
                 unsigned level, std::string_view text) {
  out += R"({"time":")";
  out += time;
  out += R"(","level":")";
  out += kLevels[level & 7];
  out += R"(","unit":)";
  append_string(out, stream.unit);
  out += R"(,"event":"output","stream":")";
  out += stream.is_error ? "stderr" : "stdout";
  out += R"(","invocation":")";
  out += stream.invocation;
  out += R"(","pid":)";
  out += std::to_string(stream.pid);
  out += R"(,"message":)";
  append_string(out, text);
  out += "}\n";
}

}  // namespace gatevisor::protocol
