#include "journal/entry_chain.h"

#include <algorithm>

namespace gatevisor::journal {

Expected<EntryChain> EntryChain::open(const Objects& objects, std::uint64_t first,
                                      std::uint64_t head, std::uint64_t count, std::uint64_t last) {
  EntryChain chain;
  chain.objects_ = &objects;
  chain.first_ = first;
  chain.room_ = first == 0 ? 0 : 1;
  if (auto done = chain.find_arrays(head, count); !done) {
    return std::unexpected(std::move(done.error()));
  }
  chain.size_ = std::min(count, chain.room_);
  if (objects.unclean()) {
    if (auto done = chain.count_entries(chain.size_, last); !done) {
      return std::unexpected(std::move(done.error()));
    }
  }
  return chain;
}

Expected<void> EntryChain::find_arrays(std::uint64_t head, std::uint64_t count) {
  const std::uint64_t item_size =
      objects_->compact() ? sizeof(std::uint32_t) : sizeof(std::uint64_t);
  std::uint64_t previous = 0;
  while (head != 0 && arrays_.size() < kMaxArrays && (room_ < count || objects_->unclean())) {
    auto object = head > previous ? objects_->object(head, ObjectType::kEntryArray)
                                  : Objects::bad(head, "chain of arrays goes back");
    auto next = object ? objects_->read_as<std::uint64_t>(head + offsetof(EntryArrayObject, next))
                       : std::unexpected(std::move(object.error()));
    if (!next) {
      return objects_->unclean() ? Expected<void>() : std::unexpected(std::move(next.error()));
    }
    const std::uint64_t capacity = (object->size - sizeof(EntryArrayObject)) / item_size;
    arrays_.push_back({.offset = head, .begin = room_, .capacity = capacity});
    room_ += capacity;
    previous = head;
    head = *next;
  }
  return {};
}

// The offsets go up and are followed by zeros; the last one, and the count in the file, may be half
// there.
Expected<void> EntryChain::count_entries(std::uint64_t count, std::uint64_t last) {
  const auto plausible = [last](std::uint64_t entry) { return entry != 0 && entry <= last; };
  std::uint64_t low = 0;
  for (std::uint64_t high = count; low < high;) {
    // The last one first: it is nearly always good.
    const std::uint64_t middle = high == count ? high - 1 : low + (high - low) / 2;
    auto entry = item(middle);
    if (!entry) {
      return std::unexpected(std::move(entry.error()));
    }
    if (plausible(*entry)) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  // Half an offset can look like one: back to one that is an entry and above the one before.
  std::uint64_t previous = 0;
  for (; low != 0; --low) {
    auto entry = item(low - 1);
    auto before = low < 2 ? Expected<std::uint64_t>(0) : item(low - 2);
    if (!entry || !before) {
      return std::unexpected(std::move(entry ? before.error() : entry.error()));
    }
    if (*entry > *before && objects_->entry(*entry)) {
      previous = *entry;
      break;
    }
  }
  for (; low < room_; ++low) {
    auto entry = item(low);
    if (!entry) {
      return std::unexpected(std::move(entry.error()));
    }
    if (!plausible(*entry) || *entry <= previous || !objects_->entry(*entry)) {
      break;
    }
    previous = *entry;
  }
  size_ = low;
  return {};
}

Expected<std::uint64_t> EntryChain::item(std::uint64_t index) const {
  if (index == 0 && first_ != 0) {
    return first_;
  }
  auto array = std::ranges::upper_bound(arrays_, index, {}, &Array::begin);
  if (array == arrays_.begin() || index - (--array)->begin >= array->capacity) {
    return Objects::bad(0, "no such entry");
  }
  const std::uint64_t items = array->offset + sizeof(EntryArrayObject);
  if (!objects_->compact()) {
    return objects_->read_as<std::uint64_t>(items + (index - array->begin) * sizeof(std::uint64_t));
  }
  return objects_->read_as<std::uint32_t>(items + (index - array->begin) * sizeof(std::uint32_t));
}

Expected<std::uint64_t> EntryChain::at(std::uint64_t index) const {
  auto entry = index < size_ ? item(index) : Objects::bad(0, "no such entry");
  return entry && (*entry == 0 || *entry > objects_->limit())
             ? Objects::bad(*entry, "entry array's item")
             : entry;
}

Expected<std::uint64_t> EntryChain::first_from(std::uint64_t offset) {
  auto index = lower_bound(offset);
  if (!index || *index == size_) {
    return index ? Expected<std::uint64_t>(0) : index;
  }
  auto entry = at(*index);
  return entry && *entry < offset ? Objects::bad(*entry, "entry array is not sorted") : entry;
}

Expected<std::uint64_t> EntryChain::last_before(std::uint64_t offset) {
  auto index = lower_bound(offset);
  if (!index || *index == 0) {
    return index ? Expected<std::uint64_t>(0) : index;
  }
  auto entry = at(*index - 1);
  return entry && *entry >= offset ? Objects::bad(*entry, "entry array is not sorted") : entry;
}

Expected<std::uint64_t> EntryChain::lower_bound(std::uint64_t offset) {
  std::uint64_t low = 0;
  std::uint64_t high = size_;
  // The neighbours of the last result first: reading goes on where it was.
  std::uint64_t probe = hint_;
  for (int tries = 0; low < high; ++tries) {
    probe = tries < 3 ? std::clamp(probe, low, high - 1) : low + (high - low) / 2;
    auto entry = at(probe);
    if (!entry) {
      return entry;
    }
    if (*entry < offset) {
      low = ++probe;
    } else {
      high = probe;
      probe -= probe == 0 ? 0 : 1;
    }
  }
  hint_ = low;
  return low;
}

}  // namespace gatevisor::journal
