// A file of data in a directory of ours: random access, no link followed, no surprise on the disk.
//
// Owns its descriptor. Never writes through a mapping: a full disk is an error, not SIGBUS.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "gatevisor/error.h"
#include "os/unique_fd.h"
#include "os/write_batch.h"

namespace gatevisor::os {

/// Opens a directory, and makes it (0750) where its parent is there and it is not.
Expected<UniqueFd> open_data_directory(const std::string& path);

/// Whether files may be made in it (faccessat(2) with the effective ids).
bool may_write(const UniqueFd& directory);

class DataFile {
 public:
  /// A new file, 0640. EEXIST where anything of that name is there, a link included.
  static Expected<DataFile> create(const UniqueFd& directory, const std::string& name);

  /// One that is there, for reading: a regular file with one name (ENXIO, EMLINK), no link (ELOOP).
  static Expected<DataFile> open(const UniqueFd& directory, const std::string& name);
  /// The same for writing, too.
  static Expected<DataFile> open_to_change(const UniqueFd& directory, const std::string& name);

  /// Nobody else has it from now on, as long as this one is open (flock(2)). False: somebody has
  /// it. Where the file system knows no locks, nobody has.
  bool lock() const;

  DataFile(DataFile&& other) noexcept { swap(other); }
  DataFile& operator=(DataFile&& other) noexcept {
    swap(other);
    return *this;
  }
  ~DataFile();

  /// From now on read() needs no system call up to `most` bytes of the file. To be read only: where
  /// the disk is full a write through a mapping would be SIGBUS. So is a read of what somebody else
  /// has cut off.
  Expected<void> map(std::uint64_t most);

  Expected<void> write(std::uint64_t offset, std::span<const std::byte> bytes);
  /// The same where all of it is inside size(): by a thread of its owner's, too.
  Expected<void> write_inside(std::uint64_t offset, std::span<const std::byte> bytes) const;
  /// The last one after all others are there.
  Expected<void> write_inside(std::span<const FileChange> changes, WriteBatch& batch) const;
  /// Short of all of `bytes` is EIO.
  Expected<void> read(std::uint64_t offset, std::span<std::byte> bytes) const;
  /// Room on the disk up to `size`; ENOSPC leaves the file as it was.
  Expected<void> allocate(std::uint64_t size);
  Expected<void> truncate(std::uint64_t size);
  /// fdatasync(2).
  Expected<void> sync();
  std::uint64_t size() const { return size_; }

 private:
  static Expected<DataFile> open(const UniqueFd& directory, const std::string& name, int access);

  DataFile() = default;
  void swap(DataFile& other) noexcept {
    std::swap(fd_, other.fd_);
    std::swap(name_, other.name_);
    std::swap(size_, other.size_);
    std::swap(mapping_, other.mapping_);
  }

  UniqueFd fd_;
  std::string name_;
  std::uint64_t size_ = 0;
  std::span<const std::byte> mapping_;
};

/// Bytes of the disk that a file takes; 0 where it is not there.
std::uint64_t disk_use(const UniqueFd& directory, const std::string& name);

struct DiskRoom {
  std::uint64_t size = 0;  ///< of the whole file system, in bytes
  std::uint64_t free = 0;  ///< for those without privileges
};
/// Zeros where it cannot be told.
DiskRoom disk_room(const UniqueFd& directory);

struct Owner {
  unsigned uid = 0;
  unsigned gid = 0;
};
Expected<Owner> owner_of(const UniqueFd& directory);
/// A directory and the files in it whose names begin with `prefix` become another user's.
Expected<void> give_data(const UniqueFd& directory, std::string_view prefix, Owner to);

/// Never replaces: EEXIST where `to` is there.
Expected<void> rename_data_file(const UniqueFd& directory, const std::string& from,
                                const std::string& to);
Expected<void> remove_data_file(const UniqueFd& directory, const std::string& name);

}  // namespace gatevisor::os
