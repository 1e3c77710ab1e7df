// A hash table of the file that is written: all of it in memory, what the next commit has to write
// told apart.
//
// Entries come at random places in it; a copy is found and changed without a look at the file. Of a
// table's memory only what has been changed is ever touched.
#pragma once

#include <cstdlib>
#include <memory>
#include <vector>

#include "journal/format.h"
#include "journal/storage.h"

namespace gatevisor::journal {

class HashTable {
 public:
  HashTable() = default;
  /// Where its items begin in the file, and how many there are, all of them zero. ENOMEM.
  static Expected<HashTable> make(std::uint64_t offset, std::uint64_t buckets);

  /// Where a hash belongs.
  struct Place {
    std::uint64_t hash = 0;
    std::uint64_t bucket = 0;
  };
  /// What is asked of the place next is on its way into the processor's cache then.
  Place place_of(std::uint64_t hash) const;

  /// The first object of the chain that may have one of this hash; 0: there is none of it.
  std::uint64_t head_of(const Place& place) const;
  /// A new object: the last of its chain. Where the one before it is, which has to point to it; 0:
  /// there is none.
  std::uint64_t add(const Place& place, std::uint64_t object);

  std::uint64_t offset() const { return offset_; }
  std::uint64_t bytes() const { return buckets_ * sizeof(HashItem); }
  /// Items that are filled to 75 %: journald's measure for a new file.
  bool is_full(std::uint64_t objects) const { return objects * 4 > buckets_ * 3; }
  /// The most objects that a new one had in front of it but the first; 254 stands for any more.
  std::uint64_t depth() const { return depth_; }

  /// Bytes that collect() tells of, about.
  std::size_t pending() const { return dirty_count_ * kPiece; }
  /// Adds what has changed since clean(). Good until the next change.
  void collect(std::vector<Change>& changes) const;
  void clean();

 private:
  static constexpr std::size_t kPieceItems = 32;
  static constexpr std::size_t kPiece = kPieceItems * sizeof(HashItem);
  /// So many pieces in between that have not changed are written with the others, since a system
  /// call costs more; not of a table that is larger than that.
  static constexpr std::size_t kGap = 8;
  static constexpr std::uint64_t kFilled = std::uint64_t{2} << 20;

  struct Free {
    void operator()(void* memory) const { std::free(memory); }
  };

  /// Sixteen bits for each bucket: of the hashes that are not there, one in a hundred looks as if
  /// it were.
  static constexpr std::uint64_t kBucketsPerWord = 4;
  std::size_t word_of(std::uint64_t hash) const { return hash >> 24 & (seen_.size() - 1); }
  static std::uint64_t bits_of(std::uint64_t hash) {
    return 1ULL << (hash & 63) | 1ULL << (hash >> 6 & 63) | 1ULL << (hash >> 12 & 63) |
           1ULL << (hash >> 18 & 63);
  }

  std::uint64_t offset_ = 0;
  std::uint64_t buckets_ = 1;
  std::unique_ptr<HashItem[], Free> items_;
  std::vector<std::uint8_t> lengths_;  // of the chains
  std::uint64_t depth_ = 0;
  std::vector<std::uint64_t>
      seen_;                 // a Bloom filter of all hashes: a word and four bits in it for each
  std::vector<bool> dirty_;  // by pieces
  std::size_t dirty_count_ = 0;
};

}  // namespace gatevisor::journal
