// Entry arrays: the list of all entries, and of the entries of a data object.
#include <algorithm>

#include "journal/writer.h"

namespace gatevisor::journal {
namespace {

constexpr std::uint64_t kItem = sizeof(std::uint32_t);
constexpr std::uint64_t kFirstCapacity = 4;

/// 'Entry Array Objects': each is about twice as long as what came before. As in journald.
std::uint64_t next_capacity(const ArrayChain& chain, std::uint64_t index) {
  const std::uint64_t last = chain.tail_capacity;
  return std::max(index > last ? (index + 1) * 2 : last * 2, kFirstCapacity);
}

/// What patch() gets of a data object: everything that linking an entry changes.
struct DataLinks {
  std::uint64_t entry_offset;
  std::uint64_t entry_array_offset;
  std::uint64_t n_entries;
  DataTail tail;
};
static_assert(sizeof(DataLinks) == 32);

}  // namespace

std::uint64_t Writer::array_growth(const ArrayChain& chain, std::uint64_t index) {
  return chain.tail_used < chain.tail_capacity
             ? 0
             : align8(sizeof(EntryArrayObject) + next_capacity(chain, index) * kItem);
}

// `index`: how many entries the chain has.
Expected<void> Writer::link_entry(ArrayChain& chain, std::uint64_t index, std::uint64_t entry) {
  if (chain.tail_used >= chain.tail_capacity) {
    const std::uint64_t capacity = next_capacity(chain, index);
    const std::uint64_t offset = staging_.end();
    const EntryArrayObject array{.object = {.type = ObjectType::kEntryArray,
                                            .size = sizeof(EntryArrayObject) + capacity * kItem}};
    auto done = staging_.append(bytes_of(array));
    done = done ? staging_.append_zeros(capacity * kItem) : done;
    done = done ? staging_.pad() : done;
    if (!done) {
      return done;
    }
    if (chain.tail == 0) {
      chain.head = offset;
    } else {
      staging_.patch_as(chain.tail + offsetof(EntryArrayObject, next), offset);
    }
    object_added(offset);
    ++header_.n_entry_arrays;
    chain.tail = offset;
    chain.tail_used = 0;
    chain.tail_capacity = static_cast<std::uint32_t>(capacity);
  }
  staging_.patch_as(chain.tail + sizeof(EntryArrayObject) + chain.tail_used * kItem,
                    static_cast<std::uint32_t>(entry));
  ++chain.tail_used;
  return {};
}

// 'Data Objects': the first entry is in the object itself.
Expected<void> Writer::link_data(Planned& planned, std::uint64_t entry) {
  DataState& state = planned.state;
  if (state.n_entries == 0) {
    state.entry_offset = entry;
  } else if (auto done = link_entry(state.arrays, state.n_entries - 1, entry); !done) {
    return done;
  }
  ++state.n_entries;
  staging_.patch_as(
      state.offset + offsetof(DataObject, entry_offset),
      DataLinks{.entry_offset = state.entry_offset,
                .entry_array_offset = state.arrays.head,
                .n_entries = state.n_entries,
                .tail = {.entry_array_offset = static_cast<std::uint32_t>(state.arrays.tail),
                         .entry_array_n_entries = state.arrays.tail_used}});
  cache_.put(planned.hash, planned.payload, state);
  return {};
}

}  // namespace gatevisor::journal
