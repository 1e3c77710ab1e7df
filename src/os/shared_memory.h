// Memory that a process and those that it makes by fork(2) have in common.
#pragma once

#include <cstddef>
#include <span>
#include <utility>

#include "gatevisor/error.h"

namespace gatevisor::os {

/// Zero at first; a page takes memory once it is written to. Stays as long as any of them lives.
class SharedMemory {
 public:
  SharedMemory() = default;
  static Expected<SharedMemory> make(std::size_t size);
  SharedMemory(SharedMemory&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}
  SharedMemory& operator=(SharedMemory&& other) noexcept {
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~SharedMemory();

  std::span<std::byte> bytes() const { return bytes_; }

 private:
  std::span<std::byte> bytes_;
};

}  // namespace gatevisor::os
