#include "log/format.h"

#include <algorithm>

#include "config/text.h"
#include "log/bytes.h"
#include "log/cursor.h"
#include "log/utf8.h"

namespace gatevisor::log {
namespace {

void append_address(std::string& out, const journal::EntryMeta& entry,
                    const journal::Id128& seqnum_id) {
  out += "__CURSOR=";
  append_cursor(out, seqnum_id, entry);
  out += "\n__REALTIME_TIMESTAMP=";
  append_number(out, entry.realtime_usec);
  out += "\n__MONOTONIC_TIMESTAMP=";
  append_number(out, entry.monotonic_usec);
  out += "\n_BOOT_ID=";
  append_hex(out, entry.boot_id);
  out += '\n';
}

/// A line with a match in it, or without.
void append_marked(std::string& out, std::string_view text, const Colors& colors,
                   std::optional<Span> match) {
  out += colors.on;
  if (match) {
    const std::size_t end = std::min(text.size(), match->end);
    out += text.substr(0, match->begin);
    out += colors.match;
    out += text.substr(match->begin, end - match->begin);
    out += colors.on.empty() ? colors.off : colors.on;
    out += text.substr(end);
  } else {
    out += text;
  }
  if (!colors.on.empty()) out += colors.off;
  out += '\n';
}

}  // namespace

std::string_view value_of(const journal::EntryView& entry, std::string_view name) {
  for (const journal::FieldView& field : entry.fields) {
    if (field.payload.size() > name.size() && field.payload[name.size()] == '=' &&
        field.payload.starts_with(name)) {
      return field.payload.substr(name.size() + 1);
    }
  }
  return {};
}

std::size_t name_length(std::string_view payload) {
  const std::size_t most = std::min(payload.size(), journal::kMaxFieldName + 1);
  for (std::size_t i = 0; i < most; ++i) {
    const char c = payload[i];
    if (c == '=') return i;
    const bool good = (c >= 'A' && c <= 'Z') || c == '_' || (c >= '0' && c <= '9' && i > 0);
    if (!good) return 0;
  }
  return 0;
}

Colors colors_of(int priority) {
  if (priority <= 3) return {"\x1b[0;1;31m", kNormal, kHighlight};
  if (priority <= 4) return {"\x1b[0;1;38;5;185m", kNormal, kHighlight};
  if (priority <= 5) return {kHighlight, kNormal, "\x1b[0;1;31m"};
  if (priority >= 7) return {"\x1b[0;38;5;245m", kNormal, "\x1b[0;1;31m"};
  return {"", kNormal, "\x1b[0;1;31m"};
}

int priority_of(std::string_view value) {
  return value.size() == 1 && value[0] >= '0' && value[0] <= '7' ? value[0] - '0' : 6;
}

bool Formatter::wants(std::string_view name) const {
  return options_.fields.empty() ||
         std::ranges::find(options_.fields, name) != options_.fields.end();
}

void Formatter::append(std::string& out, const journal::EntryView& entry,
                       const journal::Id128& seqnum_id, std::optional<Span> match) {
  switch (options_.output) {
    case Output::kShort:
    case Output::kShortFull:
    case Output::kShortIso:
    case Output::kShortIsoPrecise:
    case Output::kShortPrecise:
    case Output::kShortMonotonic:
    case Output::kShortUnix:
    case Output::kWithUnit: append_short(out, entry, match); return;
    case Output::kVerbose: append_verbose(out, entry, seqnum_id); return;
    case Output::kExport: append_export(out, entry, seqnum_id); return;
    case Output::kJson:
    case Output::kJsonPretty:
    case Output::kJsonSse:
    case Output::kJsonSeq: append_json(out, entry, seqnum_id); return;
    case Output::kCat: append_cat(out, entry, match); return;
  }
}

void append_lines(std::string& out, std::size_t indent, std::string_view text, const Colors& colors,
                  std::optional<Span> match) {
  if (text.empty()) {
    out += '\n';
    return;
  }
  for (std::size_t begin = 0; begin < text.size();) {
    const std::string_view line = text.substr(begin, text.find('\n', begin) - begin);
    if (begin > 0) out.append(indent, ' ');
    // journalctl marks a match in the first line only.
    const bool marked = match && begin <= match->begin && match->begin < line.size();
    append_marked(out, line, colors, marked ? match : std::nullopt);
    begin += line.size() + 1;
  }
}

void Formatter::append_verbose(std::string& out, const journal::EntryView& entry,
                               const journal::Id128& seqnum_id) {
  const auto source = config::parse_decimal(value_of(entry, "_SOURCE_REALTIME_TIMESTAMP"));
  const std::uint64_t usec = source.value_or(entry.realtime_usec);
  out += usec < journal::kTimeEnd ? format_timestamp(calendar_, usec, true) : "(no timestamp)";
  out += " [";
  append_cursor(out, seqnum_id, entry);
  out += "]\n";
  for (const journal::FieldView& field : entry.fields) {
    const std::string_view payload = field.payload;
    const std::size_t length = name_length(payload);
    if (length == 0 || !wants(payload.substr(0, length))) continue;
    const std::string_view value = payload.substr(length + 1);
    const bool mark = options_.colors && payload.starts_with("MESSAGE=");
    out += "    ";
    if (mark) out += kHighlight;
    out += payload.substr(0, length + 1);
    if (options_.all || is_printable(payload)) {
      append_lines(out, 4 + length + 1, value, {}, std::nullopt);
      if (mark) out += kNormal;
    } else {
      out += '[' + format_bytes(value.size()) + " blob data]";
      if (mark) out += kNormal;
      out += '\n';
    }
  }
}

void Formatter::append_export(std::string& out, const journal::EntryView& entry,
                              const journal::Id128& seqnum_id) const {
  append_address(out, entry, seqnum_id);
  for (const journal::FieldView& field : entry.fields) {
    const std::string_view payload = field.payload;
    if (payload.starts_with("_BOOT_ID=")) continue;
    const std::size_t length = name_length(payload);
    if (length == 0 || !wants(payload.substr(0, length))) continue;
    if (is_printable_line(payload)) {
      out += payload;
    } else {
      const std::uint64_t size = payload.size() - length - 1;
      out += payload.substr(0, length);
      out += '\n';
      out.append(reinterpret_cast<const char*>(&size), sizeof size);
      out += payload.substr(length + 1);
    }
    out += '\n';
  }
  out += '\n';
}

void Formatter::append_cat(std::string& out, const journal::EntryView& entry,
                           std::optional<Span> match) const {
  const Colors colors =
      options_.colors ? colors_of(priority_of(value_of(entry, "PRIORITY"))) : Colors{};
  const auto add = [&](std::string_view name) {
    const std::string_view value = value_of(entry, name);
    if (value.data() == nullptr) return;
    const bool marked = options_.colors && match && name == "MESSAGE" && match->end <= value.size();
    append_marked(out, value, colors, marked ? match : std::nullopt);
  };
  if (options_.fields.empty()) add("MESSAGE");
  std::ranges::for_each(options_.fields, add);
}

}  // namespace gatevisor::log
