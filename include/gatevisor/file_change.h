// A range of a file, and what it is to hold: what the journal room asks for and the os room writes.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

namespace gatevisor {

struct FileChange {
  std::uint64_t offset = 0;
  std::span<const std::byte> bytes;
};

/// `bytes` are what the file has at `offset`: makes them what it has with the change.
inline void lay_over(const FileChange& change, std::uint64_t offset, std::span<std::byte> bytes) {
  const std::uint64_t begin = std::max(change.offset, offset);
  const std::uint64_t end = std::min(change.offset + change.bytes.size(), offset + bytes.size());
  if (begin < end) {
    std::ranges::copy(change.bytes.subspan(begin - change.offset, end - begin),
                      bytes.subspan(begin - offset).begin());
  }
}

}  // namespace gatevisor
