// -o short and its kin: one line an entry, as syslog has it.
#include <algorithm>

#include "config/text.h"
#include "log/bytes.h"
#include "log/format.h"
#include "log/utf8.h"

namespace gatevisor::log {
namespace {

constexpr std::size_t kMostShown = 300;
constexpr std::uint64_t kUsec = 1'000'000;
constexpr std::string_view kUnknown = " unknown";

/// '12345'; nothing where it is no number of microseconds.
std::optional<std::uint64_t> parse_usec(std::string_view text) {
  const auto number = config::parse_decimal(text);
  return number && *number > 0 && *number < journal::kTimeEnd ? number : std::nullopt;
}

struct Parts {
  std::string_view message, priority, hostname, identifier, command, pid, syslog_pid, transport,
      unit, user_unit, realtime, monotonic;
};

/// The last one of a name counts.
void take(Parts& parts, std::string_view payload) {
  const auto is = [payload](std::string_view name, std::string_view& value) {
    if (!payload.starts_with(name)) return false;
    value = payload.substr(name.size());
    return true;
  };
  switch (payload.empty() ? '\0' : payload[0]) {
    case 'M': is("MESSAGE=", parts.message); return;
    case 'P': is("PRIORITY=", parts.priority); return;
    case 'S':
      if (!is("SYSLOG_IDENTIFIER=", parts.identifier)) is("SYSLOG_PID=", parts.syslog_pid);
      return;
    case '_': break;
    default: return;
  }
  switch (payload.size() > 1 ? payload[1] : '\0') {
    case 'P': is("_PID=", parts.pid); return;
    case 'C': is("_COMM=", parts.command); return;
    case 'H': is("_HOSTNAME=", parts.hostname); return;
    case 'T': is("_TRANSPORT=", parts.transport); return;
    case 'S':
      if (!is("_SYSTEMD_UNIT=", parts.unit) && !is("_SYSTEMD_USER_UNIT=", parts.user_unit) &&
          !is("_SOURCE_REALTIME_TIMESTAMP=", parts.realtime)) {
        is("_SOURCE_MONOTONIC_TIMESTAMP=", parts.monotonic);
      }
      return;
    default: return;
  }
}

/// journalctl's rules for what a terminal gets: tabulators become eight spaces; colours (ESC [ … m)
/// and other such strings (ESC ] … BEL) go, as do carriage returns at the end of a line. A sequence
/// that is cut off stays. The match moves along.
void clean(std::string_view text, std::string& out, std::optional<Span>& match) {
  out.clear();
  std::size_t carriage_returns = 0;
  std::optional<Span> moved = match;
  const auto flush = [&] {
    out.append(carriage_returns, '\r');
    carriage_returns = 0;
  };
  for (std::size_t i = 0; i < text.size();) {
    if (match && match->begin == i) moved->begin = out.size();
    if (match && match->end == i) moved->end = out.size();
    const char c = text[i];
    if (c == '\r') {
      ++carriage_returns;
      ++i;
      continue;
    }
    if (c == '\n') carriage_returns = 0;
    flush();
    if (c == '\t') {
      out.append(8, ' ');
      ++i;
      continue;
    }
    if (c != '\x1b') {
      out += c;
      ++i;
      continue;
    }
    if (i + 1 < text.size() && (text[i + 1] == '[' || text[i + 1] == ']')) {
      const bool color = text[i + 1] == '[';
      std::size_t end = i + 2;
      while (end < text.size() &&
             (color ? (text[end] >= '0' && text[end] <= '9') || text[end] == ';'
                    : text[end] >= 32 && text[end] < 127)) {
        ++end;
      }
      if (end < text.size() && text[end] == (color ? 'm' : '\a')) {
        i = end + 1;
        continue;
      }
      out.append(text.substr(i, 2));
      i += 2;
      continue;
    }
    out += c;
    ++i;
    if (i < text.size()) out += text[i++];
  }
  if (match && match->begin >= text.size()) moved->begin = out.size();
  if (match && match->end >= text.size()) moved->end = out.size();
  match = moved;
}

}  // namespace

void Formatter::append_time(std::string& out, const journal::EntryView& entry,
                            std::string_view source_time, std::string_view source_monotonic) {
  if (options_.output == Output::kShortMonotonic) {
    const std::uint64_t usec = parse_usec(source_monotonic).value_or(entry.monotonic_usec);
    std::string seconds;
    append_number(seconds, usec / kUsec);
    out += '[';
    out.append(5 - std::min<std::size_t>(5, seconds.size()), ' ');
    out += seconds + '.';
    append_number(out, usec % kUsec, 6);
    out += ']';
    return;
  }
  const std::uint64_t usec = parse_usec(source_time).value_or(entry.realtime_usec);
  const auto second = static_cast<std::int64_t>(usec / kUsec);
  if (second != second_) {
    second_ = second;
    const auto add = [this](std::string_view before, std::int64_t number, int width) {
      second_text_ += before;
      append_number(second_text_, static_cast<std::uint64_t>(number), width);
    };
    second_text_.clear();
    zone_text_.clear();
    if (options_.output == Output::kShortFull || options_.output == Output::kWithUnit) {
      second_text_ = format_timestamp(calendar_, usec, false);
    } else if (options_.output == Output::kShortUnix) {
      add("", second, 1);
      second_text_.insert(0, 10 - std::min<std::size_t>(10, second_text_.size()), ' ');
    } else {
      const CivilTime time = calendar_.civil(second);
      if (options_.output == Output::kShortIso || options_.output == Output::kShortIsoPrecise) {
        add("", time.year, 1);
        add("-", time.month, 2);
        add("-", time.day, 2);
        add("T", time.hour, 2);
        const int minutes = std::abs(time.offset_seconds) / 60;
        zone_text_ = time.offset_seconds < 0 ? "-" : "+";
        append_number(zone_text_, static_cast<std::uint64_t>(minutes / 60), 2);
        append_number(zone_text_, static_cast<std::uint64_t>(minutes % 60), 2);
      } else {
        second_text_ += kMonths[time.month - 1];
        add(" ", time.day, 2);
        add(" ", time.hour, 2);
      }
      add(":", time.minute, 2);
      add(":", time.second, 2);
    }
  }
  out += second_text_;
  if (options_.output == Output::kShortPrecise || options_.output == Output::kShortIsoPrecise ||
      options_.output == Output::kShortUnix) {
    out += '.';
    append_number(out, usec % kUsec, 6);
  }
  out += zone_text_;
}

void Formatter::append_short(std::string& out, const journal::EntryView& entry,
                             std::optional<Span> match) {
  Parts parts;
  for (const journal::FieldView& field : entry.fields) take(parts, field.payload);
  if (parts.message.data() == nullptr) return;
  std::string_view message = parts.message;
  if (!options_.all && message.find_first_of("\t\r\x1b") != message.npos) {
    clean(message, message_, match);
    message = message_;
  }
  if (options_.truncate_newline) message = message.substr(0, message.find('\n'));
  const std::size_t begin = out.size();
  bool unknown = false;
  append_time(out, entry, parts.realtime, parts.monotonic);
  const auto shown = [this](std::string_view text) {
    return text.data() != nullptr &&
           (options_.all || (text.size() < kMostShown && is_printable(text)));
  };
  const auto add = [&out](std::string_view before, std::string_view text, std::string_view behind) {
    out += before;
    out += text;
    out += behind;
  };
  if (!options_.no_hostname && shown(parts.hostname)) add(" ", parts.hostname, "");
  if (options_.output == Output::kWithUnit && (shown(parts.unit) || shown(parts.user_unit))) {
    if (parts.unit.data() != nullptr) add(" ", parts.unit, "");
    if (parts.user_unit.data() != nullptr) {
      add(parts.unit.data() != nullptr ? "/" : " ", parts.user_unit, "");
    }
  } else if (shown(parts.identifier)) {
    add(" ", parts.identifier, "");
  } else if (shown(parts.command)) {
    add(" ", parts.command, "");
  } else {
    // What follows in further lines is not moved in by this: as journalctl has it.
    out += kUnknown;
    unknown = true;
  }
  if (shown(parts.pid)) {
    add("[", parts.pid, "]");
  } else if (shown(parts.syslog_pid)) {
    add("[", parts.syslog_pid, "]");
  }
  const std::size_t indent = out.size() - begin + 2 - (unknown ? kUnknown.size() : 0);
  out += ": ";
  if (!options_.all && !is_printable(message)) {
    add("[", format_bytes(message.size()), " blob data]\n");
    return;
  }
  Colors colors;
  if (options_.colors) {
    colors = colors_of(priority_of(parts.priority));
    if (parts.transport == "audit" && colors.on.empty()) {
      colors = {"\x1b[0;34m", kNormal, colors.match};
    }
  } else {
    match.reset();
  }
  append_lines(out, indent, message, colors, match);
}

}  // namespace gatevisor::log
