#include "os/pid_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "os/children.h"
#include "os/unique_fd.h"

namespace gatevisor::os {

Expected<void> write_pid_file(const std::string& path, int pid) {
  const std::string beside = path + ".new";
  // A left-over of a gatevisor that was killed in between; O_EXCL then follows no link.
  unlink(beside.c_str());
  UniqueFd fd(open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644));
  if (!fd) return fail("open", beside, errno);
  const std::string text = std::to_string(pid) + " " + std::to_string(start_ticks(pid)) + "\n";
  const ssize_t put = write(fd.get(), text.data(), text.size());
  if (put != static_cast<ssize_t>(text.size())) {
    const int error = put < 0 ? errno : EIO;
    unlink(beside.c_str());
    return fail("write", beside, error);
  }
  if (rename(beside.c_str(), path.c_str()) != 0) {
    const int error = errno;
    unlink(beside.c_str());
    return fail("rename", path, error);
  }
  return {};
}

Expected<void> remove_pid_file(const std::string& path) {
  if (unlink(path.c_str()) != 0 && errno != ENOENT) return fail("unlink", path, errno);
  return {};
}

}  // namespace gatevisor::os
