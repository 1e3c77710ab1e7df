#include "os/cgroup_base.h"

#include <fcntl.h>
#include <sys/statfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>

#include "os/file.h"

namespace gatevisor::os {
namespace {

constexpr long kCgroup2Magic = 0x63677270;  // CGROUP2_SUPER_MAGIC of linux/magic.h
constexpr const char* kSupervisor = "supervisor";
constexpr const char* kMark = "user.gatevisor";
/// A process that forks while base is emptied appears again; it cannot do so for ever.
constexpr int kMoveRounds = 16;
constexpr int kMaxAncestors = 16;

Expected<UniqueFd> open_cgroup(const std::string& directory) {
  UniqueFd fd(open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return fail("open", directory, errno);
  struct statfs info{};
  if (fstatfs(fd.get(), &info) != 0) return fail("statfs", directory, errno);
  if (info.f_type != kCgroup2Magic) return fail("", directory + " is not cgroup v2", 0);
  return fd;
}

std::string shown(const std::string& path) { return path.empty() ? "/" : path; }

}  // namespace

void mark(const CgroupDir& cgroup) { fsetxattr(cgroup.fd(), kMark, "1", 1, 0); }

bool has_mark(const CgroupDir& cgroup) {
  char value = 0;
  return fgetxattr(cgroup.fd(), kMark, &value, 1) == 1;
}

CgroupBase::~CgroupBase() { leave(); }

std::shared_ptr<CgroupBase> CgroupBase::enter(bool pid1) {
  std::shared_ptr<CgroupBase> base(new CgroupBase());
  if (auto entered = base->enter_supervisor(pid1); !entered) {
    base->why_ = to_string(entered.error());
  } else {
    base->enable_controllers(pid1);
  }
  return base;
}

Expected<void> CgroupBase::enter_supervisor(bool pid1) {
  auto place = own_cgroup_place();
  if (!place) return std::unexpected(std::move(place.error()));
  place_ = std::move(*place);
  auto fd = open_cgroup(place_.directory());
  if (!fd) return std::unexpected(std::move(fd.error()));
  dir_ = CgroupDir(std::move(*fd), place_.path);
  open_ancestors();
  if (place_.read_only) return fail("", place_.mount_point + " is mounted read-only", 0);
  auto made = dir_.make_child(kSupervisor);
  if (made) {
    mark(*made);
  } else if (made.error().code == EEXIST) {
    made = dir_.open_child(kSupervisor);
  }
  if (!made) return std::unexpected(std::move(made.error()));
  supervisor_ = std::move(*made);
  made_supervisor_ = has_mark(supervisor_);
  if (auto moved = supervisor_.write("cgroup.procs", "0"); !moved) {
    Error error = std::move(moved.error());
    leave();
    return std::unexpected(std::move(error));
  }
  moved_ = true;
  // As PID 1 of a container, base is the container's and all that is in it may move. Not so in the
  // true root, which has no cgroup.type: there live the machine's own processes.
  if (pid1 && dir_.has("cgroup.type")) {
    for (int round = 0; round < kMoveRounds; ++round) {
      const auto others = dir_.processes();
      if (!others || others->empty()) break;
      for (const int pid : *others) {
        (void)supervisor_.write("cgroup.procs", std::to_string(pid));
      }
    }
  }
  return {};
}

void CgroupBase::open_ancestors() {
  std::string path = place_.path;
  while (!path.empty() && ancestors_.size() < kMaxAncestors) {
    const std::size_t slash = path.rfind('/');
    path = slash == std::string::npos ? std::string() : path.substr(0, slash);
    auto fd = open_cgroup(path.empty() ? place_.mount_point : place_.mount_point + "/" + path);
    if (!fd) return;
    ancestors_.emplace_back(std::move(*fd), path);
  }
}

void CgroupBase::enable_controllers(bool pid1) {
  for (const char* controller : kSliceControllers) {
    if (!dir_.has_controller(controller) || dir_.enables_controller(controller)) continue;
    auto enabled = dir_.write("cgroup.subtree_control", std::string("+") + controller);
    if (enabled) {
      enabled_.emplace_back(controller);
    } else if (why_.empty()) {
      why_ = to_string(enabled.error());
      if (enabled.error().code == EBUSY && !pid1) {
        why_ +=
            ", other processes live in " + shown(place_.path) + " and are not gatevisor's to move";
      }
    }
  }
}

void CgroupBase::enable(const std::string& controller) {
  if (!dir_.has_controller(controller)) return;
  if (dir_.write("cgroup.subtree_control", "+" + controller)) enabled_.push_back(controller);
}

void CgroupBase::leave() {
  if (!dir_) return;
  for (const std::string& controller : enabled_) {
    (void)dir_.write("cgroup.subtree_control", "-" + controller);
  }
  enabled_.clear();
  if (moved_) moved_ = !dir_.write("cgroup.procs", "0").has_value();
  supervisor_ = CgroupDir();
  if (made_supervisor_) made_supervisor_ = !dir_.remove_child(kSupervisor).has_value();
}

}  // namespace gatevisor::os
