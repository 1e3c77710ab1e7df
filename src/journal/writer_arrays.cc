// Entry arrays: the list of all entries, and of the entries of a data object.
#include <algorithm>
#include <utility>

#include "journal/jenkins.h"
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

/// What is patched of a data object: everything that linking an entry changes.
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

// `index`: how many entries the chain has. The one that it gets is the last of the batch.
Expected<void> Writer::link_entry(ArrayChain& chain, std::uint64_t index) {
  if (chain.tail_used >= chain.tail_capacity) {
    write_waiting(chain);
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
  wait_for_array(chain, {static_cast<std::uint32_t>(batch_.size() - 1), 1});
  return {};
}

/// There is room for them in the last array.
void Writer::wait_for_array(ArrayChain& chain, const Run& run) {
  if (chain.waiting.begin + chain.waiting.size != run.begin) {
    const auto before = std::span(batch_).subspan(chain.waiting.begin, chain.waiting.size);
    if (before.size() == 1) {  // mostly
      chain.apart.push_back(before.front());
    } else {
      chain.apart.insert(chain.apart.end(), before.begin(), before.end());
    }
    chain.waiting = {.begin = run.begin, .size = 0};
  }
  chain.waiting.size += run.size;
  chain.tail_used += run.size;
}

void Writer::write_waiting(ArrayChain& chain) {
  const Run run = std::exchange(chain.waiting, {});
  const std::uint64_t place = chain.tail_used - chain.apart.size() - run.size;
  const std::uint64_t offset = chain.tail + sizeof(EntryArrayObject) + place * kItem;
  const auto apart = std::as_bytes(std::span(chain.apart));
  if (!apart.empty()) staging_.fill_in(offset, apart);
  if (run.size != 0) {
    staging_.fill_in(offset + apart.size(),
                     std::as_bytes(std::span(batch_).subspan(run.begin, run.size)));
  }
  chain.apart.clear();
}

// 'Data Objects': the first entry is in the object itself. It has one: add_data() gave it that.
Expected<void> Writer::link_data(Planned& planned) {
  if (planned.slot == nullptr || planned.slot->state.offset != planned.offset) {
    auto state = load_data(planned.offset);
    if (!state) {
      return std::unexpected(std::move(state.error()));
    }
    // It may be one of those.
    end_group(common_);
    end_group(also_);
    planned.slot = &cache_.oldest(planned.payload, planned.place.hash);
    write_back(*planned.slot);
    cache_.put(*planned.slot, planned.payload, planned.place.hash, jenkins_hash64(planned.payload),
               *state);
  }
  DataCache::Slot& slot = *planned.slot;
  if (auto done = link_entry(slot.state.arrays, slot.state.n_entries - 1); !done) {
    return done;
  }
  ++slot.state.n_entries;
  set_dirty(slot);
  return {};
}

void Writer::set_dirty(DataCache::Slot& slot) {
  if (slot.dirty) return;
  slot.dirty = true;
  dirty_.push_back(cache_.place_of(slot));
}

void Writer::write_back(DataCache::Slot& slot) {
  if (!slot.dirty) return;
  slot.dirty = false;
  DataState& state = slot.state;
  write_waiting(state.arrays);
  staging_.patch_as(
      state.offset + offsetof(DataObject, entry_offset),
      DataLinks{.entry_offset = state.entry_offset,
                .entry_array_offset = state.arrays.head,
                .n_entries = state.n_entries,
                .tail = {.entry_array_offset = static_cast<std::uint32_t>(state.arrays.tail),
                         .entry_array_n_entries = state.arrays.tail_used}});
}

void Writer::write_back_all() {
  for (const std::uint32_t place : dirty_) write_back(cache_.slot(place));
  dirty_.clear();
  write_waiting(entries_);
  batch_.clear();
}

}  // namespace gatevisor::journal
