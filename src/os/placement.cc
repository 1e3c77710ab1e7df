#include "os/placement.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/statfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <utility>

#include "os/file.h"

namespace gatevisor::os {
namespace {

constexpr long kCgroup2Magic = 0x63677270;  // CGROUP2_SUPER_MAGIC of linux/magic.h
constexpr const char* kSupervisor = "supervisor";
/// Marks a cgroup as made by gatevisor: one that an administrator made is never taken over.
constexpr const char* kMark = "user.gatevisor";
constexpr std::array kControllers = {"memory", "pids", "cpu"};
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

// Without the mark (Linux before 5.7) a cgroup works; only a left-over one is not taken over.
void mark(const CgroupDir& cgroup) { fsetxattr(cgroup.fd(), kMark, "1", 1, 0); }

bool has_mark(const CgroupDir& cgroup) {
  char value = 0;
  return fgetxattr(cgroup.fd(), kMark, &value, 1) == 1;
}

std::string shown(const std::string& path) { return path.empty() ? "/" : path; }

}  // namespace

Placement::~Placement() { leave(); }

Expected<Placement> Placement::enter(const std::string& name, bool pid1) {
  Placement placement;
  if (auto entered = placement.enter_base(pid1); !entered) {
    placement.why_ = to_string(entered.error());
    return placement;
  }
  placement.enable_controllers(pid1);
  auto taken = placement.take_slice(name);
  if (!taken) {
    const int code = taken.error().code;
    if (code != EACCES && code != EPERM && code != EROFS && code != EAGAIN && code != ENOSPC) {
      return std::unexpected(std::move(taken.error()));
    }
    placement.why_ = to_string(taken.error());
    placement.leave();
    placement.rung_ = CgroupRung::ReadOnly;
    return placement;
  }
  // What a leaf will have is what the slice can hand on.
  const CgroupDir& slice = placement.slice_;
  for (const char* controller : kControllers) {
    if (slice.has_controller(controller)) {
      (void)slice.write("cgroup.subtree_control", std::string("+") + controller);
    }
  }
  const bool memory = slice.enables_controller("memory");
  placement.rung_ = memory ? CgroupRung::MemoryController : CgroupRung::NoMemory;
  if (!memory && placement.why_.empty()) {
    placement.why_ = "the memory controller is not available to " + shown(placement.place_.path);
  }
  return placement;
}

Expected<void> Placement::enter_base(bool pid1) {
  auto place = own_cgroup_place();
  if (!place) return std::unexpected(std::move(place.error()));
  place_ = std::move(*place);
  auto fd = open_cgroup(place_.directory());
  if (!fd) return std::unexpected(std::move(fd.error()));
  base_ = CgroupDir(std::move(*fd), place_.path);
  rung_ = CgroupRung::ReadOnly;
  open_ancestors();
  if (place_.read_only) return fail("", place_.mount_point + " is mounted read-only", 0);
  auto made = base_.make_child(kSupervisor);
  if (made) {
    mark(*made);
  } else if (made.error().code == EEXIST) {
    made = base_.open_child(kSupervisor);
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
  if (pid1 && base_.has("cgroup.type")) {
    for (int round = 0; round < kMoveRounds; ++round) {
      const auto others = base_.processes();
      if (!others || others->empty()) break;
      for (const int pid : *others) {
        (void)supervisor_.write("cgroup.procs", std::to_string(pid));
      }
    }
  }
  return {};
}

void Placement::open_ancestors() {
  std::string path = place_.path;
  while (!path.empty() && ancestors_.size() < kMaxAncestors) {
    const std::size_t slash = path.rfind('/');
    path = slash == std::string::npos ? std::string() : path.substr(0, slash);
    auto fd = open_cgroup(path.empty() ? place_.mount_point : place_.mount_point + "/" + path);
    if (!fd) return;
    ancestors_.emplace_back(std::move(*fd), path);
  }
}

void Placement::enable_controllers(bool pid1) {
  for (const char* controller : kControllers) {
    if (!base_.has_controller(controller) || base_.enables_controller(controller)) continue;
    auto enabled = base_.write("cgroup.subtree_control", std::string("+") + controller);
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

Expected<void> Placement::take_slice(const std::string& name) {
  slice_name_ = name + ".slice";
  auto slice = base_.make_child(slice_name_);
  if (slice) {
    mark(*slice);
  } else if (slice.error().code == EEXIST) {
    slice = base_.open_child(slice_name_);
    if (!slice) return std::unexpected(std::move(slice.error()));
    if (!has_mark(*slice)) {
      return fail("", "cgroup " + slice->path() + " exists and was not made by gatevisor", 0,
                  "choose another --name=");
    }
  } else {
    return std::unexpected(std::move(slice.error()));
  }
  if (flock(slice->fd(), LOCK_EX | LOCK_NB) != 0) {
    return fail("", "cgroup " + slice->path() + " is in use by another gatevisor", 0,
                "choose another --name=");
  }
  slice_ = std::move(*slice);
  return clear_stale_leaves();
}

// Leaves of a gatevisor that was killed: what lives in them holds the gateway's port.
Expected<void> Placement::clear_stale_leaves() {
  for (const std::string& name : slice_.children()) {
    if (auto stale = slice_.open_child(name)) (void)stale->kill_all(true);
    // The killed need a moment; tidy() tries again.
    if (!slice_.remove_child(name)) stale_leaves_.push_back(name);
  }
  return {};
}

Expected<CgroupDir> Placement::new_leaf(std::uint64_t invocation) {
  const std::string name = std::to_string(invocation);
  auto leaf = slice_.make_child(name);
  if (!leaf && leaf.error().code == EEXIST) {
    // A left-over that could not be removed at start has this number.
    std::erase(stale_leaves_, name);
    if (auto removed = slice_.remove_child(name); !removed) {
      return std::unexpected(std::move(removed.error()));
    }
    leaf = slice_.make_child(name);
  }
  // The slice hands on to its leaves all that it has.
  if (leaf) leaf->same_controllers_as(slice_);
  if (leaf && oom_group_ && leaf->has("memory.oom.group")) {
    if (auto set = leaf->write("memory.oom.group", "1"); !set) {
      return std::unexpected(std::move(set.error()));
    }
  }
  return leaf;
}

Expected<void> Placement::make_leaf(std::uint64_t invocation, bool oom_group) {
  oom_group_ = oom_group;
  last_invocation_ = invocation;
  leaf_name_ = std::to_string(invocation);
  if (spare_ && spare_invocation_ == invocation) {
    leaf_ = std::exchange(spare_, CgroupDir());
    return {};
  }
  // No spare: the last one died before there was time to tidy up.
  remove_stale_leaves();
  auto leaf = new_leaf(invocation);
  if (!leaf) return std::unexpected(std::move(leaf.error()));
  leaf_ = std::move(*leaf);
  return {};
}

void Placement::drop_leaf() {
  if (!leaf_) return;
  leaf_ = CgroupDir();
  stale_leaves_.push_back(leaf_name_);
}

void Placement::remove_stale_leaves() {
  std::erase_if(stale_leaves_,
                [&](const std::string& name) { return slice_.remove_child(name).has_value(); });
}

void Placement::tidy() {
  if (!slice_) return;
  remove_stale_leaves();
  if (spare_ || !leaf_) return;
  auto leaf = new_leaf(last_invocation_ + 1);
  if (!leaf) return;  // make_leaf() tries again, and says why
  spare_ = std::move(*leaf);
  spare_invocation_ = last_invocation_ + 1;
}

CgroupSnapshot Placement::snapshot(bool baseline) const {
  using Reading = CgroupDir::Reading;
  CgroupSnapshot snapshot;
  snapshot.own_leaf = static_cast<bool>(leaf_);
  if (leaf_ && !baseline) {
    snapshot.levels.push_back(leaf_.counters(Reading::Nearest));
    const auto number = [&](const char* file) -> std::optional<std::uint64_t> {
      if (!snapshot.levels.front().local) return std::nullopt;
      const auto content = leaf_.read(file);
      if (!content) return std::nullopt;
      return keyed_value("x " + *content, "x");
    };
    snapshot.memory_peak = number("memory.peak");
    snapshot.memory_current = number("memory.current");
  }
  const Reading reading = baseline ? Reading::Baseline : Reading::After;
  if (slice_) snapshot.levels.push_back(slice_.counters(reading));
  // Without a leaf of the gateway's own, base is the nearest that counts it, among others.
  if (base_) snapshot.levels.push_back(base_.counters(leaf_ ? reading : Reading::Nearest));
  for (const CgroupDir& ancestor : ancestors_) {
    snapshot.levels.push_back(ancestor.counters(reading));
  }
  return snapshot;
}

void Placement::leave() {
  if (!base_) return;
  if (slice_) {
    for (const std::string& name : slice_.children()) (void)slice_.remove_child(name);
    slice_ = CgroupDir();
    (void)base_.remove_child(slice_name_);
  }
  leaf_ = CgroupDir();
  spare_ = CgroupDir();
  for (const std::string& controller : enabled_) {
    (void)base_.write("cgroup.subtree_control", "-" + controller);
  }
  enabled_.clear();
  if (moved_) moved_ = !base_.write("cgroup.procs", "0").has_value();
  supervisor_ = CgroupDir();
  if (made_supervisor_) made_supervisor_ = !base_.remove_child(kSupervisor).has_value();
}

}  // namespace gatevisor::os
