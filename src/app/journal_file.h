// The journal file that is written: its commits are made up for where their writer is ended in the
// middle of one, and much is written while the writer goes on. What is read shows it already.
#pragma once

#include <utility>
#include <vector>

#include "app/file_storage.h"
#include "journal/redo_log.h"
#include "os/background_writes.h"

namespace gatevisor::app {

/// What one file after the other writes with.
struct JournalDisk {
  journal::RedoLog redo;
  os::BackgroundWrites background{};
};

class JournalFile final : public FileStorage, private os::BackgroundWrites::Work {
 public:
  /// `disk` outlives it, and is of no other file meanwhile.
  JournalFile(os::DataFile file, JournalDisk& disk) : FileStorage(std::move(file)), disk_(disk) {}
  JournalFile(const JournalFile&) = delete;
  JournalFile& operator=(const JournalFile&) = delete;
  ~JournalFile() override { (void)settle(); }

  Expected<void> read(std::uint64_t offset, std::span<std::byte> bytes) override;
  Expected<void> take(std::uint64_t offset, std::vector<std::byte>& memory,
                      std::size_t size) override;
  /// A commit: what it points to is written first. Its own failure may be told by the next one.
  Expected<void> apply(std::span<const journal::Change> changes) override;

  /// finish_commit() will not wait.
  bool is_committed() const { return disk_.background.is_work_done(); }
  /// Waits for the last commit: it counts then, or has failed.
  Expected<void> finish_commit();
  /// Waits for all that is being written.
  Expected<void> settle();

 private:
  void overlay_commit(std::uint64_t offset, std::span<std::byte> bytes) const;
  /// Writes the commit that is put down.
  Expected<void> run(os::WriteBatch& batch) override;
  Expected<void> count(Expected<void> written);

  JournalDisk& disk_;
  std::vector<journal::Change> staged_;  ///< the last commit
  bool in_background_ = false;
};

}  // namespace gatevisor::app
