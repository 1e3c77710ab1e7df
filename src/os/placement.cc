#include "os/placement.h"

#include <sys/file.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <utility>

#include "os/file.h"

namespace gatevisor::os {
namespace {

std::string shown(const std::string& path) { return path.empty() ? "/" : path; }

}  // namespace

Placement::~Placement() { leave(); }

Expected<Placement> Placement::enter(std::shared_ptr<CgroupBase> base, const std::string& name) {
  Placement placement;
  placement.base_ = std::move(base);
  CgroupBase& shared = *placement.base_;
  placement.why_ = shared.why();
  if (shared.visible()) placement.rung_ = CgroupRung::ReadOnly;
  if (!shared.writable()) return placement;
  auto taken = placement.take_slice(name);
  if (!taken) {
    const int code = taken.error().code;
    if (code != EACCES && code != EPERM && code != EROFS && code != EAGAIN && code != ENOSPC) {
      return std::unexpected(std::move(taken.error()));
    }
    placement.why_ = to_string(taken.error());
    shared.leave();
    return placement;
  }
  // What a leaf will have is what the slice can hand on.
  const CgroupDir& slice = placement.slice_;
  for (const char* controller : kSliceControllers) {
    if (slice.has_controller(controller)) {
      (void)slice.write("cgroup.subtree_control", std::string("+") + controller);
    }
  }
  const bool memory = slice.enables_controller("memory");
  placement.rung_ = memory ? CgroupRung::MemoryController : CgroupRung::NoMemory;
  if (!memory && placement.why_.empty()) {
    placement.why_ = "the memory controller is not available to " + shown(shared.path());
  }
  return placement;
}

// Made anew, or left behind by a gatevisor that was killed.
Expected<CgroupDir> Placement::take(const std::string& name) const {
  auto made = base_->dir().make_child(name);
  if (made) {
    mark(*made);
    return made;
  }
  if (made.error().code != EEXIST) return made;
  auto found = base_->dir().open_child(name);
  if (found && !has_mark(*found)) {
    return fail("", "cgroup " + found->path() + " exists and was not made by gatevisor", 0,
                "choose another --name=");
  }
  return found;
}

CgroupDir Placement::hook_group(const std::string& hook) {
  if (slice_ && !hooks_) {
    if (auto taken = take(hooks_name_)) hooks_ = std::move(*taken);
  }
  if (!hooks_) return {};
  auto group = hooks_.make_child(hook);
  if (!group && group.error().code == EEXIST) group = hooks_.open_child(hook);
  return group ? std::move(*group) : CgroupDir();
}

Expected<void> Placement::take_slice(const std::string& name) {
  slice_name_ = name + ".slice";
  hooks_name_ = name + ".hooks";
  auto slice = take(slice_name_);
  if (!slice) return std::unexpected(std::move(slice.error()));
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
  if (leaf && owner_) {
    if (auto given = hand_over(*leaf); !given) return std::unexpected(std::move(given.error()));
  }
  return leaf;
}

// The kernel's cgroup-v2.rst, 'Delegation', and systemd's cg_set_access(): the directory and the
// files that its owner needs for cgroups below it. The limits stay the slice's.
Expected<void> Placement::hand_over(const CgroupDir& leaf) const {
  if (auto given = leaf.chown("", owner_->uid, owner_->gid); !given) return given;
  if (auto given = leaf.chown("cgroup.procs", owner_->uid, owner_->gid); !given) return given;
  // Not in every kernel.
  for (const char* file : {"cgroup.subtree_control", "cgroup.threads", "memory.oom.group"}) {
    (void)leaf.chown(file, owner_->uid, owner_->gid);
  }
  return {};
}

Expected<CgroupDir> Placement::control_leaf() const {
  constexpr const char* kName = ".control";
  auto control = leaf_.open_child(kName);
  if (control || control.error().code != ENOENT) return control;
  control = leaf_.make_child(kName);
  if (!control) return control;
  if (auto given = hand_over(*control); !given) return std::unexpected(std::move(given.error()));
  return control;
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
  if (!base_ || !base_->visible()) return snapshot;
  snapshot.levels.push_back(base_->dir().counters(leaf_ ? reading : Reading::Nearest));
  for (const CgroupDir& ancestor : base_->ancestors()) {
    snapshot.levels.push_back(ancestor.counters(reading));
  }
  return snapshot;
}

void Placement::leave() {
  if (!slice_) return;
  for (const std::string& name : slice_.children()) (void)slice_.remove_child(name);
  leaf_ = CgroupDir();
  spare_ = CgroupDir();
  slice_ = CgroupDir();
  for (const std::string& name : hooks_ ? hooks_.children() : std::vector<std::string>()) {
    if (auto group = hooks_.open_child(name)) (void)group->kill_all(true);
    (void)hooks_.remove_child(name);
  }
  hooks_ = CgroupDir();
  (void)base_->dir().remove_child(hooks_name_);
  (void)base_->dir().remove_child(slice_name_);
}

}  // namespace gatevisor::os
