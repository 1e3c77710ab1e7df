#include "protocol/syslog_message.h"

#include <algorithm>

namespace gatevisor::protocol {
namespace {

constexpr std::string_view kBlanks = " \t\n\r";
/// A: a letter, 0: a digit, _: a digit or a space.
constexpr std::string_view kTimestamp = "AAA _0 _0:_0:_0 ";

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_blank(char c) { return kBlanks.find(c) != kBlanks.npos; }

bool fits(char c, char form) {
  switch (form) {
    case 'A': return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    case '0': return is_digit(c);
    case '_': return is_digit(c) || c == ' ';
    default: return c == form;
  }
}

/// '<N>', of one to three digits.
void take_priority(SyslogMessage& message) {
  std::string_view& text = message.text;
  const std::size_t end = text.find('>');
  if (!text.starts_with('<') || end == text.npos || end < 2 || end > 4) return;
  unsigned priority = 0;
  for (const char c : text.substr(1, end - 1)) {
    if (!is_digit(c)) return;
    priority = priority * 10 + static_cast<unsigned>(c - '0');
  }
  message.level = priority & 7;
  message.facility = priority >> 3;
  text.remove_prefix(end + 1);
}

void take_timestamp(SyslogMessage& message) {
  if (message.text.size() < kTimestamp.size()) return;
  for (std::size_t i = 0; i < kTimestamp.size(); ++i) {
    if (!fits(message.text[i], kTimestamp[i])) return;
  }
  message.timestamp = message.text.substr(0, kTimestamp.size());
  message.text.remove_prefix(kTimestamp.size());
}

/// 'identifier[pid]:' and a blank.
void take_identifier(SyslogMessage& message) {
  std::string_view text = message.text;
  text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
  std::string_view word = text.substr(0, text.find_first_of(kBlanks));
  if (!word.ends_with(':')) return;
  text.remove_prefix(word.size());
  if (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  word.remove_suffix(1);
  if (const std::size_t open = word.rfind('['); word.ends_with(']') && open != word.npos) {
    message.pid = word.substr(open + 1, word.size() - open - 2);
    word = word.substr(0, open);
  }
  message.identifier = word;
  message.text = text;
}

}  // namespace

SyslogMessage parse_syslog(std::string_view datagram) {
  SyslogMessage message;
  // A C string ends at its first NUL.
  std::string_view text = datagram;
  const std::size_t last = text.find_last_not_of(std::string_view(" \t\n\r\0", 5));
  text = text.substr(0, last == text.npos ? 0 : last + 1);
  text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
  text = text.substr(0, text.find('\0'));
  message.raw = text.size() != datagram.size();
  message.text = text;
  take_priority(message);
  take_timestamp(message);
  message.raw |= message.timestamp.empty();
  take_identifier(message);
  return message;
}

}  // namespace gatevisor::protocol
