#include "journal/change_set.h"

#include <algorithm>

namespace gatevisor::journal {

// ---- the blocks that have changed -------------------------------------------------------------

/// Where it is in index_, or where it would go. At most half of it is in use.
std::size_t ChangeSet::slot_of(std::uint64_t number) const {
  const std::size_t mask = index_.size() - 1;
  std::size_t slot = (number * 0x9e37'79b9'7f4a'7c15ULL) >> 32 & mask;
  while (index_[slot] != 0 && blocks_[index_[slot] - 1].number != number) {
    slot = (slot + 1) & mask;
  }
  return slot;
}

const ChangeSet::Block* ChangeSet::find(std::uint64_t number) const {
  const std::uint32_t at = index_[slot_of(number)];
  return at == 0 ? nullptr : &blocks_[at - 1];
}

void ChangeSet::grow_index() {
  index_.assign(index_.size() * 2, 0);
  for (std::size_t i = 0; i < blocks_.size(); ++i) {
    index_[slot_of(blocks_[i].number)] = static_cast<std::uint32_t>(i + 1);
  }
}

ChangeSet::Block& ChangeSet::touch(std::uint64_t number) {
  std::size_t slot = slot_of(number);
  if (index_[slot] != 0) {
    return blocks_[index_[slot] - 1];
  }
  if ((blocks_.size() + 1) * 2 > index_.size()) {
    grow_index();
    slot = slot_of(number);
  }
  Block& block = blocks_.emplace_back();
  index_[slot] = static_cast<std::uint32_t>(blocks_.size());
  block.number = number;
  return block;
}

void ChangeSet::clear() {
  // After many, few are not to pay for the room of many.
  if (index_.size() > kFirstIndex && blocks_.size() * 16 < index_.size()) {
    index_ = std::vector<std::uint32_t>(kFirstIndex);
  } else {
    std::ranges::fill(index_, 0);
  }
  blocks_.clear();
  fills_.clear();
  filled_bytes_.clear();
}

// ---- changing and reading ---------------------------------------------------------------------

void ChangeSet::fill_in(std::uint64_t offset, std::span<const std::byte> bytes) {
  fills_.push_back(
      {.offset = offset, .begin = filled_bytes_.size(), .size = bytes.size(), .filled = true});
  filled_bytes_.insert(filled_bytes_.end(), bytes.begin(), bytes.end());
}

void ChangeSet::overlay(std::uint64_t offset, std::span<std::byte> bytes) const {
  if (bytes.empty()) return;
  if (!blocks_.empty()) {
    for (std::uint64_t n = offset / kBlock; n <= (offset + bytes.size() - 1) / kBlock; ++n) {
      if (const Block* const block = find(n)) {
        const auto changed =
            std::span(block->bytes).subspan(block->begin, block->end - block->begin);
        lay_over({n * kBlock + block->begin, changed}, offset, bytes);
      }
    }
  }
  for (const Range& fill : fills_) {
    lay_over({fill.offset, std::span(filled_bytes_).subspan(fill.begin, fill.size)}, offset, bytes);
  }
}

// ---- out --------------------------------------------------------------------------------------

void ChangeSet::collect(std::vector<Change>& changes) {
  order_.resize(blocks_.size());
  for (std::size_t i = 0; i < order_.size(); ++i) {
    order_[i] = static_cast<std::uint32_t>(i);
  }
  std::ranges::sort(order_, {}, [this](std::uint32_t i) { return blocks_[i].number; });
  std::ranges::sort(fills_, {}, &Range::offset);
  changed_.clear();
  ranges_.clear();
  auto fill = fills_.begin();
  for (const std::uint32_t i : order_) {
    const Block& block = blocks_[i];
    for (; fill != fills_.end() && fill->offset < block.number * kBlock + block.begin; ++fill) {
      ranges_.push_back(*fill);
    }
    add(block);
  }
  ranges_.insert(ranges_.end(), fill, fills_.end());
  for (const Range& range : ranges_) {
    const auto& from = range.filled ? filled_bytes_ : changed_;
    changes.push_back(
        {.offset = range.offset, .bytes = std::span(from).subspan(range.begin, range.size)});
  }
}

/// Blocks that touch each other go out as one.
void ChangeSet::add(const Block& block) {
  const std::uint64_t offset = block.number * kBlock + block.begin;
  const auto bytes = std::span(block.bytes).subspan(block.begin, block.end - block.begin);
  const bool more = !ranges_.empty() && !ranges_.back().filled &&
                    ranges_.back().offset + ranges_.back().size == offset;
  if (more) {
    ranges_.back().size += bytes.size();
  } else {
    ranges_.push_back({offset, changed_.size(), bytes.size(), false});
  }
  changed_.insert(changed_.end(), bytes.begin(), bytes.end());
}

}  // namespace gatevisor::journal
