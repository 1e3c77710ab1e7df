// Changes of a journal file that no reader sees yet.
//
// New objects grow at the end of the file, in memory; where pointers inside older objects change,
// the surroundings are copied and changed there. commit() writes the objects, then the changed
// places, then the header: until the header is there, everything behind its tail is as good as
// absent. Whatever is read through here already shows the changes.
#pragma once

#include <vector>

#include "journal/format.h"
#include "journal/storage.h"

namespace gatevisor::journal {

class Staging {
 public:
  /// More than this of new objects is written ahead of the commit, unseen behind the tail.
  static constexpr std::size_t kSpill = 256 * 1024;

  /// `end`: where the next object goes.
  Staging(Storage& storage, std::uint64_t end);

  std::uint64_t end() const { return base_ + tail_.size(); }

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
  /// Room for one object of at most kSpill bytes, all of them zero, to be filled before anything
  /// else is asked of this.
  Expected<std::span<std::byte>> append_object(std::size_t size);
  /// To the next multiple of 8.
  Expected<void> pad() { return append_zeros(align8(end()) - end()); }

  /// A storage that cannot be read is told by commit().
  void patch(std::uint64_t offset, std::span<const std::byte> bytes);

  template <typename T>
  void patch_as(std::uint64_t offset, const T& value) {
    patch(offset, bytes_of(value));
  }

  /// Bytes of memory that wait for commit(), about.
  std::size_t pending() const { return tail_.size() + blocks_.size() * sizeof(Block); }

  /// `changes`: others of this commit. They go before the header.
  Expected<void> commit(std::span<const Change> changes, std::span<const std::byte> header);

 private:
  static constexpr std::size_t kBlock = 64;  // a line of the processor's cache
  /// Blocks that are nearer to each other than that go out as one, where that costs no reading, and
  /// all of it stays below kMostFilled.
  static constexpr std::size_t kGap = 512;
  static constexpr std::size_t kMostFilled = std::size_t{4} << 20;

  /// A piece of the file at a multiple of kBlock, as far as it has changed.
  struct Block {
    std::uint64_t number = 0;
    std::uint8_t begin = 0;
    std::uint8_t end = 0;  // of what is known of it
    std::array<std::byte, kBlock> bytes;
  };

  Block* find(std::uint64_t number) const;
  Block& touch(std::uint64_t number);
  void patch_block(std::uint64_t offset, std::span<const std::byte> bytes);
  void fill(Block& block, std::size_t begin, std::size_t end);
  std::size_t slot_of(std::uint64_t number) const;
  void grow_index();
  void clear_blocks();
  Expected<void> write_tail();
  Expected<void> collect();

  Storage* storage_;
  std::uint64_t base_;                 // where tail_ begins
  std::vector<std::byte> tail_;        // new objects
  mutable std::vector<Block> blocks_;  // changed since the last commit
  std::vector<std::uint32_t> index_;   // by a block's number: its place in blocks_ and 1
  Expected<void> failed_;
  // Of a commit, kept for their memory.
  std::vector<std::uint32_t> order_;
  std::vector<std::byte> changed_;
  struct Range {
    std::uint64_t offset;
    std::size_t begin;  // in changed_
    std::size_t size;
  };
  std::vector<Range> ranges_;
  std::vector<Change> changes_;
};

}  // namespace gatevisor::journal
