// gatevisor's own records in the journal writer, from the channel to the disk.
//
// Each is acknowledged once it is on the disk. One that was kept already, by a writer that was killed
// before it could say so, is not kept again: the account has its number.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "app/journal_store.h"
#include "os/clock.h"
#include "protocol/journal_record.h"

namespace gatevisor::app {

class JournalRecords {
 public:
  /// `store` outlives it. `owner_pid`: gatevisor's.
  JournalRecords(JournalStore& store, int owner_pid);

  void add(protocol::JournalRecord record) { records_.push_back(std::move(record)); }
  bool empty() const { return records_.empty(); }
  /// Whether the start of that invocation has still to be told.
  bool tells_later_of(const std::string& invocation) const;

  /// Appends the first one.
  Expected<void> keep_first();
  /// An entry that says how many lines were given up.
  Expected<void> tell_dropped(std::uint64_t lines, const os::JournalTimes& times);
  /// Whether a commit is to be one of records, too.
  bool appended() const { return !appended_.empty(); }
  /// What was appended is on the disk: the number of the last one. nullopt: there was none.
  std::optional<std::uint64_t> committed();
  /// It is not, and is appended anew.
  void go_back();

 private:
  std::vector<journal::Field> with_own_fields(const std::vector<std::string>& fields) const;

  JournalStore& store_;
  std::vector<std::string> own_fields_;
  std::deque<protocol::JournalRecord> records_;   ///< as many as gatevisor lets wait
  std::deque<protocol::JournalRecord> appended_;  ///< for the commit
};

}  // namespace gatevisor::app
