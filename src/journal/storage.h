// Where a journal file's bytes are kept.
//
// The room makes no system call: a file, a buffer or a test's failing disk stands behind this.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "gatevisor/error.h"
#include "gatevisor/file_change.h"

namespace gatevisor::journal {

using Change = FileChange;

/// A random-access file. No method throws.
class Storage {
 public:
  Storage() = default;
  Storage(const Storage&) = delete;
  Storage& operator=(const Storage&) = delete;
  virtual ~Storage() = default;

  /// Writes all of `bytes`, inside what allocate() made room for. pwrite(2).
  virtual Expected<void> write(std::uint64_t offset, std::span<const std::byte> bytes) = 0;

  /// The same with the first `size` of `memory`, which the storage may keep as long as it needs it;
  /// then there is other memory in its place, or none.
  virtual Expected<void> take(std::uint64_t offset, std::vector<std::byte>& memory,
                              std::size_t size) {
    return write(offset, std::span(memory).first(size));
  }

  /// A commit. Writes them all, in the order of the file, and then the last one, which is the
  /// header. A storage may see to it that they are made up for where the process ends half-way
  /// (redo_log.h), and may still write when this comes back: an error is told by the next call
  /// then, and what is read shows it already.
  virtual Expected<void> apply(std::span<const Change> changes) {
    for (const Change& change : changes) {
      if (auto done = write(change.offset, change.bytes); !done) return done;
    }
    return {};
  }

  /// Fills all of `bytes`; short of that is an error. pread(2).
  virtual Expected<void> read(std::uint64_t offset, std::span<std::byte> bytes) = 0;

  /// All of it in memory, where that can be had: size() bytes, which stay as long as the storage
  /// does not grow. They may change under the reader's eyes, as the file does. Empty: use read().
  virtual std::span<const std::byte> mapped() const { return {}; }

  /// How many bytes there are.
  virtual std::uint64_t size() const = 0;

  /// Makes the file at least `size` bytes long, with room on the disk for them: posix_fallocate(3).
  /// What was not there before is zeros. Never makes it shorter. A failure leaves the file as it
  /// was.
  virtual Expected<void> allocate(std::uint64_t size) = 0;
};

}  // namespace gatevisor::journal
