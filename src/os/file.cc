#include "os/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <glob.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <memory>

namespace gatevisor::os {
namespace {

constexpr std::size_t kMaxNames = 65536;

}  // namespace

Expected<UniqueFd> open_at(int dir, const char* name, int flags) {
  UniqueFd fd(openat(dir, name, flags | O_CLOEXEC | O_NOFOLLOW));
  if (!fd) return fail("open", name, errno);
  return fd;
}

Expected<std::string> read_again(int fd, std::string_view subject) {
  std::string content;
  char buffer[4096];
  for (;;) {
    const ssize_t got = pread(fd, buffer, sizeof buffer, static_cast<off_t>(content.size()));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail("read", std::string(subject), errno);
    if (got == 0) return content;
    content.append(buffer, static_cast<std::size_t>(got));
    if (content.size() > kMaxFile) return fail("read", std::string(subject), EFBIG);
  }
}

Expected<std::string> read_at(int dir, const char* name) {
  auto fd = open_at(dir, name, O_RDONLY);
  if (!fd) return std::unexpected(std::move(fd.error()));
  return read_again(fd->get(), name);
}

Expected<std::string> read_small_at(int dir, const char* name) {
  auto fd = open_at(dir, name, O_RDONLY);
  if (!fd) return std::unexpected(std::move(fd.error()));
  char buffer[4096];
  const ssize_t got = read(fd->get(), buffer, sizeof buffer);
  if (got < 0) return fail("read", name, errno);
  return std::string(buffer, static_cast<std::size_t>(got));
}

Expected<void> write_at(int dir, const char* name, std::string_view text) {
  auto fd = open_at(dir, name, O_WRONLY);
  if (!fd) return std::unexpected(std::move(fd.error()));
  const ssize_t put = write(fd->get(), text.data(), text.size());
  if (put < 0) return fail("write", name, errno);
  if (static_cast<std::size_t>(put) != text.size()) return fail("write", name, EIO);
  return {};
}

bool exists_at(int dir, const char* name) {
  return faccessat(dir, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

Expected<std::string> read_file(const std::string& path) {
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd) return fail("open", path, errno);
  return read_again(fd.get(), path);
}

Expected<void> replace_file(const std::string& path, std::string_view text) {
  const std::string next = path + ".new";
  const UniqueFd fd(
      open(next.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644));
  if (!fd) return fail("open", next, errno);
  const ssize_t put = write(fd.get(), text.data(), text.size());
  if (put < 0) return fail("write", next, errno);
  if (static_cast<std::size_t>(put) != text.size()) return fail("write", next, EIO);
  if (rename(next.c_str(), path.c_str()) != 0) return fail("rename", path, errno);
  return {};
}

namespace {

Expected<UniqueFd> open_regular(const std::string& path) {
  constexpr int kFlags = O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
  UniqueFd fd(open(path.c_str(), kFlags));
  struct stat info{};
  if (!fd) return fail("open", path, errno);
  if (fstat(fd.get(), &info) != 0) return fail("stat", path, errno);
  if (!S_ISREG(info.st_mode)) return fail("open", path, EINVAL);
  return fd;
}

}  // namespace

Expected<void> may_overwrite(const std::string& path) {
  if (auto fd = open_regular(path); !fd) return std::unexpected(std::move(fd.error()));
  return {};
}

Expected<void> overwrite_file(const std::string& path, std::string_view text) {
  auto fd = open_regular(path);
  if (!fd) return std::unexpected(std::move(fd.error()));
  if (ftruncate(fd->get(), 0) != 0) return fail("truncate", path, errno);
  const ssize_t put = write(fd->get(), text.data(), text.size());
  if (put < 0) return fail("write", path, errno);
  if (static_cast<std::size_t>(put) != text.size()) return fail("write", path, EIO);
  return {};
}

std::vector<std::string> paths_matching(const std::string& pattern) {
  std::vector<std::string> paths;
  glob_t found{};
  if (glob(pattern.c_str(), 0, nullptr, &found) == 0) {
    for (std::size_t i = 0; i < found.gl_pathc && i < kMaxNames; ++i) {
      paths.emplace_back(found.gl_pathv[i]);
    }
  }
  globfree(&found);
  return paths;
}

std::vector<std::string> names_at(int dir, const char* path) {
  std::vector<std::string> names;
  UniqueFd fd(openat(dir, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  struct Close {
    void operator()(DIR* stream) const { closedir(stream); }
  };
  const std::unique_ptr<DIR, Close> stream(fd ? fdopendir(fd.get()) : nullptr);
  if (!stream) return names;
  fd.release();  // closedir(3) closes it
  while (const dirent* entry = readdir(stream.get())) {
    const std::string name = entry->d_name;
    if (name != "." && name != ".." && names.size() < kMaxNames) names.push_back(name);
  }
  std::ranges::sort(names);
  return names;
}

void allow_many_files() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  (void)setrlimit(RLIMIT_NOFILE, &limit);
}

// open(2) takes the lowest number that is free: the one that was just found closed.
void hold_standard_descriptors() {
  for (int fd = 0; fd <= 2; ++fd) {
    if (fcntl(fd, F_GETFD) >= 0 || errno != EBADF) continue;
    [[maybe_unused]] const int held = ::open("/dev/null", O_RDWR);
  }
}

}  // namespace gatevisor::os
