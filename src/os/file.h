// Small files of the kernel, and of people: read and written whole.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gatevisor/error.h"
#include "os/unique_fd.h"

namespace gatevisor::os {

/// What no file read here exceeds: /proc/self/mountinfo of a busy host is some 100 KB.
inline constexpr std::size_t kMaxFile = std::size_t{4} << 20;

/// openat(2) with O_CLOEXEC | O_NOFOLLOW (kernel files are no links).
Expected<UniqueFd> open_at(int dir, const char* name, int flags);

/// The whole content, at most kMaxFile bytes (EFBIG). `dir` may be AT_FDCWD.
Expected<std::string> read_at(int dir, const char* name);

/// One write(2) of `text` to an existing file. Short writes are EIO.
Expected<void> write_at(int dir, const char* name, std::string_view text);

/// From the start of an open file, for descriptors that are read again and again.
Expected<std::string> read_again(int fd, std::string_view subject);

/// A file of cgroup v2 that fits in one page, in one read(2).
Expected<std::string> read_small_at(int dir, const char* name);

bool exists_at(int dir, const char* name);

/// The whole of a file that people write. Follows links, and never waits for a FIFO's writer.
Expected<std::string> read_file(const std::string& path);

/// Makes or replaces a file in one step, 0644.
Expected<void> replace_file(const std::string& path, std::string_view text);

/// New content for a regular file that is there and must stay the same file (a bind mount). Not
/// through a symbolic link, and never waits for a FIFO's reader.
Expected<void> overwrite_file(const std::string& path, std::string_view text);
/// Whether that could be done; ENOENT, EACCES, ELOOP, or EINVAL for what is no regular file.
Expected<void> may_overwrite(const std::string& path);

/// The paths that a pattern of glob(7) matches, sorted; none where it matches nothing.
std::vector<std::string> paths_matching(const std::string& pattern);

/// RLIMIT_NOFILE up to what the kernel allows this process, for one that opens files by the hundred.
void allow_many_files();

/// The names in a directory, '.' and '..' left out, sorted, at most 65536. Empty where it cannot be
/// read. `dir` may be AT_FDCWD.
std::vector<std::string> names_at(int dir, const char* path);

/// /dev/null for each of 0, 1 and 2 that gatevisor was started without: else a descriptor of its
/// own would take the number, and records or the gateway's output go where they must not.
void hold_standard_descriptors();

}  // namespace gatevisor::os
