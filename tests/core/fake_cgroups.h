// The counters of a cgroup tree, moved as the kernel moves them and read as each rung can.
//
// Sources: cgroup-v2.rst for the files; mm/oom_kill.c and mm/memcontrol.c for who counts what:
// `oom` where the limit is, `oom_kill` where the victim is.
#pragma once

#include <cstdint>

#include "gatevisor/evidence.h"
#include "gatevisor/rungs.h"
#include "gatevisor/verdict.h"

namespace gatevisor::core {

class FakeCgroups {
 public:
  static constexpr std::uint64_t kSliceLimit = 64U << 20;
  static constexpr std::uint64_t kBaseLimit = 512U << 20;

  explicit FakeCgroups(CgroupRung rung = CgroupRung::MemoryController, bool pids = true)
      : rung_(rung), pids_(pids) {}

  /// A fresh leaf: its counters start at 0, those of slice and base go on.
  void begin_invocation(std::uint64_t number) {
    leaf_path_ = "gateway.slice/" + std::to_string(number);
    leaf_ = {};
    leaf_pids_ = 0;
    current_ = 1 << 20;
    peak_ = 8 << 20;
  }

  /// The OOM killer takes `victims` processes of the leaf, for a limit of this scope.
  void oom_kill(Scope scope, std::uint64_t victims = 1, bool group = false) {
    declare_oom(scope);
    leaf_.oom_kill += victims;
    base_all_.oom_kill += victims;
    if (group) ++leaf_.oom_group_kill;
    peak_ = kSliceLimit;
  }
  /// Out of memory at a limit, and nobody whom the kernel may kill.
  void declare_oom(Scope scope, std::uint64_t times = 1) {
    if (scope == Scope::OwnLimit) {
      slice_local_.oom += times;
      slice_local_.max += times * 3;
      base_all_.oom += times;
    } else if (scope == Scope::AncestorLimit) {
      base_local_.oom += times;
      base_local_.max += times * 3;
      base_all_.oom += times;
    }
  }
  /// Another process of the container is killed, not one of the gateway's.
  void oom_kill_sibling() { ++base_all_.oom_kill; }
  /// Forks refused at TasksMax=. Up to Linux 6.11 the leaf counts them, since then the slice.
  void refuse_forks(std::uint64_t times, bool at_slice) {
    (at_slice ? slice_pids_ : leaf_pids_) += times;
  }

  /// As os/placement.h reads it before the start …
  CgroupSnapshot baseline() const { return snapshot(true); }
  /// … and later.
  CgroupSnapshot now() const { return snapshot(false); }

  CgroupRung rung() const { return rung_; }
  bool own_leaf() const {
    return rung_ == CgroupRung::MemoryController || rung_ == CgroupRung::NoMemory;
  }
  bool pids() const { return pids_ && own_leaf(); }

 private:
  CgroupSnapshot snapshot(bool baseline) const {
    CgroupSnapshot all;
    if (rung_ == CgroupRung::Hidden) return all;
    const bool memory = rung_ != CgroupRung::NoMemory;
    all.own_leaf = own_leaf();
    if (own_leaf()) {
      if (!baseline) {
        CgroupLevel leaf{leaf_path_, {}, {}, {}, {}};
        if (memory) {
          leaf.hierarchical = leaf_;
          leaf.local = leaf_;
          all.memory_peak = peak_;
          all.memory_current = current_;
        }
        if (pids_) leaf.pids_max_hit = leaf_pids_;
        all.levels.push_back(leaf);
      }
      CgroupLevel slice{"gateway.slice", {}, {}, {}, {}};
      if (memory) slice.local = slice_local_;
      if (memory && !baseline) slice.memory_max = kSliceLimit;
      if (pids_) slice.pids_max_hit = slice_pids_;
      all.levels.push_back(slice);
    }
    CgroupLevel base{"container", {}, {}, {}, {}};
    if (memory) base.local = base_local_;
    if (memory && !own_leaf()) base.hierarchical = base_all_;
    if (memory && (!baseline || !own_leaf())) base.memory_max = kBaseLimit;
    all.levels.push_back(base);
    return all;
  }

  CgroupRung rung_;
  bool pids_;
  std::string leaf_path_ = "gateway.slice/1";
  MemoryEvents leaf_;
  MemoryEvents slice_local_;
  MemoryEvents base_local_;
  MemoryEvents base_all_;
  std::uint64_t leaf_pids_ = 0;
  std::uint64_t slice_pids_ = 0;
  std::uint64_t peak_ = 8U << 20;
  std::uint64_t current_ = 1U << 20;
};

}  // namespace gatevisor::core
