// A file of others, mapped for reading: fast, and safe when it is cut off under our eyes.
//
// Owns its descriptor and its mapping. A page that the file does not have any more, or that the
// disk cannot give, reads as zeros from then on instead of SIGBUS ending the program.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "gatevisor/error.h"
#include "os/unique_fd.h"

namespace gatevisor::os {

class MappedFile {
 public:
  /// A regular file (ENXIO), which may be a link: it is where the user says.
  static Expected<MappedFile> open(const std::string& path);

  MappedFile() = default;
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  ~MappedFile();

  std::span<const std::byte> bytes() const { return {data_, size_}; }

  struct Identity {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    auto operator<=>(const Identity&) const = default;
  };
  const Identity& identity() const { return identity_; }

  struct State {
    std::uint64_t disk_usage = 0;  ///< bytes on the disk, by blocks
    bool removed = false;          ///< it has no name any more
  };
  Expected<State> state() const;

  /// Maps it anew where it has grown: then, what bytes() gave before is gone.
  Expected<void> refresh();

 private:
  void unmap();

  UniqueFd fd_;
  std::string path_;
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
  Identity identity_;
};

}  // namespace gatevisor::os
