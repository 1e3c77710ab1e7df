#include "journal/staging.h"

#include <algorithm>
#include <cstring>

namespace gatevisor::journal {

Staging::Staging(Storage& storage, std::uint64_t end) : storage_(&storage), base_(end) {}

// ---- reading and changing ---------------------------------------------------------------------

/// How much of it is in front of the tail.
std::size_t Staging::before_tail(std::uint64_t offset, std::size_t size) const {
  return offset < base_ ? static_cast<std::size_t>(std::min<std::uint64_t>(size, base_ - offset))
                        : 0;
}

Expected<void> Staging::read(std::uint64_t offset, std::span<std::byte> bytes) const {
  if (const auto stored = bytes.first(before_tail(offset, bytes.size())); !stored.empty()) {
    if (auto done = storage_->read(offset, stored); !done) {
      return done;
    }
    changes_.overlay(offset, stored);
  }
  lay_over({base_, tail()}, offset, bytes);
  return {};
}

void Staging::patch(std::uint64_t offset, std::span<const std::byte> bytes) {
  const std::size_t before = before_tail(offset, bytes.size());
  changes_.patch(offset, bytes.first(before), [this](std::uint64_t at, std::span<std::byte> gap) {
    if (auto done = storage_->read(at, gap); !done && failed_) {
      failed_ = std::move(done);
    }
  });
  if (const auto rest = bytes.subspan(before); !rest.empty()) {
    std::memcpy(tail_.data() + (offset + before - base_), rest.data(), rest.size());
  }
}

void Staging::fill_in(std::uint64_t offset, std::span<const std::byte> bytes) {
  const std::size_t before = before_tail(offset, bytes.size());
  if (before < ChangeSet::kMuch) {
    return patch(offset, bytes);
  }
  changes_.fill_in(offset, bytes.first(before));
  patch(offset + before, bytes.subspan(before));
}

// ---- new objects ------------------------------------------------------------------------------

/// More of the tail, with anything in it.
std::span<std::byte> Staging::grow(std::size_t size) {
  const std::size_t begin = tail_size_;
  tail_size_ += size;
  if (tail_.size() < tail_size_) {
    tail_.resize(std::max(tail_size_, std::min(2 * tail_.size(), kSpill)));
  }
  return std::span(tail_).subspan(begin, size);
}

Expected<void> Staging::append(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const std::size_t part = std::min(bytes.size(), kSpill);
    std::memcpy(grow(part).data(), bytes.data(), part);
    bytes = bytes.subspan(part);
    if (tail_size_ >= kSpill) {
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
    std::memset(grow(part).data(), 0, part);
    count -= part;
    if (tail_size_ >= kSpill) {
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
  if (tail_size_ + size > kSpill) {
    if (auto done = write_tail(); !done) return std::unexpected(std::move(done.error()));
  }
  const std::span<std::byte> object = grow(size);
  const std::size_t last = std::min<std::size_t>(size, 8);
  std::memset(object.data() + (size - last), 0, last);
  return object;
}

// ---- out --------------------------------------------------------------------------------------

Expected<void> Staging::commit(std::span<const Change> tables, std::span<const std::byte> header) {
  if (auto done = write_tail(); !done) {
    return done;
  }
  if (!failed_) {
    return failed_;
  }
  commit_.assign(tables.begin(), tables.end());
  changes_.collect(commit_);
  commit_.push_back({.offset = 0, .bytes = header});
  auto done = storage_->apply(commit_);
  changes_.clear();
  return done;
}

Expected<void> Staging::write_tail() {
  if (tail_size_ == 0) {
    return {};
  }
  if (auto done = storage_->take(base_, tail_, tail_size_); !done) {
    return done;
  }
  base_ += tail_size_;
  tail_size_ = 0;
  return {};
}

}  // namespace gatevisor::journal
