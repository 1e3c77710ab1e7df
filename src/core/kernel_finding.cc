#include "core/kernel_finding.h"

#include <algorithm>
#include <csignal>

namespace gatevisor::core {
namespace {

constexpr const char* kSource = "kmsg";
// By pid a denial is known; by name it has to be of the very moment, beside clocks that were set.
constexpr std::uint64_t kSameMomentUsec = 2'000'000;

/// Up to and with the leaf, in a path of the whole machine; empty: it does not lead there.
/// `leaf`: with a slash in front.
std::string_view way_to_leaf(std::string_view cgroup, std::string_view leaf, bool from_root) {
  for (std::size_t at = 0; (at = cgroup.find(leaf, at)) != cgroup.npos; ++at) {
    const std::size_t end = at + leaf.size();
    if (from_root && at != 0) return {};
    if (end == cgroup.size() || cgroup[end] == '/') return cgroup.substr(0, end);
  }
  return {};
}

/// The one that was chosen says most; of a group that is killed whole, the others only their name.
const KernelKill* told_best(const std::vector<const KernelKill*>& kills) {
  for (auto kill = kills.rbegin(); kill != kills.rend(); ++kill) {
    if (!(*kill)->constraint.empty()) return *kill;
  }
  return kills.empty() ? nullptr : kills.back();
}

bool was_chosen(const KernelKill* kill) { return !kill->constraint.empty(); }

std::string leaf_path(const Death& death) {
  const bool own = death.after.own_leaf && !death.after.levels.empty();
  return own ? "/" + death.after.levels.front().path : std::string();
}

/// Others on the machine may have a leaf of the same name, and their pids are not ours.
const KernelKill* find_from_inside(const KernelLog& log, const std::string& leaf,
                                   const OomFinding& finding) {
  if (log.overwritten || log.unread || finding.kills == 0) return nullptr;
  std::vector<const KernelKill*> ours;
  std::string_view way;
  for (const KernelKill& kill : log.kills) {
    if (kill.cgroup.empty()) return nullptr;  // of whom? perhaps of this one
    const std::string_view found = way_to_leaf(kill.cgroup, leaf, false);
    if (found.empty()) continue;
    if (!way.empty() && found != way) return nullptr;
    way = found;
    ours.push_back(&kill);
  }
  const auto chosen = static_cast<std::uint64_t>(std::ranges::count_if(ours, was_chosen));
  return chosen <= finding.kills ? told_best(ours) : nullptr;
}

void add_bytes(std::vector<Evidence>& evidence, const char* name,
               std::optional<std::uint64_t> bytes) {
  if (bytes) evidence.push_back({kSource, name, std::to_string(*bytes)});
}

}  // namespace

bool may_be_in_kernel_log(const WaitStatus& status, int seccomp_mode, const CgroupSnapshot& after) {
  if (status == WaitStatus::killed(SIGKILL)) return true;
  if (status.by_signal(SIGSYS)) return seccomp_mode != 0;
  if (!after.own_leaf || after.levels.empty()) return false;
  const auto& events = after.levels.front().hierarchical;
  return events && events->oom_kill > 0;
}

const KernelDenial* find_denial(const KernelLog& log, int pid) {
  const KernelDenial* found = nullptr;
  for (const KernelDenial& denial : log.denials) {
    if (log.initial_pids) {
      if (denial.pid == pid) found = &denial;
      continue;
    }
    const std::uint64_t apart =
        denial.at_usec > log.at_usec ? denial.at_usec - log.at_usec : log.at_usec - denial.at_usec;
    if (apart > kSameMomentUsec || !log.main_uid || denial.uid != log.main_uid ||
        denial.name != log.main_name) {
      continue;
    }
    if (found != nullptr) return nullptr;
    found = &denial;
  }
  return found;
}

const KernelKill* find_kill(const Death& death, const OomFinding& finding) {
  if (!death.kernel_log) return nullptr;
  const KernelLog& log = *death.kernel_log;
  const std::string leaf = leaf_path(death);
  if (!log.initial_cgroups && !log.initial_pids) {
    return leaf.empty() ? nullptr : find_from_inside(log, leaf, finding);
  }
  std::vector<const KernelKill*> ours;
  for (const KernelKill& kill : log.kills) {
    const bool is_main = log.initial_pids && kill.pid == death.pid;
    const bool in_leaf =
        log.initial_cgroups && !leaf.empty() && !way_to_leaf(kill.cgroup, leaf, true).empty();
    if (is_main || in_leaf) ours.push_back(&kill);
  }
  return told_best(ours);
}

std::vector<Evidence> evidence_of(const KernelKill& kill) {
  std::vector<Evidence> evidence = {{kSource, "line", kill.line},
                                    {kSource, "killed", kill.name},
                                    {kSource, "pid", std::to_string(kill.pid)}};
  add_bytes(evidence, "total-vm", kill.total_vm);
  add_bytes(evidence, "anon-rss", kill.anon_rss);
  add_bytes(evidence, "file-rss", kill.file_rss);
  add_bytes(evidence, "shmem-rss", kill.shmem_rss);
  add_bytes(evidence, "pgtables", kill.pgtables);
  if (kill.oom_score_adj) {
    evidence.push_back({kSource, "oom_score_adj", std::to_string(*kill.oom_score_adj)});
  }
  if (!kill.constraint.empty()) evidence.push_back({kSource, "constraint", kill.constraint});
  if (!kill.limit_cgroup.empty()) evidence.push_back({kSource, "oom_memcg", kill.limit_cgroup});
  return evidence;
}

std::vector<Evidence> evidence_of(const KernelDenial& denial) {
  std::vector<Evidence> evidence = {
      {kSource, "line", denial.line},
      {kSource, "syscall", denial.call.empty() ? std::to_string(denial.number) : denial.call}};
  if (!denial.group.empty()) evidence.push_back({"unit", "syscall group", denial.group});
  return evidence;
}

std::string call_words(const KernelDenial& denial) {
  return denial.call.empty() ? "number " + std::to_string(denial.number) : denial.call + "(2)";
}

}  // namespace gatevisor::core
