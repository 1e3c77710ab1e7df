// A range of a file, and what it is to hold: what the journal room asks for and the os room writes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace gatevisor {

struct FileChange {
  std::uint64_t offset = 0;
  std::span<const std::byte> bytes;
};

}  // namespace gatevisor
