// A place in the journal that outlives the reading: 's=…;i=…;b=…;m=…;t=…;x=…'.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "journal/reader.h"

namespace gatevisor::log {

struct Cursor {
  std::optional<journal::Id128> seqnum_id;
  std::optional<std::uint64_t> seqnum;
  std::optional<journal::Id128> boot_id;
  std::optional<std::uint64_t> monotonic_usec;
  std::optional<std::uint64_t> realtime_usec;
  std::optional<std::uint64_t> xor_hash;
};

/// EINVAL: no cursor, or one that says neither a number nor a time.
Expected<Cursor> parse_cursor(std::string_view text);

void append_cursor(std::string& out, const journal::Id128& seqnum_id,
                   const journal::EntryMeta& entry);

void append_hex(std::string& out, std::uint64_t number);
void append_hex(std::string& out, const journal::Id128& id);
/// 'ff', 'FF'; nothing where it is no such number of 64 bits.
std::optional<std::uint64_t> from_hex(std::string_view text);
/// 32 hexadecimal digits, or a UUID with its dashes.
std::optional<journal::Id128> parse_id(std::string_view text);

}  // namespace gatevisor::log
