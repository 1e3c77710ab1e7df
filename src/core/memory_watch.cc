#include "core/memory_watch.h"

#include <algorithm>
#include <utility>

#include "core/format.h"

namespace gatevisor::core {
namespace {

/// How often its limit was hit without relief, and how often it was reached at all.
std::uint64_t ooms_of(const CgroupLevel& level) { return level.local ? level.local->oom : 0; }
std::uint64_t hits_of(const CgroupLevel& level) {
  return level.local ? level.local->high + level.local->max : 0;
}

/// The same of the gateway's own: the leaf and the slice.
template <typename Count>
std::uint64_t own(const CgroupSnapshot& snapshot, Count count) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < snapshot.levels.size() && i < 2; ++i) sum += count(snapshot.levels[i]);
  return sum;
}

}  // namespace

void MemoryWatch::begin(CgroupSnapshot baseline) {
  baseline_ = std::move(baseline);
  // The baseline's first level is the slice: the leaf is new, and its counters start at 0.
  const bool known = !baseline_.levels.empty();
  ooms_ = known ? ooms_of(baseline_.levels.front()) : 0;
  hits_ = known ? hits_of(baseline_.levels.front()) : 0;
  limit_hit_ = false;
}

void MemoryWatch::changed(Instant now, const CgroupSnapshot& snapshot) {
  rearm_at_ = now + kInterval;
  limit_hit_ = false;
  if (!snapshot.own_leaf || snapshot.levels.empty() || !snapshot.levels.front().hierarchical) {
    return;
  }
  const std::uint64_t kills = snapshot.levels.front().hierarchical->oom_kill;
  const std::uint64_t hits = own(snapshot, hits_of);
  limit_hit_ = hits > std::exchange(hits_, hits) && kills <= history_.kills;
  if (kills > history_.kills) {
    history_ = {kills, now};
    helper_killed_at_ = now + kSettle;
    spinning_since_.reset();
    ooms_ = own(snapshot, ooms_of);
    return;
  }
  watch_unkillable(now, snapshot);
}

void MemoryWatch::watch_unkillable(Instant now, const CgroupSnapshot& snapshot) {
  const std::uint64_t ooms = own(snapshot, ooms_of);
  if (ooms <= ooms_) {
    spinning_since_.reset();
    return;
  }
  const std::uint64_t grown = ooms - ooms_;
  ooms_ = ooms;
  if (!spinning_since_ || now - last_spun_ > kSpinGap) {
    spinning_since_ = now;
  } else if (now - *spinning_since_ >= kUnkillable && !stall_told_) {
    stall_ = Stall{"oom +" + std::to_string(grown) + " in the last reading, oom_kill +0 for " +
                       format_duration(now - *spinning_since_),
                   true};
  }
  last_spun_ = now;
}

void MemoryWatch::pressure_high(Instant now) {
  if (!pressed_since_ || now - last_pressed_ > kPressureGap) pressed_since_ = now;
  last_pressed_ = now;
  if (now - *pressed_since_ < settings_->pressure_duration || stall_told_ || stall_) return;
  stall_ = Stall{"memory.pressure full over " + std::to_string(settings_->pressure_limit_percent) +
                     "% for " + format_duration(now - *pressed_since_),
                 false};
}

bool MemoryWatch::take_helper_killed(Instant now) {
  if (now < helper_killed_at_) return false;
  helper_killed_at_ = Instant::max();
  return true;
}

std::optional<MemoryWatch::Stall> MemoryWatch::take_stall() {
  if (!stall_) return std::nullopt;
  stall_told_ = true;
  return std::exchange(stall_, std::nullopt);
}

bool MemoryWatch::take_rearm(Instant now) {
  if (now < rearm_at_) return false;
  rearm_at_ = Instant::max();
  return true;
}

Instant MemoryWatch::deadline() const { return std::min(rearm_at_, helper_killed_at_); }

}  // namespace gatevisor::core
