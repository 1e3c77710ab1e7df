// What sd_journal_send(3) sends: systemd's native journal protocol
// (https://systemd.io/JOURNAL_NATIVE_PROTOCOL), as systemd-journald reads it.
//
// Pure; nothing is copied. Whoever sends it may be anybody: what is none is left out.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace gatevisor::protocol {

struct LogField {
  std::string_view name;
  std::string_view value;  ///< any bytes
  bool operator==(const LogField&) const = default;
};

/// journald's ENTRY_FIELD_COUNT_MAX: an entry with more is left out, and what follows it.
inline constexpr std::size_t kMaxLogFields = 1024;
/// syslog(3)'s LOG_INFO, of an entry that has no PRIORITY=.
inline constexpr unsigned kDefaultLevel = 6;

/// Whether a client may give that name: systemd.journal-fields(7)'s form, not '_', which says what
/// is known for certain, and not GATEVISOR_, by which gatevisor's own records are found.
bool is_client_field(std::string_view name);

/// The entries of one datagram, one after the other.
class NativeLog {
 public:
  /// The bytes outlive this.
  explicit NativeLog(std::string_view datagram) : rest_(datagram) {}

  /// False: there is no further one. Each has a field at least.
  bool next();
  /// Of the current one.
  const std::vector<LogField>& fields() const { return fields_; }
  unsigned level() const { return level_; }

 private:
  enum class Step : unsigned char { Field, EntryEnd, Stop };
  Step step();
  bool take_binary(std::string_view name);
  void add(std::string_view name, std::string_view value);

  std::string_view rest_;
  std::vector<LogField> fields_;
  unsigned level_ = kDefaultLevel;
};

}  // namespace gatevisor::protocol
