#include "log/cursor.h"

#include <array>
#include <cerrno>
#include <charconv>

namespace gatevisor::log {
namespace {

constexpr std::string_view kDigits = "0123456789abcdef";

}  // namespace

void append_hex(std::string& out, std::uint64_t number) {
  std::array<char, 16> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), number, 16).ptr;
  out.append(text.data(), end);
}

void append_hex(std::string& out, const journal::Id128& id) {
  for (const std::byte byte : id) {
    out += kDigits[std::to_integer<std::size_t>(byte >> 4)];
    out += kDigits[std::to_integer<std::size_t>(byte & std::byte{0x0f})];
  }
}

std::optional<std::uint64_t> from_hex(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, 16);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<journal::Id128> parse_id(std::string_view text) {
  journal::Id128 id{};
  std::size_t digits = 0;
  const bool uuid = text.size() == 36;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (uuid && (i == 8 || i == 13 || i == 18 || i == 23)) {
      if (text[i] != '-') return std::nullopt;
      continue;
    }
    const auto value = from_hex(text.substr(i, 1));
    if (!value || digits == 32) return std::nullopt;
    id[digits / 2] |= static_cast<std::byte>(*value << (digits % 2 == 0 ? 4 : 0));
    ++digits;
  }
  return digits == 32 ? std::optional(id) : std::nullopt;
}

void append_cursor(std::string& out, const journal::Id128& seqnum_id,
                   const journal::EntryMeta& entry) {
  const auto add = [&out](std::string_view name, const auto& value) {
    out += name;
    append_hex(out, value);
  };
  add("s=", seqnum_id);
  add(";i=", entry.seqnum);
  add(";b=", entry.boot_id);
  add(";m=", entry.monotonic_usec);
  add(";t=", entry.realtime_usec);
  add(";x=", entry.xor_hash);
}

Expected<Cursor> parse_cursor(std::string_view text) {
  const auto bad = [text] { return fail("parse", "cursor '" + std::string(text) + "'", EINVAL); };
  Cursor cursor;
  for (std::string_view left = text; !left.empty();) {
    const std::string_view part = left.substr(0, left.find(';'));
    left.remove_prefix(std::min(part.size() + 1, left.size()));
    if (part.size() < 3 || part[1] != '=') return bad();
    const std::string_view value = part.substr(2);
    const auto number = from_hex(value);
    const auto id = parse_id(value);
    bool understood = true;
    switch (part[0]) {
      case 's': understood = (cursor.seqnum_id = id).has_value(); break;
      case 'b': understood = (cursor.boot_id = id).has_value(); break;
      case 'i': understood = (cursor.seqnum = number).has_value(); break;
      case 'm': understood = (cursor.monotonic_usec = number).has_value(); break;
      case 't': understood = (cursor.realtime_usec = number).has_value(); break;
      case 'x': understood = (cursor.xor_hash = number).has_value(); break;
      default: break;
    }
    if (!understood) return bad();
  }
  if (!(cursor.seqnum && cursor.seqnum_id) && !cursor.realtime_usec) return bad();
  return cursor;
}

}  // namespace gatevisor::log
