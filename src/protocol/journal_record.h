// A record as the fields of a journal entry, and as the bytes in which it goes to the writer.
//
// Names and meanings are systemd.journal-fields(7)'s; GATEVISOR_ is in front of our own. The
// message ids are those of systemd's sd-messages.h, so that `journalctl -x` explains the entries.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gatevisor/record.h"

namespace gatevisor::protocol {

/// Longest encoded record: one datagram (unix(7), the default of net.core.wmem_max is larger).
inline constexpr std::size_t kMaxJournalRecord = std::size_t{128} << 10;

struct JournalRecord {
  std::uint64_t number = 0;  ///< counts up; the writer acknowledges by it
  std::uint64_t realtime_usec = 0;
  std::uint64_t monotonic_usec = 0;
  std::vector<std::string> fields;  ///< 'NAME=value'
  bool operator==(const JournalRecord&) const = default;
};

/// `priority` as syslog(3) has it; `message` the text for a person; `json` the whole record, from
/// which a verdict can be rebuilt.
std::vector<std::string> journal_fields(const Record& record, const std::string& unit, int priority,
                                        const std::string& message, const std::string& json);

std::string encode(const JournalRecord& record);
/// nullopt where the bytes are none. Never reads past them.
std::optional<JournalRecord> decode(std::string_view bytes);

}  // namespace gatevisor::protocol
