#include "os/spool.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>

namespace gatevisor::os {
namespace {

/// Pages are given back in such pieces: a call is dearer than a page.
constexpr std::uint64_t kForgetStep = std::uint64_t{256} << 10;

UniqueFd make_unnamed(const std::string& directory) {
  UniqueFd fd(open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (fd) return fd;
  // Not every file system has those (open(2)).
  const std::string name = directory + "/gatevisor.spool";
  (void)unlink(name.c_str());
  fd.reset(open(name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  const int code = errno;
  if (fd) (void)unlink(name.c_str());
  errno = code;
  return fd;
}

}  // namespace

Expected<Spool> Spool::make(const std::string& directory) {
  UniqueFd fd(memfd_create("gatevisor-spool", MFD_CLOEXEC));
  if (!fd) fd = make_unnamed(directory);
  if (!fd) return fail("open", directory, errno, "there is no place for output on its way");
  return Spool(std::move(fd));
}

Expected<std::optional<std::size_t>> Spool::take(int pipe, std::size_t most) {
  for (;;) {
    // No offset is given: it is the open file's.
    const ssize_t moved = splice(pipe, nullptr, fd(), nullptr, most, SPLICE_F_NONBLOCK);
    if (moved >= 0) return static_cast<std::size_t>(moved);
    if (errno == EAGAIN) return std::nullopt;
    if (errno != EINTR) return fail("splice", "", errno);
  }
}

Expected<std::uint64_t> Spool::end() const {
  const off_t at = lseek(fd(), 0, SEEK_CUR);
  if (at < 0) return fail("lseek", "", errno);
  return static_cast<std::uint64_t>(at);
}

Expected<std::size_t> Spool::read(std::uint64_t offset, std::span<char> bytes) const {
  for (;;) {
    const ssize_t got = pread(fd(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno != EINTR) return fail("read", "", errno);
  }
}

void Spool::forget(std::uint64_t offset) {
  if (offset < forgotten_ + kForgetStep) return;
  (void)fallocate(fd(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(forgotten_),
                  static_cast<off_t>(offset - forgotten_));
  forgotten_ = offset;
}

Expected<OutputPipe> make_output_pipe(int size, std::optional<unsigned> owner) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return fail("pipe", "", errno);
  OutputPipe pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
  // The reading end's open file alone: the other one's writers wait.
  if (fcntl(pipe.read.get(), F_SETFL, O_NONBLOCK) != 0) return fail("fcntl", "", errno);
  (void)fcntl(pipe.write.get(), F_SETPIPE_SZ, size);
  if (owner) (void)fchown(pipe.write.get(), *owner, static_cast<gid_t>(-1));
  return pipe;
}

}  // namespace gatevisor::os
