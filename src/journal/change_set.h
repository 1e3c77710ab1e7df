// Places of a file that a commit changes: small ones by blocks, large ones as they are.
//
// Grows until the commit, which collects them.
#pragma once

#include <array>
#include <cstring>
#include <vector>

#include "journal/format.h"
#include "journal/storage.h"

namespace gatevisor::journal {

class ChangeSet {
 public:
  ChangeSet() : index_(kFirstIndex) {}

  /// `read(offset, bytes)` gives what the file has now, where two changes are near each other.
  template <typename Read>
  void patch(std::uint64_t offset, std::span<const std::byte> bytes, Read read) {
    while (!bytes.empty()) {
      const std::size_t part = std::min<std::size_t>(bytes.size(), kBlock - offset % kBlock);
      patch_block(offset, bytes.first(part), read);
      offset += part;
      bytes = bytes.subspan(part);
    }
  }

  /// fill_in() is for no less.
  static constexpr std::size_t kMuch = 256;
  /// What is changed once, and by nothing else.
  void fill_in(std::uint64_t offset, std::span<const std::byte> bytes);

  /// `bytes` were read at `offset`: makes them what they will be.
  void overlay(std::uint64_t offset, std::span<std::byte> bytes) const;

  /// Adds them in the order of the file. Good until clear() or the next call.
  void collect(std::vector<Change>& changes);
  void clear();

  /// Bytes of memory, about.
  std::size_t size() const { return blocks_.size() * sizeof(Block) + filled_bytes_.size(); }

 private:
  static constexpr std::size_t kBlock = 64;  // a line of the processor's cache
  static constexpr std::size_t kFirstIndex = 256;

  /// A piece of the file at a multiple of kBlock, as far as it has changed.
  struct Block {
    std::uint64_t number = 0;
    std::uint8_t begin = 0;
    std::uint8_t end = 0;  // of what is known of it
    std::array<std::byte, kBlock> bytes;
  };

  struct Range {
    std::uint64_t offset;
    std::size_t begin;  // in changed_ or filled_bytes_
    std::size_t size;
    bool filled;
  };

  template <typename Read>
  void patch_block(std::uint64_t offset, std::span<const std::byte> bytes, Read read) {
    Block& block = touch(offset / kBlock);
    const auto at = static_cast<std::uint8_t>(offset % kBlock);
    const auto end = static_cast<std::uint8_t>(at + bytes.size());
    const auto fill = [&](std::size_t from, std::size_t to) {
      read(block.number * kBlock + from, std::span(block.bytes).subspan(from, to - from));
    };
    // What is between two changes is read: a block is one range.
    if (block.begin == block.end) {
      block.begin = block.end = at;
    } else if (at > block.end) {
      fill(block.end, at);
    } else if (end < block.begin) {
      fill(end, block.begin);
    }
    std::memcpy(block.bytes.data() + at, bytes.data(), bytes.size());
    block.begin = std::min(block.begin, at);
    block.end = std::max(block.end, end);
  }

  const Block* find(std::uint64_t number) const;
  Block& touch(std::uint64_t number);
  std::size_t slot_of(std::uint64_t number) const;
  void grow_index();
  void add(const Block& block);

  std::vector<Block> blocks_;
  std::vector<std::uint32_t> index_;  // by a block's number: its place in blocks_ and 1
  std::vector<Range> fills_;
  std::vector<std::byte> filled_bytes_;
  // Of collect().
  std::vector<std::uint32_t> order_;
  std::vector<std::byte> changed_;
  std::vector<Range> ranges_;
};

}  // namespace gatevisor::journal
