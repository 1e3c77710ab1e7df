// gatevisor's own place in the cgroup hierarchy: where the slices of its units are made.
//
//   <base>                     where gatevisor was started
//   <base>/supervisor          gatevisor itself (and, as PID 1 of a container, whatever was in
//                              base)
//
// Owns the supervisor cgroup and gives back what it changed. Never writes an attribute of base but
// cgroup.subtree_control, and never moves a process that is not gatevisor's to move.
// Source: the kernel's Documentation/admin-guide/cgroup-v2.rst.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "os/cgroup_dir.h"
#include "os/cgroup_mount.h"

namespace gatevisor::os {

/// What a slice and its leaves are to have.
inline constexpr std::array kSliceControllers = {"memory", "pids", "cpu"};

class CgroupBase {
 public:
  /// Finds base, moves gatevisor, and enables the controllers. What this machine does not allow is
  /// not an error: writable() and why() say so. Never null.
  static std::shared_ptr<CgroupBase> enter(bool pid1);
  CgroupBase(const CgroupBase&) = delete;
  CgroupBase& operator=(const CgroupBase&) = delete;
  /// As leave().
  ~CgroupBase();

  /// Slices can be made in it.
  bool writable() const { return moved_; }
  /// Base can be read.
  bool visible() const { return static_cast<bool>(dir_); }
  const std::string& why() const { return why_; }
  const std::string& path() const { return place_.path; }
  const CgroupDir& dir() const { return dir_; }
  const std::vector<CgroupDir>& ancestors() const { return ancestors_; }

  /// Hands one more controller on to its slices, where it has it.
  void enable(const std::string& controller);

  /// Removes supervisor, switches off the controllers that it switched on, and goes back to base,
  /// which can still be read. What cannot be undone (something lives there) stays.
  void leave();

 private:
  CgroupBase() = default;
  Expected<void> enter_supervisor(bool pid1);
  void enable_controllers(bool pid1);
  void open_ancestors();

  CgroupPlace place_;
  CgroupDir dir_;
  CgroupDir supervisor_;
  std::vector<CgroupDir> ancestors_;  ///< above base, nearest first
  std::vector<std::string> enabled_;  ///< controllers that we switched on in base
  std::string why_;
  bool made_supervisor_ = false;
  bool moved_ = false;
};

/// Marks a cgroup as made by gatevisor: one that an administrator made is never taken over. Without
/// the mark (Linux before 5.7) a cgroup works; only a left-over one is not taken over.
void mark(const CgroupDir& cgroup);
bool has_mark(const CgroupDir& cgroup);

}  // namespace gatevisor::os
