#include "journal/hash_table.h"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <utility>

namespace gatevisor::journal {

Expected<HashTable> HashTable::make(std::uint64_t offset, std::uint64_t buckets) {
  HashTable table;
  table.offset_ = offset;
  table.buckets_ = buckets;
  table.items_.reset(static_cast<HashItem*>(std::calloc(buckets, sizeof(HashItem))));
  if (!table.items_) return fail("create", "journal file's hash table", ENOMEM);
  table.lengths_.resize(buckets);
  table.seen_.resize(std::bit_ceil(buckets / kBucketsPerWord + 1));
  table.dirty_.resize((buckets + kPieceItems - 1) / kPieceItems);
  return table;
}

HashTable::Place HashTable::place_of(std::uint64_t hash) const {
  const Place place{hash, hash % buckets_};
  __builtin_prefetch(&seen_[word_of(hash)], 1);
  __builtin_prefetch(&items_[place.bucket], 1);
  __builtin_prefetch(&lengths_[place.bucket], 1);
  return place;
}

std::uint64_t HashTable::head_of(const Place& place) const {
  const std::uint64_t bits = bits_of(place.hash);
  return (seen_[word_of(place.hash)] & bits) == bits ? items_[place.bucket].head : 0;
}

std::uint64_t HashTable::add(const Place& place, std::uint64_t object) {
  const std::size_t piece = place.bucket / kPieceItems;
  if (!dirty_[piece]) {
    dirty_[piece] = true;
    ++dirty_count_;
  }
  HashItem& item = items_[place.bucket];
  seen_[word_of(place.hash)] |= bits_of(place.hash);
  if (item.head == 0) item.head = object;
  std::uint8_t& length = lengths_[place.bucket];
  if (length > 0) depth_ = std::max<std::uint64_t>(depth_, length - 1u);
  if (length < UINT8_MAX) ++length;
  return std::exchange(item.tail, object);
}

void HashTable::collect(std::vector<Change>& changes) const {
  const auto all = std::as_bytes(std::span(items_.get(), buckets_));
  const auto next_dirty = [&](std::size_t piece) {
    while (piece < dirty_.size() && !dirty_[piece]) ++piece;
    return piece;
  };
  const std::size_t gap = bytes() <= kFilled ? kGap : 0;
  std::size_t left = dirty_count_;
  for (std::size_t begin = next_dirty(0); left != 0;) {
    std::size_t last = begin;
    std::size_t next = begin;
    for (--left; left != 0; --left) {
      next = next_dirty(last + 1);
      if (next - last > gap + 1) break;
      last = next;
    }
    const std::size_t from = begin * kPiece;
    const std::size_t to = std::min((last + 1) * kPiece, all.size());
    changes.push_back({.offset = offset_ + from, .bytes = all.subspan(from, to - from)});
    begin = next;
  }
}

void HashTable::clean() {
  if (dirty_count_ == 0) return;
  std::fill(dirty_.begin(), dirty_.end(), false);
  dirty_count_ = 0;
}

}  // namespace gatevisor::journal
