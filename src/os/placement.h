// A unit's place in the cgroup hierarchy.
//
//   <base>                     where gatevisor was started: os/cgroup_base.h
//   <base>/<name>.slice        the limits: they hold across invocations
//   <base>/<name>.slice/<n>    one invocation: its counters start at 0
//   <base>/<name>.hooks/<hook> OnAlarm= and OnOOM=, where there are such
//
// Owns the slice and what is in it.
// Source: the kernel's Documentation/admin-guide/cgroup-v2.rst.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gatevisor/rungs.h"
#include "gatevisor/settings.h"
#include "os/cgroup_base.h"
#include "os/cgroup_dir.h"

namespace gatevisor::os {

class Placement {
 public:
  Placement() = default;
  Placement(Placement&&) = default;
  Placement& operator=(Placement&&) = default;
  /// Removes what is left, as leave() does.
  ~Placement();

  /// Makes the slice. What this machine does not allow is a lower rung, not an error: rung() and
  /// why() say so. Error: the slice belongs to somebody else (another gatevisor, or not made by
  /// one).
  static Expected<Placement> enter(std::shared_ptr<CgroupBase> base, const std::string& name);

  CgroupRung rung() const { return rung_; }
  const std::string& why() const { return why_; }
  bool pids_controller() const { return slice_ && slice_.has("pids.max"); }
  bool cpu_controller() const { return slice_ && slice_.has("cpu.max"); }
  bool kill_file() const { return slice_ && slice_.has("cgroup.kill"); }
  const std::string& base_path() const { return base_->path(); }
  const CgroupDir& slice() const { return slice_; }

  /// Writes the limits to the slice. Error: the first one that was refused; what was written before
  /// it stays.
  Expected<void> set_limits(const ResourceSettings& limits);

  /// A fresh leaf for an invocation: the one that tidy() made ready, if it did. Only where rung()
  /// is writable.
  Expected<void> make_leaf(std::uint64_t invocation, bool oom_group);
  bool has_leaf() const { return static_cast<bool>(leaf_); }
  const CgroupDir& leaf() const { return leaf_; }
  /// Delegate=: from here on a leaf is that user's, to make others below it.
  void delegate_to(unsigned uid, unsigned gid) { owner_ = {uid, gid}; }
  /// Of a delegated leaf: where commands go beside the main process. Once that has made others
  /// below the leaf, no process may be in it (the kernel's 'no internal processes').
  Expected<CgroupDir> control_leaf() const;
  bool delegated() const { return owner_.has_value(); }
  /// `<base>/<name>.hooks/<hook>`: for what is started for the unit and is not of it. Made when it
  /// is asked for; without limits. Empty where base is not writable.
  CgroupDir hook_group(const std::string& hook);
  /// Forgets the leaf. It is removed by tidy().
  void drop_leaf();
  /// What can wait until the gateway runs again: removes the leaves of earlier invocations (one in
  /// which something still lives stays until it is empty) and makes the next one ready.
  void tidy();

  /// Every counter that a verdict may need. `baseline` leaves the leaf out: it is new.
  CgroupSnapshot snapshot(bool baseline) const;

  /// Removes the slice. What cannot be removed (something lives there) stays.
  void leave();

 private:
  Expected<void> take_slice(const std::string& name);
  Expected<CgroupDir> take(const std::string& name) const;
  Expected<void> clear_stale_leaves();
  void remove_stale_leaves();
  Expected<CgroupDir> new_leaf(std::uint64_t invocation);
  Expected<void> hand_over(const CgroupDir& leaf) const;

  std::shared_ptr<CgroupBase> base_;
  CgroupRung rung_ = CgroupRung::Hidden;
  std::string why_;
  CgroupDir slice_;
  CgroupDir leaf_;
  std::string slice_name_;
  CgroupDir hooks_;
  std::string hooks_name_;
  std::string leaf_name_;
  CgroupDir spare_;
  std::uint64_t spare_invocation_ = 0;
  std::uint64_t last_invocation_ = 0;
  bool oom_group_ = false;
  struct Owner {
    unsigned uid;
    unsigned gid;
  };
  std::optional<Owner> owner_;  ///< of a delegated leaf
  std::vector<std::string> stale_leaves_;
};

}  // namespace gatevisor::os
