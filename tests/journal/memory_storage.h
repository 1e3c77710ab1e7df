// A Storage in memory that can break at any byte.
#pragma once

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>
#include <vector>

#include "journal/storage.h"

namespace gatevisor::journal {

class MemoryStorage final : public Storage {
 public:
  static constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();

  MemoryStorage() = default;
  explicit MemoryStorage(std::vector<std::byte> bytes, bool map = false)
      : is_mapped(map), bytes_(std::move(bytes)) {}

  Expected<void> write(std::uint64_t offset, std::span<const std::byte> bytes) override {
    ++writes;
    if (offset > bytes_.size() || bytes.size() > bytes_.size() - offset) {
      return fail("write", "memory: outside of what was allocated", EFBIG);
    }
    const std::size_t part = static_cast<std::size_t>(std::min<std::uint64_t>(
        bytes.size(), fail_after == kNever ? bytes.size() : fail_after - written));
    if (part != 0) {
      std::memcpy(bytes_.data() + offset, bytes.data(), part);
    }
    written += part;
    if (part < bytes.size()) {
      return fail("write", "memory", EIO);
    }
    return {};
  }

  Expected<void> read(std::uint64_t offset, std::span<std::byte> bytes) override {
    ++reads;
    if (offset > bytes_.size() || bytes.size() > bytes_.size() - offset) {
      return fail("read", "memory: behind the end", EIO);
    }
    if (!bytes.empty()) {
      std::memcpy(bytes.data(), bytes_.data() + offset, bytes.size());
    }
    return {};
  }

  std::uint64_t size() const override { return bytes_.size(); }

  std::span<const std::byte> mapped() const override {
    return is_mapped ? std::span<const std::byte>(bytes_) : std::span<const std::byte>();
  }

  Expected<void> allocate(std::uint64_t size) override {
    if (size > room) {
      return fail("allocate", "memory", ENOSPC);
    }
    bytes_.resize(std::max<std::size_t>(bytes_.size(), size));
    return {};
  }

  std::vector<std::byte>& bytes() { return bytes_; }
  const std::vector<std::byte>& bytes() const { return bytes_; }

  bool is_mapped = false;             ///< read where it stands
  std::uint64_t room = kNever;        ///< allocate() gives no more
  std::uint64_t fail_after = kNever;  ///< a write stops when so many bytes were written in all
  std::uint64_t written = 0;
  std::uint64_t writes = 0;
  std::uint64_t reads = 0;

 private:
  std::vector<std::byte> bytes_;
};

}  // namespace gatevisor::journal
