// Changes of a journal file that no reader sees yet.
//
// New objects grow at the end of the file, in memory; where something inside older objects changes,
// it is kept in a ChangeSet. commit() writes the objects, then the changed places, then the header:
// until the header is there, everything behind its tail is as good as absent. Whatever is read
// through here already shows the changes.
#pragma once

#include <vector>

#include "journal/change_set.h"
#include "journal/format.h"
#include "journal/storage.h"

namespace gatevisor::journal {

class Staging {
 public:
  /// More than this of new objects is written ahead of the commit, unseen behind the tail.
  static constexpr std::size_t kSpill = 256 * 1024;

  /// `end`: where the next object goes.
  Staging(Storage& storage, std::uint64_t end);

  std::uint64_t end() const { return base_ + tail_size_; }

  Expected<void> read(std::uint64_t offset, std::span<std::byte> bytes) const;

  template <typename T>
  Expected<T> read_as(std::uint64_t offset) const {
    return read_value<T>(*this, offset);
  }

  Expected<void> append(std::span<const std::byte> bytes);
  Expected<void> append_zeros(std::uint64_t count);
  /// The same where the storage has never been written to, and has zeros by itself
  /// (Storage::allocate()).
  Expected<void> append_untouched(std::uint64_t count);
  /// Room for one object of at most kSpill bytes, the last 8 of them zero, to be filled before
  /// anything else is asked of this.
  Expected<std::span<std::byte>> append_object(std::size_t size);
  /// To the next multiple of 8.
  Expected<void> pad() { return append_zeros(align8(end()) - end()); }

  /// A storage that cannot be read is told by commit().
  void patch(std::uint64_t offset, std::span<const std::byte> bytes);

  template <typename T>
  void patch_as(std::uint64_t offset, const T& value) {
    patch(offset, bytes_of(value));
  }

  /// What was zeros so far, is changed once, and by nothing else: much of it is kept as it is.
  void fill_in(std::uint64_t offset, std::span<const std::byte> bytes);

  /// Bytes of memory that wait for commit(), about.
  std::size_t pending() const { return tail_size_ + changes_.size(); }

  /// `tables`: other changes of this commit, in the order of the file, before all that patch()
  /// changes.
  Expected<void> commit(std::span<const Change> tables, std::span<const std::byte> header);

 private:
  std::span<const std::byte> tail() const { return std::span(tail_).first(tail_size_); }
  std::size_t before_tail(std::uint64_t offset, std::size_t size) const;
  std::span<std::byte> grow(std::size_t size);
  Expected<void> write_tail();

  Storage* storage_;
  std::uint64_t base_;           // where tail_ begins
  std::vector<std::byte> tail_;  // memory for new objects
  std::size_t tail_size_ = 0;    // of those that there are
  ChangeSet changes_;
  std::vector<Change> commit_;
  Expected<void> failed_;
};

}  // namespace gatevisor::journal
