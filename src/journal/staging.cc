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

}  // namespace

Expected<void> Staging::read(std::uint64_t offset, std::span<std::byte> bytes) const {
  if (bytes.empty()) {
    return {};
  }
  if (offset < base_) {
    const std::uint64_t stored = std::min<std::uint64_t>(bytes.size(), base_ - offset);
    if (auto done = storage_->read(offset, bytes.first(stored)); !done) {
      return done;
    }
    auto it = patches_.lower_bound(offset < kPatchMax ? 0 : offset - kPatchMax);
    for (; it != patches_.end() && it->first < offset + bytes.size(); ++it) {
      overlay(it->first, std::span(it->second.bytes).first(it->second.size), offset, bytes);
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

void Staging::patch(std::uint64_t offset, std::span<const std::byte> bytes) {
  if (offset >= base_) {
    std::memcpy(tail_.data() + (offset - base_), bytes.data(), bytes.size());
    return;
  }
  Patch& patch = patches_[offset];
  patch.size = static_cast<std::uint8_t>(bytes.size());
  std::memcpy(patch.bytes.data(), bytes.data(), bytes.size());
}

Expected<void> Staging::commit(std::span<const std::byte> header) {
  if (auto done = write_tail(); !done) {
    return done;
  }
  collect_patches();
  changes_.push_back({.offset = 0, .bytes = header});
  auto done = storage_->apply(changes_);
  patches_.clear();
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

void Staging::collect_patches() {
  patched_.clear();
  patched_.reserve(patches_.size() * kPatchMax);  // the spans below stay good
  changes_.clear();
  for (const auto& [offset, patch] : patches_) {
    const std::size_t begin = patched_.size();
    patched_.insert(patched_.end(), patch.bytes.begin(), patch.bytes.begin() + patch.size);
    // What lies side by side goes out as one.
    if (!changes_.empty() && changes_.back().offset + changes_.back().bytes.size() == offset) {
      const std::span<const std::byte> last = changes_.back().bytes;
      changes_.back().bytes = {last.data(), last.size() + patch.size};
      continue;
    }
    changes_.push_back({.offset = offset, .bytes = std::span(patched_).subspan(begin)});
  }
}

}  // namespace gatevisor::journal
