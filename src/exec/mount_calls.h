// The kernel's calls for mounts, by descriptor: a path is looked up once and cannot change under
// our hands (open_tree(2), move_mount(2), openat2(2)).
#pragma once

#include <string>

namespace gatevisor::exec {

/// O_PATH, links followed within `root` as if it were '/'. -1 and errno.
int open_below(int root, const std::string& path);
/// A copy that is attached nowhere yet, close-on-exec. -1 and errno.
int clone_mount(int directory, const char* path, bool recursive);
/// Attaches it over what `target` is. 0, or -1 and errno.
int attach_mount(int mount, int target);
/// Where what `fd` is stands now, from '/'; empty where /proc cannot tell.
std::string path_of(int fd);
/// Whether a file system begins there.
bool is_mount_root(int fd);

/// Calls `visit(path)` for each mount that `mountinfo`, an open /proc/self/mountinfo, lists, until
/// it says an errno; that, or 0.
template <typename Visit>
int each_mount(int mountinfo, Visit visit);

/// Takes the lines of proc_pid_mountinfo(5) apart, in pieces as they are read.
class MountinfoReader {
 public:
  explicit MountinfoReader(int fd);
  /// False at the end, or with error() set.
  bool next(std::string& path);
  int error() const { return error_; }

 private:
  int fd_;
  int error_ = 0;
  std::string text_;
  std::size_t at_ = 0;
};

template <typename Visit>
int each_mount(int mountinfo, Visit visit) {
  MountinfoReader reader(mountinfo);
  for (std::string path; reader.next(path);) {
    if (const int error = visit(path); error != 0) return error;
  }
  return reader.error();
}

}  // namespace gatevisor::exec
