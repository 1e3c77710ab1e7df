// Journal files in one directory: one after the other, none too large, all together neither.
//
// Owns the file that is written, and holds a lock on it. It is called gatevisor.journal; where another
// gatevisor writes to the same directory, gatevisor-2.journal and so on. One that is done with has in
// its name the run, the number of the next entry, and the time. Sizes and ages are journald.conf(5)'s.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "app/journal_account.h"
#include "app/journal_file.h"
#include "gatevisor/log_settings.h"
#include "journal/redo_log.h"
#include "journal/writer.h"
#include "os/unique_fd.h"

namespace gatevisor::app {

/// An entry of that level or below is put on the disk at once: syslog(3)'s LOG_CRIT.
inline constexpr unsigned kCriticalLevel = 2;

/// The value of a field.
inline std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

class JournalStore {
 public:
  /// `run_id`: 32 hexadecimal digits, the id of the sequence numbers. `redo` outlives it.
  JournalStore(std::string directory, const std::string& run_id, const JournalSettings& settings,
               journal::RedoLog redo);
  ~JournalStore();

  /// Makes up for what an earlier writer of this run was killed over, and puts away the files of
  /// others that were. Before anything else.
  Expected<void> recover();

  /// A number of next_account(), and what the entry makes of it.
  struct Mark {
    std::uint64_t* where;
    std::uint64_t value;
    /// Whose number it is, where that is told beside it: what was put there before may be gone, since
    /// a new file begins with what was committed.
    std::uint64_t* owner = nullptr;
    std::uint64_t id = 0;
  };
  /// Where it fails, what was appended since the last commit may be lost with it: account() tells.
  Expected<void> append(journal::EntryTimes times, std::span<const journal::Field> fields,
                        const Mark& mark, journal::CommonFields* common = nullptr,
                        journal::CommonFields* also = nullptr);
  /// Without an entry: a line that is not kept counts as done, too.
  Expected<void> skip(const Mark& mark);
  /// Everything that was appended is in the file, or will be whoever is ended: as much as that is
  /// written while the caller goes on, and account() counts it once it is there. `sync`: it is in
  /// the file, and on the disk.
  Expected<void> commit(bool sync);
  /// Waits until it is in the file.
  Expected<void> finish_commit();
  /// Readable when what was to be in the file is: commit() counts it. -1: nothing is written so.
  int written_fd() const { return disk_.background.fd(); }
  void note_written() { disk_.background.note_done(); }
  /// Ends the file.
  void close();
  /// Removes what is too old or too much.
  void vacuum();
  /// Gives back what only much to do needs.
  void rest();

  const JournalAccount& account() const;
  JournalAccount& next_account();
  /// What each entry says of this machine: _BOOT_ID=, _MACHINE_ID=, _HOSTNAME=.
  std::span<const std::string> host_fields() const { return host_fields_; }

 private:
  struct Room {
    std::uint64_t max_use = 0;
    std::uint64_t keep_free = 0;
    std::uint64_t max_file_size = 0;
  };

  bool must_rotate(int error) const;
  bool is_old(std::uint64_t now_usec) const;
  Expected<std::uint64_t> try_append(journal::EntryTimes times,
                                     std::span<const journal::Field> fields, const Mark& mark,
                                     journal::CommonFields* common, journal::CommonFields* also);
  Expected<void> ensure_open();
  Expected<void> open_directory();
  Expected<void> rotate();
  Expected<void> take_over(const std::string& name);
  Expected<void> name_file();
  Expected<void> archive(const std::string& name, const char* ending);
  void drop_file();
  void find_room();
  std::vector<std::string> archived() const;
  bool remove_oldest();

  std::string directory_path_;
  std::string run_id_;
  JournalSettings settings_;
  Room room_;
  JournalDisk disk_;
  std::string boot_id_;
  std::string machine_id_;
  std::vector<std::string> host_fields_;
  os::UniqueFd directory_;
  std::string unfinished_;  ///< what the file is called until it is a journal
  std::string name_;        ///< and then
  std::unique_ptr<JournalFile> file_;
  std::optional<journal::Writer> writer_;
  journal::EntryTimes last_{};      ///< of the file
  std::uint64_t file_since_ = 0;    ///< realtime of its first entry
  bool recovered_ = false;
  bool dirty_ = false;  ///< something is to be committed
};

}  // namespace gatevisor::app
