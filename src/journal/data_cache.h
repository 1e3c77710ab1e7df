// The data and field objects that were used last: most fields of an entry have values seen just
// before.
#pragma once

#include <algorithm>
#include <vector>

#include "journal/format.h"

namespace gatevisor::journal {

/// What is looked for first: quick, and no more than that. What is found is compared as well.
inline std::uint64_t quick_key(std::span<const std::byte> payload) {
  constexpr std::uint64_t kOdd = 0x9e37'79b9'7f4a'7c15;  // 2^64 by the golden ratio
  std::uint64_t key = payload.size();
  const auto mix = [&key](std::uint64_t word) {
    key = (key ^ word) * kOdd;
    key ^= key >> 32;
  };
  if (payload.size() < 8) {
    std::uint64_t word = 0;
    if (!payload.empty()) std::memcpy(&word, payload.data(), payload.size());
    mix(word);
    return key;
  }
  for (std::size_t at = 0; at + 8 < payload.size(); at += 8) {
    mix(load<std::uint64_t>(payload.data() + at));
  }
  mix(load<std::uint64_t>(payload.data() + payload.size() - 8));
  return key;
}

/// One of so many: by its upper half, which all of it has a part in.
inline std::size_t place_of_key(std::uint64_t key, std::size_t places) {
  return static_cast<std::size_t>((key >> 32) * places >> 32);
}

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

/// The field objects that were used last. A fixed amount of memory, 22 KiB.
class FieldCache {
 public:
  struct Slot {
    std::uint64_t offset = 0;     ///< of the field object; 0: the slot is empty
    std::uint64_t head_data = 0;  ///< its newest data object
    std::size_t size = 0;
    std::array<std::byte, kMaxFieldName> name{};
  };

  FieldCache() : slots_(kSlots) {}

  /// Where this name is, or may be put.
  Slot& slot(std::span<const std::byte> name) { return slots_[place_of_key(quick_key(name), kSlots)]; }

  static bool holds(const Slot& slot, std::span<const std::byte> name) {
    return slot.offset != 0 && same_bytes(name, std::span(slot.name).first(slot.size));
  }

 private:
  static constexpr std::size_t kSlots = 256;
  std::vector<Slot> slots_;
};

/// Data objects that more than one entry has. Least recently used of four. A fixed amount of
/// memory.
class DataCache {
 public:
  /// Longer payloads are compared in the file.
  static constexpr std::size_t kPayloadMax = 96;

  /// Of what is found by its payload alone, nothing has to be hashed, or checked, once more.
  static bool is_found_quickly(std::span<const std::byte> payload) {
    return payload.size() <= kPayloadMax;
  }

  struct Slot {
    std::uint64_t used = 0;
    std::uint64_t size = 0;
    std::uint64_t hash = 0;   ///< in the file
    std::uint64_t plain = 0;  ///< Jenkins'
    std::uint64_t plan = 0;   ///< the last one that it was in
    DataState state;          ///< offset 0: the slot is empty
    bool dirty = false;  ///< it says more than the file: to be written back before it is another's
    std::array<std::byte, kPayloadMax> payload{};
  };

  /// At least `entries` of them.
  explicit DataCache(std::size_t entries)
      : sets_(std::max<std::size_t>(entries / kWays, 1)),
        slots_(sets_ * kWays),
        keys_(slots_.size()) {}

  Slot& slot(std::uint32_t at) { return slots_[at]; }
  std::uint32_t place_of(const Slot& slot) const {
    return static_cast<std::uint32_t>(&slot - slots_.data());
  }
  void use(Slot& slot) { slot.used = ++clock_; }

  /// One that is_found_quickly(). nullptr: not here, look in the file.
  Slot* find(std::span<const std::byte> payload) {
    return find(quick_key(payload), [payload](const Slot& slot) {
      return slot.size <= kPayloadMax &&
             same_bytes(payload, std::span(slot.payload).first(slot.size));
    });
  }

  /// The same of a longer one. `same(offset)` compares what is there in the file.
  template <typename Same>
  Slot* find(std::span<const std::byte> payload, std::uint64_t hash, Same same) {
    return find(hash, [&](const Slot& slot) {
      return slot.size == payload.size() && same(slot.state.offset);
    });
  }

  /// The slot to be filled by put() next. What is in it, if anything, has to be written back first.
  Slot& oldest(std::span<const std::byte> payload, std::uint64_t hash) {
    const auto set = std::span(slots_).subspan(first_of(key_of(payload, hash)), kWays);
    return *std::ranges::min_element(set, {}, &Slot::used);
  }

  void put(Slot& slot, std::span<const std::byte> payload, std::uint64_t hash, std::uint64_t plain,
           const DataState& state) {
    keys_[place_of(slot)] = key_of(payload, hash);
    slot.size = payload.size();
    slot.hash = hash;
    slot.plain = plain;
    slot.plan = 0;
    slot.state = state;
    slot.dirty = false;
    use(slot);
    if (is_found_quickly(payload)) {
      std::copy(payload.begin(), payload.end(), slot.payload.begin());
    }
  }

 private:
  static constexpr std::size_t kWays = 4;
  std::size_t first_of(std::uint64_t key) const { return place_of_key(key, sets_) * kWays; }
  static std::uint64_t key_of(std::span<const std::byte> payload, std::uint64_t hash) {
    return is_found_quickly(payload) ? quick_key(payload) : hash;
  }

  template <typename Is>
  Slot* find(std::uint64_t key, Is is) {
    const std::size_t first = first_of(key);
    for (std::size_t at = first; at < first + kWays; ++at) {
      if (keys_[at] != key) continue;
      Slot& slot = slots_[at];
      if (slot.state.offset != 0 && is(slot)) {
        use(slot);
        return &slot;
      }
    }
    return nullptr;
  }

  std::size_t sets_;
  std::vector<Slot> slots_;
  std::vector<std::uint64_t> keys_;  // theirs: most of what is looked for is not here
  std::uint64_t clock_ = 0;
};

}  // namespace gatevisor::journal
