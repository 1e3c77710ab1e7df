// gatevisor's own records out of journal files: what `why` and `history` read.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "app/log_files.h"
#include "log/journal_set.h"
#include "protocol/told_record.h"

namespace gatevisor::app {

/// Where from, and of what: options that both commands have.
struct ToldOptions {
  std::vector<std::string> directories;
  std::vector<std::string> files;  ///< patterns of glob(7)
  std::string unit;                ///< empty: all of them
  bool json = false;
  bool utc = false;
};

/// One record, and when its entry was written.
struct Told {
  protocol::ToldRecord record;
  std::uint64_t usec = 0;
};

class ToldJournal {
 public:
  /// `command`: 'why', for complaints.
  ToldJournal(const ToldOptions& options, std::string command);

  /// An exit status where there is nothing of that unit to read; said in one line.
  std::optional<int> trouble();

  log::JournalSet& set() { return set_; }
  const log::Calendar& calendar() const { return calendar_; }
  const std::string& unit() const { return unit_; }  ///< with its suffix; empty: all

  /// From now on only entries with all of these fields (of gatevisor's records, of the unit).
  void match(std::vector<std::string> payloads);
  /// From now on only lines that this process of this invocation wrote. 0: any process.
  void match_output(const std::string& invocation, int pid);
  /// The line of the present entry.
  std::optional<OutputLine> read_line();
  /// Is there one, from the head?
  bool any(std::vector<std::string> payloads);
  /// The record of the present entry. nullopt: it cannot be read, which was said.
  std::optional<Told> read();
  /// One line on standard error.
  void complain(const std::string& line) const;

 private:
  std::string command_;
  std::vector<std::string> places_;
  std::string unit_;
  LocalCalendar local_;
  log::UtcCalendar utc_;
  const log::Calendar& calendar_;
  std::set<std::string> damaged_;
  log::JournalSet set_;
  journal::EntryView entry_;
};

/// The life and the death that a record of an end tells, without what is around it.
DeathReport death_of(const Told& told);

/// RFC 3339 in UTC with microseconds, as in the records.
std::string wall_text(std::uint64_t usec);

/// Writes it to standard output; `status`, or the one of a disk that is full.
int put_out(const std::string& text, int status, const ToldJournal& journal);

}  // namespace gatevisor::app
