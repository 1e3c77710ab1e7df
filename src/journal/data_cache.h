// The data and field objects that were used last: most fields of an entry have values seen just
// before.
#pragma once

#include <algorithm>
#include <bit>
#include <vector>

#include "journal/format.h"

namespace gatevisor::journal {

/// Entries that wait to be put into an array: they follow each other in the writer's batch.
struct Run {
  std::uint32_t begin = 0;
  std::uint32_t size = 0;
};

/// Where the next entry goes in a chain of entry arrays.
struct ArrayChain {
  std::uint64_t head = 0;
  std::uint64_t tail = 0;           ///< the last array, 0 where there is none yet
  std::uint32_t tail_used = 0;      ///< of its items, those that wait included
  std::uint32_t tail_capacity = 0;  ///< of it
  Run waiting;                      ///< the last of those in use
  /// And before those: where entries are that do not follow each other.
  std::vector<std::uint32_t> apart;
};

/// What appending has to know of a data object.
struct DataState {
  std::uint64_t offset = 0;
  std::uint64_t entry_offset = 0;
  std::uint64_t n_entries = 0;
  ArrayChain arrays;
};

/// The field objects that were used last. A fixed amount of memory, 24 KiB.
class FieldCache {
 public:
  struct Slot {
    std::uint64_t hash = 0;
    std::uint64_t offset = 0;     ///< of the field object; 0: the slot is empty
    std::uint64_t head_data = 0;  ///< its newest data object
    std::size_t size = 0;
    std::array<std::byte, kMaxFieldName> name{};
  };

  FieldCache() : slots_(kSlots) {}

  /// Where this name is, or may be put.
  Slot& slot(std::uint64_t hash) { return slots_[hash % kSlots]; }

  static bool holds(const Slot& slot, std::uint64_t hash, std::span<const std::byte> name) {
    return slot.offset != 0 && slot.hash == hash && slot.size == name.size() &&
           std::equal(name.begin(), name.end(), slot.name.begin());
  }

 private:
  static constexpr std::size_t kSlots = 256;
  std::vector<Slot> slots_;
};

/// Data objects that more than one entry has. Least recently used of four, by the hash. A fixed
/// amount of memory.
class DataCache {
 public:
  /// Longer payloads are compared in the file.
  static constexpr std::size_t kPayloadMax = 96;

  struct Slot {
    std::uint64_t used = 0;
    std::uint64_t size = 0;
    DataState state;  ///< offset 0: the slot is empty
    bool dirty = false;  ///< it says more than the file: to be written back before it is another's
    std::array<std::byte, kPayloadMax> payload{};
  };

  /// At least `entries` of them.
  explicit DataCache(std::size_t entries)
      : sets_(std::bit_ceil(std::max<std::size_t>(entries / kWays, 1))),
        slots_(sets_ * kWays),
        hashes_(slots_.size()) {}

  Slot& slot(std::uint32_t at) { return slots_[at]; }
  std::uint32_t place_of(const Slot& slot) const {
    return static_cast<std::uint32_t>(&slot - slots_.data());
  }
  void use(Slot& slot) { slot.used = ++clock_; }

  /// nullptr: not here, look in the file. `same(offset)` compares a payload that is too long to be
  /// kept here.
  template <typename Same>
  Slot* find(std::uint64_t hash, std::span<const std::byte> payload, Same same) {
    const std::size_t first = first_of(hash);
    for (std::size_t at = first; at < first + kWays; ++at) {
      if (hashes_[at] != hash) continue;
      Slot& slot = slots_[at];
      if (slot.state.offset != 0 && slot.size == payload.size() &&
          (slot.size <= kPayloadMax
               ? std::equal(payload.begin(), payload.end(), slot.payload.begin())
               : same(slot.state.offset))) {
        use(slot);
        return &slot;
      }
    }
    return nullptr;
  }

  /// The slot to be filled by put() next. What is in it, if anything, has to be written back first.
  Slot& oldest(std::uint64_t hash) {
    const auto set = std::span(slots_).subspan(first_of(hash), kWays);
    return *std::ranges::min_element(set, {}, &Slot::used);
  }

  void put(Slot& slot, std::uint64_t hash, std::span<const std::byte> payload,
           const DataState& state) {
    hashes_[place_of(slot)] = hash;
    slot.size = payload.size();
    slot.state = state;
    slot.dirty = false;
    use(slot);
    if (payload.size() <= kPayloadMax) {
      std::copy(payload.begin(), payload.end(), slot.payload.begin());
    }
  }

 private:
  static constexpr std::size_t kWays = 4;
  std::size_t first_of(std::uint64_t hash) const { return (hash & (sets_ - 1)) * kWays; }

  std::size_t sets_;  // a power of two
  std::vector<Slot> slots_;
  std::vector<std::uint64_t> hashes_;  // theirs: most of what is looked for is not here
  std::uint64_t clock_ = 0;
};

}  // namespace gatevisor::journal
