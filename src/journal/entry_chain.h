// The sorted list of a file's entries, or of the entries that have one data object.
//
// 'Entry Array Objects': a chain of arrays; a data object has its first entry in itself.
#pragma once

#include <optional>
#include <vector>

#include "journal/objects.h"

namespace gatevisor::journal {

class EntryChain {
 public:
  /// Arrays double in length, so 32 bits of entries need about 30. More than this are not followed.
  static constexpr std::size_t kMaxArrays = 1024;

  EntryChain() = default;

  /// `first`: the entry before all arrays, or 0. `count`: entries in all, as the file says; what
  /// the arrays have no room for is not believed. Of an unclean file, the entries that are really
  /// there are counted, up to the offset `last`.
  static Expected<EntryChain> open(const Objects& objects, std::uint64_t first, std::uint64_t head,
                                   std::uint64_t count, std::uint64_t last);

  std::uint64_t size() const { return size_; }

  /// The offset of an entry.
  Expected<std::uint64_t> at(std::uint64_t index) const;
  /// The index of the first entry whose offset is not below `offset`; size() where there is none.
  Expected<std::uint64_t> lower_bound(std::uint64_t offset);

  /// The first entry whose offset is not below `offset`; 0: none.
  Expected<std::uint64_t> first_from(std::uint64_t offset);
  /// The last entry whose offset is below `offset`; 0: none.
  Expected<std::uint64_t> last_before(std::uint64_t offset);

 private:
  struct Array {
    std::uint64_t offset = 0;
    std::uint64_t begin = 0;  // the index in the chain of its first item
    std::uint64_t capacity = 0;
  };

  Expected<void> find_arrays(std::uint64_t head, std::uint64_t count);
  Expected<void> count_entries(std::uint64_t count, std::uint64_t last);
  Expected<std::uint64_t> item(std::uint64_t index) const;

  const Objects* objects_ = nullptr;
  std::uint64_t first_ = 0;
  std::uint64_t size_ = 0;
  std::uint64_t hint_ = 0;  // where the last search ended
  std::uint64_t room_ = 0;  // of first_ and the arrays
  std::vector<Array> arrays_;
};

}  // namespace gatevisor::journal
