#include "core/oom_finding.h"

#include <algorithm>

#include "core/format.h"

namespace gatevisor::core {
namespace {

const CgroupLevel* find(const CgroupSnapshot& snapshot, const std::string& path) {
  for (const CgroupLevel& level : snapshot.levels) {
    if (level.path == path) return &level;
  }
  return nullptr;
}

std::uint64_t growth(std::uint64_t before, std::uint64_t now) {
  return now > before ? now - before : 0;
}

/// The growth of one counter of one file. A level that the baseline does not have is the fresh
/// leaf, whose counters started at 0.
std::optional<MemoryEvents> growth(const CgroupSnapshot& baseline, const CgroupLevel& level,
                                   std::optional<MemoryEvents> CgroupLevel::* file) {
  const std::optional<MemoryEvents>& now = level.*file;
  if (!now) return std::nullopt;
  MemoryEvents start;
  if (const CgroupLevel* before = find(baseline, level.path)) {
    if (!(before->*file)) return std::nullopt;
    start = *(before->*file);
  }
  return MemoryEvents{growth(start.high, now->high), growth(start.max, now->max),
                      growth(start.oom, now->oom), growth(start.oom_kill, now->oom_kill),
                      growth(start.oom_group_kill, now->oom_group_kill)};
}

std::string plus(std::uint64_t count) { return "+" + std::to_string(count); }

void find_scope(const Death& death, OomFinding& finding) {
  const std::vector<CgroupLevel>& levels = death.after.levels;
  bool any_local = false;
  for (std::size_t i = 0; i < levels.size(); ++i) {
    const auto local = growth(death.baseline, levels[i], &CgroupLevel::local);
    if (!local) continue;
    any_local = true;
    if (local->oom == 0) continue;
    // Leaf and slice are ours; what is above them is the container's, or further up.
    const bool ours = death.after.own_leaf && i < 2;
    finding.scope = ours ? Scope::OwnLimit : Scope::AncestorLimit;
    finding.limit_path = levels[i].path;
    finding.limit = levels[i].memory_max;
    finding.evidence.push_back({levels[i].path + "/memory.events.local", "oom", plus(local->oom)});
    return;
  }
  if (any_local) finding.scope = Scope::OutsideView;
}

}  // namespace

OomFinding find_oom(const Death& death) {
  OomFinding finding;
  if (death.after.levels.empty()) return finding;
  const CgroupLevel& nearest = death.after.levels.front();
  const auto events = growth(death.baseline, nearest, &CgroupLevel::hierarchical);
  finding.source = nearest.path + "/memory.events";
  if (!events) return finding;
  finding.visible = true;
  finding.own = death.after.own_leaf;
  finding.kills = events->oom_kill;
  finding.group = events->oom_group_kill > 0;
  const std::uint64_t noticed = std::min(death.oom.kills, finding.kills);
  const Duration since = death.ended - death.oom.last_growth;
  const bool outlived = noticed > 0 && since > kOomAttribution;
  finding.fresh = outlived ? finding.kills - noticed : finding.kills;
  finding.same_moment = finding.kills > noticed || since <= kOomSameKill;
  if (finding.kills == 0) return finding;
  finding.evidence.push_back({finding.source, "oom_kill", plus(finding.kills)});
  if (finding.group) {
    finding.evidence.push_back({finding.source, "oom_group_kill", plus(events->oom_group_kill)});
  }
  find_scope(death, finding);
  return finding;
}

std::optional<Evidence> find_task_limit(const Death& death) {
  if (!death.after.own_leaf) return std::nullopt;
  // Up to Linux 6.11 the leaf counts what any limit above it refused, since then the cgroup whose
  // limit it was (cgroup-v2.rst, pids.events): leaf and slice together see both.
  for (std::size_t i = 0; i < death.after.levels.size() && i < 2; ++i) {
    const CgroupLevel& level = death.after.levels[i];
    if (!level.pids_max_hit) continue;
    const CgroupLevel* before = find(death.baseline, level.path);
    const std::uint64_t start = before != nullptr ? before->pids_max_hit.value_or(0) : 0;
    const std::uint64_t refused = growth(start, *level.pids_max_hit);
    if (refused > 0) return Evidence{level.path + "/pids.events", "max", plus(refused)};
  }
  return std::nullopt;
}

}  // namespace gatevisor::core
