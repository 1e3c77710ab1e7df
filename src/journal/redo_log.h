// What makes a commit one step, also where the process that writes is killed in the middle of it.
//
// Lives in memory that outlives the writer. The changes of a commit are put down here before the
// first of them goes to the file: who comes after makes up for what is missing. Beside them stands
// the caller's own account of how far it has got, which changes in the same step.
#pragma once

#include <optional>
#include <vector>

#include "journal/format.h"
#include "journal/storage.h"

namespace gatevisor::journal {

class RedoLog {
 public:
  /// What `changes` bytes of changes and an account of `account` bytes take, at most.
  static constexpr std::size_t memory_for(std::size_t account, std::size_t changes) {
    return sizeof(Head) + 3 * account + changes;
  }

  /// `memory` is zero the first time, aligned to 8, and outlives this; `account` is a multiple of 8.
  RedoLog(std::span<std::byte> memory, std::size_t account);

  /// The account as of the last whole commit; zero at first.
  std::span<const std::byte> account() const { return memory_.subspan(sizeof(Head), account_); }
  /// The account as the next commit makes it. The caller keeps it up to date.
  std::span<std::byte> next_account() { return memory_.subspan(sizeof(Head) + account_, account_); }
  /// Makes the next account what the last one was.
  void forget_next();

  /// Puts down a commit, which has the next account as it is now. The one before it has been
  /// completed, or discarded. ENOBUFS: there is no room for it.
  Expected<void> stage(std::span<const Change> changes);
  /// What was put down, in memory that stays as it is until the next commit is.
  void staged(std::vector<Change>& changes) const;
  /// From here on it is made up for: what it points to is in the file.
  void begin() { set_whole(1); }
  /// Everything of it is in the file.
  void complete();
  /// It is not, and never will be.
  void discard();

  /// A commit was put down and not completed: of the file with this id. nullopt: none was.
  std::optional<Id128> unfinished() const;
  /// Writes it once more.
  Expected<void> replay(Storage& storage) const;

 private:
  struct Head {
    std::uint32_t whole = 0;  // 1: what follows is to be made up for
    std::uint32_t reserved = 0;
    std::uint64_t size = 0;  // of the changes
  };
  struct Item {
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
  };

  std::span<std::byte> staged_account() const {
    return memory_.subspan(sizeof(Head) + 2 * account_, account_);
  }
  Head& head() const { return *reinterpret_cast<Head*>(memory_.data()); }
  std::span<std::byte> changes() const { return memory_.subspan(sizeof(Head) + 3 * account_); }
  void set_whole(std::uint32_t whole);

  std::span<std::byte> memory_;
  std::size_t account_;
};

/// Ends a file whose writer was killed, all of whose commits are whole: what Writer::close() would
/// have done. The bytes that are in use; what is behind them may be cut off.
Expected<std::uint64_t> end_file(Storage& storage);

}  // namespace gatevisor::journal
