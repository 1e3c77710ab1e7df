// The order: the way out is cut; what is mounted where is looked up, and copies of all sources are
// taken, while nothing has been covered yet; then the mounts, parents first; then what is marked
// read-only or not executable; then the new root.

#include "exec/mounts.h"

#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "exec/child_result.h"
#include "exec/mount_calls.h"
#include "exec/mount_sources.h"

namespace gatevisor::exec {
namespace {

/// 0, or the errno of a call that gave -1.
int result(long returned) { return returned < 0 ? errno : 0; }

int cut_way_out() { return result(mount(nullptr, "/", nullptr, MS_SLAVE | MS_REC, nullptr)); }

/// One entry of the plan, with what was prepared for it.
struct Step {
  MountEntry entry;
  int source = -1;  ///< what is attached, attached nowhere yet
  bool skipped = false;
};

class Builder {
 public:
  explicit Builder(const MountPlan& plan) : plan_(plan) {}

  int build() {
    mountinfo_ = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
    if (mountinfo_ < 0) return errno;
    if (const int error = open_root(); error != 0) return error;
    find_places();
    if (const int error = take_sources(); error != 0) return error;
    for (Step& step : steps_) {
      if (const int error = step.skipped ? 0 : perform(step); error != 0) return error;
    }
    if (const int error = mark_all(); error != 0) return error;
    if (const int error = change_root(); error != 0) return error;
    return result(mount(nullptr, "/", nullptr, plan_.propagation, nullptr));
  }

 private:
  /// RootDirectory= becomes a mount of its own, so that it can become '/'.
  int open_root() {
    root_ = open(plan_.root.empty() ? "/" : plan_.root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (root_ < 0) return errno;
    if (plan_.root.empty()) return 0;
    root_path_ = path_of(root_);
    if (root_path_.empty()) return ENOENT;
    // Reached through a link, it may be '/' itself.
    if (root_path_ == "/") {
      root_path_.clear();
      return 0;
    }
    const int copy = clone_mount(root_, "", true);
    if (copy < 0 || attach_mount(copy, root_) != 0) return errno;
    root_ = open(root_path_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
    return result(root_);
  }

  /// `path` of an entry as it is below the root.
  std::string below_root(const std::string& path, const std::string& root) const {
    if (root.empty()) return path;
    return path.size() == root.size() ? "/" : path.substr(root.size());
  }

  std::string joined(const std::string& path) const {
    if (root_path_.empty()) return path;
    return path == "/" ? root_path_ : root_path_ + path;
  }

  /// The same without links, as far as it is there.
  std::string resolved(const std::string& path) const {
    std::string head = path;
    std::string tail;
    for (;;) {
      const int fd = open_below(root_, head);
      if (fd >= 0) {
        std::string real = path_of(fd);
        close(fd);
        if (real.empty()) return joined(path);
        return tail.empty() ? real : (real == "/" ? "" : real) + tail;
      }
      const std::size_t slash = head.rfind('/');
      if (errno != ENOENT || slash == 0 || slash == std::string::npos) return joined(path);
      tail.insert(0, head, slash);
      head.erase(slash);
    }
  }

  void find_places() {
    std::vector<MountEntry> entries = plan_.entries;
    for (MountEntry& entry : entries) {
      entry.path = resolved(below_root(entry.path, plan_.root));
    }
    // Two names of one place are one entry now.
    normalise(entries);
    for (MountEntry& entry : entries) steps_.push_back({std::move(entry)});
  }

  int take_sources() {
    if (const int error = take_hidden(); error != 0) return error;
    for (Step& step : steps_) {
      const MountEntry& entry = step.entry;
      if (entry.kind == MountKind::PrivateDevices) {
        if (const int error = devices_.take(); error != 0) return error;
      }
      if (entry.kind == MountKind::Proc) {
        if (const int error = masks_.take(mountinfo_); error != 0) return error;
      }
      if (entry.source.empty()) continue;
      step.source = clone_mount(AT_FDCWD, entry.source.c_str(), entry.recursive);
      if (step.source >= 0) continue;
      if (errno != ENOENT || !entry.optional) return errno;
      step.skipped = true;
    }
    return 0;
  }

  int take_hidden() {
    std::vector<Hidden> wanted;
    for (const Step& step : steps_) {
      if (step.entry.kind != MountKind::Inaccessible) continue;
      struct stat info{};
      if (lstat(step.entry.path.c_str(), &info) != 0) info.st_mode = S_IFDIR;
      wanted.push_back({info.st_mode});
    }
    if (wanted.empty()) return 0;
    const int error = make_hidden(wanted);
    auto next = wanted.begin();
    for (Step& step : steps_) {
      if (step.entry.kind == MountKind::Inaccessible) step.source = next++->source;
    }
    return error;
  }

  int perform(Step& step) {
    MountEntry& entry = step.entry;
    int target = open_below(root_, below_root(entry.path, root_path_));
    if (target < 0 && errno == ENOENT) {
      // Of a bind the source may be missing, not the place: that is made.
      if (entry.optional && entry.kind != MountKind::Bind) {
        step.skipped = true;
        return 0;
      }
      if (entry.marks_only() || entry.kind == MountKind::Inaccessible) return ENOENT;
      target = make_place(step);
    }
    if (target < 0) return errno;
    // What was mounted above it may have brought links along.
    if (std::string real = path_of(target); !real.empty()) entry.path = std::move(real);
    const int error = mount_there(step, target);
    close(target);
    return error;
  }

  int mount_there(const Step& step, int target) {
    const MountEntry& entry = step.entry;
    const char* path = entry.path.c_str();
    switch (entry.kind) {
      case MountKind::ReadOnly:
      case MountKind::ReadWrite:
      case MountKind::NoExec:
      case MountKind::Exec:
      case MountKind::Untouched: {
        if (is_mount_root(target)) return 0;
        const int copy = clone_mount(target, "", true);
        return copy < 0 ? errno : result(attach_mount(copy, target));
      }
      case MountKind::ApiDevices:
      case MountKind::ApiSystem:
        return is_mount_root(target) ? 0 : result(attach_mount(step.source, target));
      case MountKind::Inaccessible:
      case MountKind::Bind: return result(attach_mount(step.source, target));
      case MountKind::PrivateTmp:
        if (step.source >= 0) return result(attach_mount(step.source, target));
        [[fallthrough]];
      case MountKind::Temporary:
        return result(mount("tmpfs", path, "tmpfs", entry.flags, entry.data.c_str()));
      case MountKind::ApiRun:
        if (is_mount_root(target)) return 0;
        return result(mount("tmpfs", path, "tmpfs", entry.flags, entry.data.c_str()));
      case MountKind::MessageQueues:
        return result(mount("mqueue", path, "mqueue", entry.flags, nullptr));
      case MountKind::Proc:
        if (entry.data.empty() && is_mount_root(target)) return 0;
        if (mount("proc", path, "proc", entry.flags, entry.data.c_str()) != 0) return errno;
        return masks_.put(path);
      case MountKind::PrivateDevices: return devices_.mount_at(path);
    }
    return EINVAL;
  }

  /// Directories down to the entry's path, and a file at its end where a file is attached.
  int make_place(const Step& step) {
    struct stat info{};
    const bool file = step.source >= 0 && fstat(step.source, &info) == 0 && !S_ISDIR(info.st_mode);
    const std::string path = below_root(step.entry.path, root_path_);
    int above = open_below(root_, "/");
    for (std::size_t start = 1; above >= 0 && start < path.size();) {
      const std::size_t end = std::min(path.find('/', start), path.size());
      const std::string name = path.substr(start, end - start);
      const std::string here = path.substr(0, end);
      start = end + 1;
      int next = open_below(root_, here);
      if (next < 0 && errno == ENOENT) {
        const int made = file && end == path.size()
                             ? mknodat(above, name.c_str(), S_IFREG | 0644, 0)
                             : mkdirat(above, name.c_str(), 0755);
        if (made != 0) return -1;
        next = open_below(root_, here);
      }
      close(above);
      above = next;
    }
    return above;
  }

  /// Every mount by the nearest entry above it. Never writable again: what the container engine
  /// made read-only stays so.
  int mark_all() {
    return each_mount(mountinfo_, [this](const std::string& path) {
      const MountEntry* nearest = nullptr;
      for (const Step& step : steps_) {
        if (step.skipped || !is_at_or_below(path, step.entry.path)) continue;
        if (nearest == nullptr || step.entry.path.size() >= nearest->path.size()) {
          nearest = &step.entry;
        }
      }
      if (nearest == nullptr) return 0;
      const bool itself = nearest->path == path;
      if (!itself && nearest->itself_alone()) return 0;
      const int error = mark(path, *nearest);
      // One that another covers cannot be reached, by nobody.
      const bool covered = error == ENOENT || error == ENOTDIR || error == EINVAL;
      return covered && !itself ? 0 : error;
    });
  }

  static int mark(const std::string& path, const MountEntry& entry) {
    struct statfs info{};
    if (statfs(path.c_str(), &info) != 0) return errno;
    // The flags that are not named go away, but for those of access times (mount(2)).
    constexpr unsigned long kSame = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC;
    constexpr unsigned long kNoSymfollow = 256;    // MS_NOSYMFOLLOW
    constexpr long kNoSymfollowInStatfs = 0x2000;  // ST_NOSYMFOLLOW
    const unsigned long before = (static_cast<unsigned long>(info.f_flags) & kSame) |
                                 ((info.f_flags & kNoSymfollowInStatfs) != 0 ? kNoSymfollow : 0);
    unsigned long after = before;
    if (entry.writing == Writing::ReadOnly) after |= MS_RDONLY;
    if (entry.executing == Executing::No) after |= MS_NOEXEC;
    if (entry.executing == Executing::Yes) after &= ~static_cast<unsigned long>(MS_NOEXEC);
    // 'Read-only' may be the file system's word for all of its mounts: said of this one too.
    if (after == before && (after & MS_RDONLY) == 0) return 0;
    return result(mount(nullptr, path.c_str(), nullptr, MS_REMOUNT | MS_BIND | after, nullptr));
  }

  int change_root() {
    if (root_path_.empty()) return 0;
    if (fchdir(root_) != 0) return errno;
    if (syscall(SYS_pivot_root, ".", ".") == 0) {
      // Now the old one lies over the new one (pivot_root(2)).
      if (umount2(".", MNT_DETACH) != 0) return errno;
    } else {
      // The first root of all, of an initramfs, cannot be moved away.
      if (errno != EINVAL) return errno;
      if (mount(".", "/", nullptr, MS_MOVE, nullptr) != 0 || chroot(".") != 0) return errno;
    }
    return result(chdir("/"));
  }

  const MountPlan& plan_;
  int mountinfo_ = -1;
  int root_ = -1;
  std::string root_path_;  ///< without links; empty: the container's own
  std::vector<Step> steps_;
  PseudoDevices devices_;
  ProcMasks masks_;
};

int bring_up_loopback() {
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return errno;
  ifreq request{};
  std::strcpy(request.ifr_name, "lo");
  request.ifr_flags = IFF_UP;
  // Its addresses come by themselves.
  const int error = result(ioctl(fd, SIOCSIFFLAGS, &request));
  close(fd);
  return error;
}

int build_mounts(const MountPlan& plan) {
  std::array<char, 4096> directory{};
  const bool somewhere = getcwd(directory.data(), directory.size()) != nullptr;
  if (const int error = result(unshare(CLONE_NEWNS)); error != 0) return error;
  if (const int error = cut_way_out(); error != 0) return error;
  if (const int error = Builder(plan).build(); error != 0) return error;
  // It was a door to what is covered now.
  if (somewhere && chdir(directory.data()) == 0) return 0;
  return result(chdir("/"));
}

}  // namespace

NamespaceFailure enter_namespaces(const MountPlan& plan) {
  if ((plan.unshare_flags & CLONE_NEWNET) != 0) {
    int error = result(unshare(CLONE_NEWNET));
    if (error == 0) error = bring_up_loopback();
    if (error != 0) return {ExecStep::Network, error};
  }
  const int others = plan.unshare_flags & (CLONE_NEWIPC | CLONE_NEWUTS);
  if (others != 0 && unshare(others) != 0) return {ExecStep::Namespace, errno};
  // Modes are what they say here.
  const mode_t mask = umask(0);
  const int error = plan.mounts ? build_mounts(plan) : 0;
  umask(mask);
  return {ExecStep::Namespace, error};
}

int try_namespaces(int flags) {
  const pid_t child = fork();
  if (child < 0) return errno;
  if (child == 0) {
    if (unshare(flags) != 0) _exit(errno);
    if ((flags & CLONE_NEWNS) == 0) _exit(0);
    if (const int error = cut_way_out(); error != 0) _exit(error);
    const int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    const int place = open_below(root, "/proc");
    const int copy = clone_mount(AT_FDCWD, "/proc", false);
    if (place < 0 || copy < 0 || attach_mount(copy, place) != 0) _exit(errno);
    _exit(0);
  }
  return result_of_child(child);
}

}  // namespace gatevisor::exec
