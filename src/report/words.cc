#include "report/words.h"

#include <algorithm>

#include "core/format.h"
#include "core/utf8.h"
#include "log/bytes.h"
#include "log/utf8.h"

namespace gatevisor::report {
namespace {

constexpr std::uint64_t kSecond = 1'000'000;

std::string span(std::uint64_t usec, std::uint64_t unit) {
  return format_duration(Duration{static_cast<Duration::rep>(usec / unit * unit)});
}

}  // namespace

std::string line(std::string_view text) {
  if (log::is_printable_line(text)) return std::string(text);
  std::string plain;
  // Character by character: what is not printable by itself goes.
  for (std::size_t at = 0; at < text.size();) {
    std::size_t size = 1;
    while (size < 4 && at + size < text.size() &&
           (static_cast<unsigned char>(text[at + size]) & 0xc0) == 0x80) {
      ++size;
    }
    const std::string_view character = text.substr(at, size);
    if (log::is_printable_line(character)) {
      plain += character;
    } else {
      plain += '?';
    }
    at += size;
  }
  return plain;
}

std::string shortened(std::string text, std::size_t most) {
  std::size_t at = 0;
  for (std::size_t count = 0; at < text.size(); ++count) {
    if (count == most) {
      text.resize(at);
      text += "…";
      break;
    }
    at += std::max<std::size_t>(first_character(std::string_view(text).substr(at)).size, 1);
  }
  return text;
}

std::string ago(std::uint64_t usec, std::uint64_t now_usec) {
  if (usec > now_usec) return "in " + span(usec - now_usec, kSecond) + " by this clock";
  const std::uint64_t since = now_usec - usec;
  return since < kSecond ? "just now" : span(since, kSecond) + " ago";
}

std::string length(std::uint64_t from_usec, std::uint64_t to_usec) {
  if (from_usec == 0 || to_usec < from_usec) return "unknown";
  // Of a short life the milliseconds tell something, of a long one they are noise.
  const std::uint64_t usec = to_usec - from_usec;
  return span(usec, usec < 10 * kSecond ? 1'000 : kSecond);
}

std::string cause_words(const Verdict& verdict) {
  return std::string(to_string(verdict.cause)) + " (" + std::string(to_string(verdict.confidence)) +
         ")";
}

std::string time_of_day(const log::Calendar& calendar, std::uint64_t usec) {
  const log::CivilTime time = calendar.civil(static_cast<std::int64_t>(usec / 1'000'000));
  std::string text;
  const auto add = [&text](int number, char behind) {
    log::append_number(text, static_cast<std::uint64_t>(number), 2);
    text += behind;
  };
  add(time.hour, ':');
  add(time.minute, ':');
  add(time.second, '.');
  log::append_number(text, usec / 1'000 % 1'000, 3);
  return text;
}

}  // namespace gatevisor::report
