#include "os/data_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "os/file.h"

namespace gatevisor::os {
Expected<UniqueFd> open_data_directory(const std::string& path) {
  if (mkdir(path.c_str(), 0750) != 0 && errno != EEXIST) return fail("mkdir", path, errno);
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return fail("open", path, errno);
  return fd;
}

bool may_write(const UniqueFd& directory) {
  return faccessat(directory.get(), ".", W_OK | X_OK, AT_EACCESS) == 0;
}

Expected<DataFile> DataFile::create(const UniqueFd& directory, const std::string& name) {
  DataFile file;
  file.name_ = name;
  file.fd_.reset(openat(directory.get(), name.c_str(),
                        O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0640));
  if (!file.fd_) return fail("open", name, errno);
  return file;
}

Expected<DataFile> DataFile::open(const UniqueFd& directory, const std::string& name) {
  return open(directory, name, O_RDONLY);
}

Expected<DataFile> DataFile::open_to_change(const UniqueFd& directory, const std::string& name) {
  return open(directory, name, O_RDWR);
}

Expected<DataFile> DataFile::open(const UniqueFd& directory, const std::string& name, int access) {
  DataFile file;
  file.name_ = name;
  file.fd_.reset(
      openat(directory.get(), name.c_str(), access | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  struct stat info{};
  if (!file.fd_ || fstat(file.fd_.get(), &info) != 0) return fail("open", name, errno);
  if (!S_ISREG(info.st_mode)) return fail("open", name, ENXIO);
  if (info.st_nlink != 1) return fail("open", name, EMLINK);
  file.size_ = static_cast<std::uint64_t>(info.st_size);
  return file;
}

DataFile::~DataFile() {
  if (!mapping_.empty()) {
    munmap(const_cast<std::byte*>(mapping_.data()), mapping_.size());
  }
}

Expected<void> DataFile::map(std::uint64_t most) {
  void* at = mmap(nullptr, most, PROT_READ, MAP_SHARED, fd_.get(), 0);
  if (at == MAP_FAILED) return fail("mmap", name_, errno);
  // What is read ahead would be pages of zeros that are about to be written to.
  (void)madvise(at, most, MADV_RANDOM);
  mapping_ = {static_cast<const std::byte*>(at), static_cast<std::size_t>(most)};
  return {};
}

bool DataFile::lock() const {
  return flock(fd_.get(), LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK;
}

Expected<void> DataFile::write(std::uint64_t offset, std::span<const std::byte> bytes) {
  auto done = write_inside(offset, bytes);
  if (done) size_ = std::max(size_, offset + bytes.size());
  return done;
}

Expected<void> DataFile::write_inside(std::uint64_t offset,
                                      std::span<const std::byte> bytes) const {
  while (!bytes.empty()) {
    const ssize_t put = pwrite(fd_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return fail("write", name_, put < 0 ? errno : EIO);
    offset += static_cast<std::uint64_t>(put);
    bytes = bytes.subspan(static_cast<std::size_t>(put));
  }
  return {};
}

Expected<void> DataFile::write_inside(std::span<const FileChange> changes,
                                      WriteBatch& batch) const {
  // For a few it would be more calls, not fewer; a large one is done with in its own.
  constexpr std::size_t kFew = 8;
  constexpr std::size_t kSmall = 4096;
  while (!changes.empty()) {
    const auto next = changes.first(std::min(changes.size() - 1, WriteBatch::kMost));
    const auto large = std::ranges::find_if(
        next, [](const FileChange& change) { return change.bytes.size() > kSmall; });
    const auto together = static_cast<std::size_t>(large - next.begin());
    std::size_t done = together < kFew ? 0 : batch.write(fd_.get(), next.first(together));
    if (done == 0) {
      if (auto put = write_inside(changes.front().offset, changes.front().bytes); !put) return put;
      done = 1;
    }
    changes = changes.subspan(done);
  }
  return {};
}

Expected<void> DataFile::read(std::uint64_t offset, std::span<std::byte> bytes) const {
  if (const std::uint64_t end = offset + bytes.size();
      end <= std::min<std::uint64_t>(size_, mapping_.size())) {
    std::ranges::copy(mapping_.subspan(offset, bytes.size()), bytes.begin());
    return {};
  }
  while (!bytes.empty()) {
    const ssize_t got = pread(fd_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return fail("read", name_, got < 0 ? errno : EIO);
    offset += static_cast<std::uint64_t>(got);
    bytes = bytes.subspan(static_cast<std::size_t>(got));
  }
  return {};
}

Expected<void> DataFile::allocate(std::uint64_t size) {
  if (size <= size_) return {};
  // Its own return value is the error (posix_fallocate(3)).
  const int error = posix_fallocate(fd_.get(), 0, static_cast<off_t>(size));
  if (error != 0) return fail("fallocate", name_, error);
  size_ = size;
  return {};
}

Expected<void> DataFile::truncate(std::uint64_t size) {
  if (ftruncate(fd_.get(), static_cast<off_t>(size)) != 0) return fail("truncate", name_, errno);
  size_ = size;
  return {};
}

Expected<void> DataFile::sync() {
  if (fdatasync(fd_.get()) != 0) return fail("fdatasync", name_, errno);
  return {};
}

Expected<Owner> owner_of(const UniqueFd& directory) {
  struct stat info{};
  if (fstat(directory.get(), &info) != 0) return fail("stat", "", errno);
  return Owner{info.st_uid, info.st_gid};
}

Expected<void> give_data(const UniqueFd& directory, std::string_view prefix, Owner to) {
  for (const std::string& name : names_at(directory.get(), ".")) {
    if (!name.starts_with(prefix)) continue;
    // Not what a link leads to, and one that is removed meanwhile is nobody's.
    if (fchownat(directory.get(), name.c_str(), to.uid, to.gid, AT_SYMLINK_NOFOLLOW) != 0 &&
        errno != ENOENT) {
      return fail("chown", name, errno);
    }
  }
  if (fchown(directory.get(), to.uid, to.gid) != 0) return fail("chown", "", errno);
  return {};
}

std::uint64_t disk_use(const UniqueFd& directory, const std::string& name) {
  struct stat info{};
  if (fstatat(directory.get(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) return 0;
  return static_cast<std::uint64_t>(info.st_blocks) * 512;  // stat(2)
}

DiskRoom disk_room(const UniqueFd& directory) {
  struct statvfs info{};
  if (fstatvfs(directory.get(), &info) != 0) return {};
  return {std::uint64_t{info.f_blocks} * info.f_frsize,
          std::uint64_t{info.f_bavail} * info.f_frsize};
}

Expected<void> rename_data_file(const UniqueFd& directory, const std::string& from,
                                const std::string& to) {
  if (renameat2(directory.get(), from.c_str(), directory.get(), to.c_str(), RENAME_NOREPLACE) !=
      0) {
    return fail("rename", from, errno);
  }
  return {};
}

Expected<void> remove_data_file(const UniqueFd& directory, const std::string& name) {
  if (unlinkat(directory.get(), name.c_str(), 0) != 0) return fail("unlink", name, errno);
  return {};
}

}  // namespace gatevisor::os
