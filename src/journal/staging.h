// Changes of a journal file that no reader sees yet.
//
// New objects grow at the end of the file, in memory; pointers to them inside older objects are
// kept aside as patches. commit() writes the objects, then the patches, then the header: until the
// header is there, everything behind its tail is as good as absent. Whatever is read through here
// already shows the changes.
#pragma once

#include <map>
#include <vector>

#include "journal/format.h"
#include "journal/storage.h"

namespace gatevisor::journal {

class Staging {
 public:
  /// The longest patch. Two patches are either of the same bytes or of disjoint ones, and none
  /// reaches over the end of what one append() brought.
  static constexpr std::size_t kPatchMax = 32;
  /// More than this of new objects is written ahead of the commit, unseen behind the tail.
  static constexpr std::size_t kSpill = 256 * 1024;

  /// `end`: where the next object goes.
  Staging(Storage& storage, std::uint64_t end) : storage_(&storage), base_(end) {}

  std::uint64_t end() const { return base_ + tail_.size(); }

  Expected<void> read(std::uint64_t offset, std::span<std::byte> bytes) const;

  template <typename T>
  Expected<T> read_as(std::uint64_t offset) const {
    return read_value<T>(*this, offset);
  }

  Expected<void> append(std::span<const std::byte> bytes);
  Expected<void> append_zeros(std::uint64_t count);
  /// To the next multiple of 8.
  Expected<void> pad() { return append_zeros(align8(end()) - end()); }

  void patch(std::uint64_t offset, std::span<const std::byte> bytes);

  template <typename T>
  void patch_as(std::uint64_t offset, const T& value) {
    static_assert(sizeof(T) <= kPatchMax);
    patch(offset, bytes_of(value));
  }

  /// Bytes of memory that wait for commit(), about.
  std::size_t pending() const { return tail_.size() + patches_.size() * sizeof(Patch) * 2; }

  Expected<void> commit(std::span<const std::byte> header);

 private:
  struct Patch {
    std::uint8_t size = 0;
    std::array<std::byte, kPatchMax> bytes{};
  };

  Expected<void> write_tail();
  void collect_patches();

  Storage* storage_;
  std::uint64_t base_;           // where tail_ begins
  std::vector<std::byte> tail_;  // new objects
  std::map<std::uint64_t, Patch> patches_;
  std::vector<std::byte> patched_;  // the patches of a commit, one behind the other
  std::vector<Change> changes_;
};

}  // namespace gatevisor::journal
