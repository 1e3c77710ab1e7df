// -o json and its kin. Each field's name once; several values of one name are an array.
#include <algorithm>
#include <bit>
#include <cstring>

#include "log/bytes.h"
#include "log/cursor.h"
#include "log/format.h"
#include "log/utf8.h"

namespace gatevisor::log {
namespace {

/// Longer ones are null where not all is asked for.
constexpr std::size_t kMostJson = 4096;
constexpr std::uint32_t kLast = ~std::uint32_t{0};
constexpr std::uint32_t kTold = kLast - 1;

void append_escaped(std::string& out, std::string_view text) {
  while (!text.empty()) {
    const std::size_t plain = std::min(text.find_first_of("\"\\\n\t"), text.size());
    out += text.substr(0, plain);
    if (plain == text.size()) return;
    out += '\\';
    const char c = text[plain];
    out += c == '\n' ? 'n' : c == '\t' ? 't' : c;
    text.remove_prefix(plain + 1);
  }
}

std::uint64_t key_of(std::string_view name) {
  std::uint64_t head = 0;
  std::uint64_t tail = 0;
  std::memcpy(&head, name.data(), std::min<std::size_t>(8, name.size()));
  if (name.size() > 8) std::memcpy(&tail, name.data() + name.size() - 8, 8);
  const std::uint64_t key = (head ^ std::rotl(tail, 23)) * 0x9e37'79b9'7f4a'7c15;
  return key >> 32 ^ name.size();
}

/// As a JSON string, or an array of its bytes.
void append_json_value(std::string& out, std::string_view value, std::string_view indent) {
  switch (kind_of(value)) {
    case TextKind::kPlain:
      out += '"';
      out += value;
      out += '"';
      return;
    case TextKind::kEscape:
      out += '"';
      append_escaped(out, value);
      out += '"';
      return;
    case TextKind::kBinary: break;
  }
  const std::string_view separator = indent.empty() ? std::string_view(",") : ",\n";
  out += '[';
  if (!indent.empty()) out += '\n';
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (i > 0) out += separator;
    if (!indent.empty()) {
      out += indent;
      out += '\t';
    }
    append_number(out, static_cast<unsigned char>(value[i]));
  }
  if (!indent.empty()) {
    out += '\n';
    out += indent;
  }
  out += ']';
}

}  // namespace

// same_ gets, for each field, the next one of that name: by a table that is at most half full.
void Formatter::chain_equal_names(const journal::EntryView& entry) {
  const std::size_t size = std::bit_ceil(std::max<std::size_t>(64, entry.fields.size() * 2));
  names_.assign(size, 0);  // 1 + the last field with a name
  same_.assign(entry.fields.size(), kLast);
  for (std::uint32_t i = 0; i < entry.fields.size(); ++i) {
    const std::string_view payload = entry.fields[i].payload;
    const std::size_t length = name_length(payload);
    const std::string_view title = payload.substr(0, length);
    if (length == 0 || title == "_BOOT_ID" || !wants(title)) {
      same_[i] = kTold;
      continue;
    }
    std::size_t at = key_of(title) & (size - 1);
    for (; names_[at] != 0; at = (at + 1) & (size - 1)) {
      const std::string_view other = entry.fields[names_[at] - 1].payload;
      if (other.size() <= length || !other.starts_with(payload.substr(0, length + 1))) continue;
      same_[names_[at] - 1] = i;
      break;
    }
    names_[at] = i + 1;
  }
}

void Formatter::append_json(std::string& out, const journal::EntryView& entry,
                            const journal::Id128& seqnum_id) {
  const bool pretty = options_.output == Output::kJsonPretty;
  if (options_.output == Output::kJsonSse) out += "data: ";
  if (options_.output == Output::kJsonSeq) out += '\x1e';
  out += pretty ? "{\n" : "{";
  bool first = true;
  const auto name = [&](std::string_view text) {
    if (!first) out += pretty ? ",\n" : ",";
    first = false;
    out += pretty ? "\t\"" : "\"";
    out += text;
    out += pretty ? "\" : " : "\":";
  };
  name("__CURSOR");
  out += '"';
  append_cursor(out, seqnum_id, entry);
  out += '"';
  name("__REALTIME_TIMESTAMP");
  out += '"';
  append_number(out, entry.realtime_usec);
  out += '"';
  name("__MONOTONIC_TIMESTAMP");
  out += '"';
  append_number(out, entry.monotonic_usec);
  out += '"';
  name("_BOOT_ID");
  out += '"';
  append_hex(out, entry.boot_id);
  out += '"';

  chain_equal_names(entry);
  const auto value = [&](std::string_view payload, std::size_t length, std::string_view indent) {
    if (!options_.all && payload.size() >= kMostJson) {
      out += "null";
    } else {
      append_json_value(out, payload.substr(length + 1), indent);
    }
  };
  for (std::uint32_t i = 0; i < entry.fields.size(); ++i) {
    if (same_[i] == kTold) continue;
    const std::string_view payload = entry.fields[i].payload;
    const std::size_t length = payload.find('=');
    name(payload.substr(0, length));
    if (same_[i] == kLast) {
      value(payload, length, pretty ? "\t" : "");
      continue;
    }
    out += pretty ? "[\n\t\t" : "[";
    for (std::uint32_t at = i; at != kLast;) {
      value(entry.fields[at].payload, length, pretty ? "\t\t" : "");
      const std::uint32_t next = same_[at];
      same_[at] = kTold;
      if (next != kLast) out += pretty ? ",\n\t\t" : ",";
      at = next;
    }
    out += pretty ? "\n\t]" : "]";
  }
  out += pretty ? "\n}\n" : "}\n";
  if (options_.output == Output::kJsonSse) out += '\n';
}

}  // namespace gatevisor::log
