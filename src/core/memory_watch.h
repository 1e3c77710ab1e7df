// Memory trouble while the gateway lives: a helper that was killed, and a gateway that only spins.
//
// Watches one invocation. Owns no descriptor and reads no clock; its user acts on what it says.
#pragma once

#include <optional>
#include <string>

#include "core/death.h"
#include "gatevisor/evidence.h"
#include "gatevisor/settings.h"

namespace gatevisor::core {

class MemoryWatch {
 public:
  /// memory.events tells at most this often: a limit that is hit a million times a minute costs
  /// one wake-up a second, and one that is never hit costs none.
  static constexpr Duration kInterval = std::chrono::seconds{1};
  /// How long after a kill the main process must live on to count as not the victim.
  static constexpr Duration kSettle = kOomSameKill;
  /// The kernel declared out-of-memory over and over for this long and killed nobody: all that it
  /// could choose is protected (oom_score_adj -1000) or cannot die.
  static constexpr Duration kUnkillable = std::chrono::seconds{5};
  /// Two refusals further apart than this are no spin. Nothing is told while nothing changes, so
  /// that a pause shows only as the time since the last one.
  static constexpr Duration kSpinGap = std::chrono::seconds{3};
  /// Two high windows further apart than this are two stalls (the PSI window is 2 s).
  static constexpr Duration kPressureGap = std::chrono::seconds{5};

  /// `settings` must outlive the watch.
  explicit MemoryWatch(const MemorySettings& settings) : settings_(&settings) {}

  void begin(CgroupSnapshot baseline);
  void changed(Instant now, const CgroupSnapshot& snapshot);
  void pressure_high(Instant now);

  /// The last change was a limit of the gateway's own that was hit, and nobody was killed. A kill may
  /// be for a limit further up, that gatevisor is under as well: then it must not allocate anything.
  bool limit_was_hit() const { return limit_hit_; }

  /// True once, kSettle after a kill that the main process lived through.
  bool take_helper_killed(Instant now);
  /// The evidence of a stall, once an invocation; `unkillable` tells the two kinds apart.
  struct Stall {
    std::string evidence;
    bool unkillable;
  };
  std::optional<Stall> take_stall();
  /// True once when the watch on memory.events is due to be armed again.
  bool take_rearm(Instant now);

  Instant deadline() const;
  const OomHistory& history() const { return history_; }

 private:
  void watch_unkillable(Instant now, const CgroupSnapshot& snapshot);

  const MemorySettings* settings_;
  CgroupSnapshot baseline_;
  OomHistory history_;
  Instant rearm_at_ = Instant::max();
  Instant helper_killed_at_ = Instant::max();
  std::uint64_t ooms_ = 0;  ///< at the last reading
  std::uint64_t hits_ = 0;  ///< the same of high and max
  bool limit_hit_ = false;
  std::optional<Instant> spinning_since_;
  Instant last_spun_{};
  std::optional<Instant> pressed_since_;
  Instant last_pressed_{};
  std::optional<Stall> stall_;
  bool stall_told_ = false;
};

}  // namespace gatevisor::core
