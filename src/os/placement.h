// The gateway's place in the cgroup hierarchy.
//
//   <base>                     where gatevisor was started
//   <base>/supervisor          gatevisor itself (and, as PID 1 of a container, whatever was in
//   base) <base>/<name>.slice        the limits: they hold across invocations
//   <base>/<name>.slice/<n>    one invocation: its counters start at 0
//
// Owns these cgroups and gives back what it changed. Never writes an attribute of base but
// cgroup.subtree_control, and never moves a process that is not gatevisor's to move.
// Source: the kernel's Documentation/admin-guide/cgroup-v2.rst.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "gatevisor/rungs.h"
#include "gatevisor/settings.h"
#include "os/cgroup_dir.h"
#include "os/cgroup_mount.h"

namespace gatevisor::os {

class Placement {
 public:
  Placement() = default;
  Placement(Placement&&) = default;
  Placement& operator=(Placement&&) = default;
  /// Removes what is left, as leave() does.
  ~Placement();

  /// Finds the base, moves gatevisor, enables controllers and makes the slice. What this machine
  /// does not allow is a lower rung, not an error: rung() and why() say so.
  /// Error: the slice belongs to somebody else (another gatevisor, or not made by one).
  static Expected<Placement> enter(const std::string& name, bool pid1);

  CgroupRung rung() const { return rung_; }
  const std::string& why() const { return why_; }
  bool pids_controller() const { return slice_ && slice_.has("pids.max"); }
  bool cpu_controller() const { return slice_ && slice_.has("cpu.max"); }
  bool kill_file() const { return slice_ && slice_.has("cgroup.kill"); }
  const std::string& base_path() const { return place_.path; }
  const CgroupDir& slice() const { return slice_; }

  /// Writes the limits to the slice. Error: the first one that was refused; what was written before
  /// it stays.
  Expected<void> set_limits(const ResourceSettings& limits);

  /// A fresh leaf for an invocation: the one that tidy() made ready, if it did. Only where rung()
  /// is writable.
  Expected<void> make_leaf(std::uint64_t invocation, bool oom_group);
  bool has_leaf() const { return static_cast<bool>(leaf_); }
  const CgroupDir& leaf() const { return leaf_; }
  /// Forgets the leaf. It is removed by tidy().
  void drop_leaf();
  /// What can wait until the gateway runs again: removes the leaves of earlier invocations (one in
  /// which something still lives stays until it is empty) and makes the next one ready.
  void tidy();

  /// Every counter that a verdict may need. `baseline` leaves the leaf out: it is new.
  CgroupSnapshot snapshot(bool baseline) const;

  /// Removes slice and supervisor, switches off the controllers that it switched on, and goes back
  /// to base. What cannot be undone (something lives there) stays.
  void leave();

 private:
  void enable_for(const std::string& controller);
  Expected<void> enter_base(bool pid1);
  void enable_controllers(bool pid1);
  Expected<void> take_slice(const std::string& name);
  Expected<void> clear_stale_leaves();
  void open_ancestors();
  void remove_stale_leaves();
  Expected<CgroupDir> new_leaf(std::uint64_t invocation);

  CgroupPlace place_;
  CgroupRung rung_ = CgroupRung::Hidden;
  std::string why_;
  CgroupDir base_;
  CgroupDir supervisor_;
  CgroupDir slice_;
  CgroupDir leaf_;
  std::vector<CgroupDir> ancestors_;  ///< above base, nearest first
  std::string slice_name_;
  std::string leaf_name_;
  CgroupDir spare_;
  std::uint64_t spare_invocation_ = 0;
  std::uint64_t last_invocation_ = 0;
  bool oom_group_ = false;
  std::vector<std::string> stale_leaves_;
  std::vector<std::string> enabled_;  ///< controllers that we switched on in base
  bool made_supervisor_ = false;
  bool moved_ = false;
};

}  // namespace gatevisor::os
