#include "journal/staging.h"

#include <algorithm>

namespace gatevisor::journal {
namespace {

/// Copies what both ranges have: `from` begins at file offset `from_offset`, `to` at `to_offset`.
void overlay(std::uint64_t from_offset, std::span<const std::byte> from, std::uint64_t to_offset,
             std::span<std::byte> to) {
  const std::uint64_t begin = std::max(from_offset, to_offset);
  const std::uint64_t end = std::min(from_offset + from.size(), to_offset + to.size());
  if (begin < end) {
    std::memcpy(to.data() + (begin - to_offset), from.data() + (begin - from_offset), end - begin);
  }
}

constexpr std::size_t kFirstIndex = 256;

Expected<void> read_storage(Storage& storage, std::uint64_t offset, std::span<std::byte> bytes) {
  const std::span<const std::byte> mapped = storage.mapped();
  if (offset + bytes.size() <= mapped.size()) {
    std::memcpy(bytes.data(), mapped.data() + offset, bytes.size());
    return {};
  }
  return storage.read(offset, bytes);
}

}  // namespace

Staging::Staging(Storage& storage, std::uint64_t end)
    : storage_(&storage), base_(end), index_(kFirstIndex) {}

// ---- the blocks that have changed -------------------------------------------------------------

/// Where it is in index_, or where it would go. At most half of it is in use.
std::size_t Staging::slot_of(std::uint64_t number) const {
  const std::size_t mask = index_.size() - 1;
  std::size_t slot = (number * 0x9e37'79b9'7f4a'7c15ULL) >> 32 & mask;
  while (index_[slot] != 0 && blocks_[index_[slot] - 1].number != number) {
    slot = (slot + 1) & mask;
  }
  return slot;
}

Staging::Block* Staging::find(std::uint64_t number) const {
  const std::uint32_t at = index_[slot_of(number)];
  return at == 0 ? nullptr : &blocks_[at - 1];
}

void Staging::grow_index() {
  index_.assign(index_.size() * 2, 0);
  for (std::size_t i = 0; i < blocks_.size(); ++i) {
    index_[slot_of(blocks_[i].number)] = static_cast<std::uint32_t>(i + 1);
  }
}

Staging::Block& Staging::touch(std::uint64_t number) {
  if (Block* const there = find(number)) {
    return *there;
  }
  if ((blocks_.size() + 1) * 2 > index_.size()) {
    grow_index();
  }
  const std::size_t slot = slot_of(number);
  Block& block = blocks_.emplace_back();
  index_[slot] = static_cast<std::uint32_t>(blocks_.size());
  block.number = number;
  return block;
}

void Staging::clear_blocks() {
  // After many, few are not to pay for the room of many.
  if (index_.size() > kFirstIndex && blocks_.size() * 16 < index_.size()) {
    index_ = std::vector<std::uint32_t>(kFirstIndex);
  } else {
    std::ranges::fill(index_, 0);
  }
  blocks_.clear();
}

// ---- reading and changing ---------------------------------------------------------------------

Expected<void> Staging::read(std::uint64_t offset, std::span<std::byte> bytes) const {
  if (bytes.empty()) {
    return {};
  }
  if (offset < base_) {
    const std::uint64_t stored = std::min<std::uint64_t>(bytes.size(), base_ - offset);
    if (auto done = read_storage(*storage_, offset, bytes.first(stored)); !done) {
      return done;
    }
    if (!blocks_.empty()) {
      for (std::uint64_t n = offset / kBlock; n <= (offset + stored - 1) / kBlock; ++n) {
        if (const Block* const block = find(n)) {
          const auto changed =
              std::span(block->bytes).subspan(block->begin, block->end - block->begin);
          overlay(n * kBlock + block->begin, changed, offset, bytes);
        }
      }
    }
  }
  overlay(base_, tail_, offset, bytes);
  return {};
}

Expected<void> Staging::append(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const std::size_t part = std::min(bytes.size(), kSpill);
    tail_.insert(tail_.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(part));
    bytes = bytes.subspan(part);
    if (tail_.size() >= kSpill) {
      if (auto done = write_tail(); !done) {
        return done;
      }
    }
  }
  return {};
}

Expected<void> Staging::append_zeros(std::uint64_t count) {
  while (count != 0) {
    const std::size_t part = static_cast<std::size_t>(std::min<std::uint64_t>(count, kSpill));
    tail_.resize(tail_.size() + part);
    count -= part;
    if (tail_.size() >= kSpill) {
      if (auto done = write_tail(); !done) {
        return done;
      }
    }
  }
  return {};
}

Expected<void> Staging::append_untouched(std::uint64_t count) {
  auto done = write_tail();
  if (done) base_ += count;
  return done;
}

Expected<std::span<std::byte>> Staging::append_object(std::size_t size) {
  if (tail_.size() + size > kSpill) {
    if (auto done = write_tail(); !done) return std::unexpected(std::move(done.error()));
  }
  const std::size_t begin = tail_.size();
  tail_.resize(begin + size);
  return std::span(tail_).subspan(begin);
}

void Staging::patch(std::uint64_t offset, std::span<const std::byte> bytes) {
  while (!bytes.empty() && offset < base_) {
    const std::size_t in_block = std::min<std::size_t>(bytes.size(), kBlock - offset % kBlock);
    const auto part = static_cast<std::size_t>(std::min<std::uint64_t>(in_block, base_ - offset));
    patch_block(offset, bytes.first(part));
    offset += part;
    bytes = bytes.subspan(part);
  }
  if (!bytes.empty()) {
    std::memcpy(tail_.data() + (offset - base_), bytes.data(), bytes.size());
  }
}

void Staging::patch_block(std::uint64_t offset, std::span<const std::byte> bytes) {
  Block& block = touch(offset / kBlock);
  const auto at = static_cast<std::uint8_t>(offset % kBlock);
  const auto end = static_cast<std::uint8_t>(at + bytes.size());
  // What is between two changes is read: a block is one range.
  if (block.begin == block.end) {
    block.begin = block.end = at;
  } else if (at > block.end) {
    fill(block, block.end, at);
  } else if (end < block.begin) {
    fill(block, end, block.begin);
  }
  std::memcpy(block.bytes.data() + at, bytes.data(), bytes.size());
  block.begin = std::min(block.begin, at);
  block.end = std::max(block.end, end);
}

void Staging::fill(Block& block, std::size_t begin, std::size_t end) {
  if (auto done = read_storage(*storage_, block.number * kBlock + begin,
                               std::span(block.bytes).subspan(begin, end - begin));
      !done && failed_) {
    failed_ = std::move(done);
  }
}

// ---- out --------------------------------------------------------------------------------------

Expected<void> Staging::commit(std::span<const Change> changes,
                               std::span<const std::byte> header) {
  if (auto done = write_tail(); !done) {
    return done;
  }
  if (!failed_) {
    return failed_;
  }
  if (auto done = collect(); !done) {
    return done;
  }
  changes_.clear();
  for (const Range& range : ranges_) {
    changes_.push_back(
        {.offset = range.offset, .bytes = std::span(changed_).subspan(range.begin, range.size)});
  }
  changes_.insert(changes_.end(), changes.begin(), changes.end());
  changes_.push_back({.offset = 0, .bytes = header});
  auto done = storage_->apply(changes_);
  clear_blocks();
  return done;
}

Expected<void> Staging::write_tail() {
  if (tail_.empty()) {
    return {};
  }
  if (auto done = storage_->write(base_, tail_); !done) {
    return done;
  }
  base_ += tail_.size();
  tail_.clear();
  if (tail_.capacity() > 4 * kSpill) {
    tail_.shrink_to_fit();
  }
  return {};
}

/// What has changed, in the order of the file.
Expected<void> Staging::collect() {
  order_.resize(blocks_.size());
  for (std::size_t i = 0; i < order_.size(); ++i) {
    order_[i] = static_cast<std::uint32_t>(i);
  }
  std::ranges::sort(order_, {}, [this](std::uint32_t i) { return blocks_[i].number; });
  changed_.clear();
  ranges_.clear();
  const bool mapped = !storage_->mapped().empty();
  for (const std::uint32_t i : order_) {
    const Block& block = blocks_[i];
    const std::uint64_t offset = block.number * kBlock + block.begin;
    const auto bytes = std::span(block.bytes).subspan(block.begin, block.end - block.begin);
    const std::uint64_t last = ranges_.empty() ? 0 : ranges_.back().offset + ranges_.back().size;
    const std::uint64_t gap = offset - last;
    const bool fill = mapped && changed_.size() < kMostFilled;
    if (ranges_.empty() || gap > (fill ? kGap : 0)) {
      ranges_.push_back({offset, changed_.size(), bytes.size()});
    } else {
      const std::size_t at = changed_.size();
      changed_.resize(at + gap);
      if (auto done = read_storage(*storage_, last, std::span(changed_).subspan(at)); !done) {
        return done;
      }
      ranges_.back().size += gap + bytes.size();
    }
    changed_.insert(changed_.end(), bytes.begin(), bytes.end());
  }
  return {};
}

}  // namespace gatevisor::journal
