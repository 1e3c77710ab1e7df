// Deaths for memory: the kernel's kills by its counters, a stall at a limit, a run-time that gave up.

#include <csignal>

#include "core/format.h"
#include "core/judge.h"
#include "core/last_words.h"
#include "core/restart_policy.h"

namespace gatevisor::core {
namespace {

std::string limit_words(const OomFinding& finding) {
  if (!finding.scope) return "whose limit it was cannot be seen here";
  const std::string size = finding.limit ? " of " + format_bytes(*finding.limit) : "";
  switch (*finding.scope) {
    case Scope::OwnLimit: return "at its own memory limit" + size + " (" + finding.limit_path + ")";
    case Scope::AncestorLimit:
      return "at a memory limit" + size + " further up (" + finding.limit_path + ")";
    case Scope::OutsideView:
      return "no limit that can be seen here was hit: a limit outside this container, or the whole "
             "system";
  }
  return {};
}

bool was_another_limit(const KernelKill& kill, const OomFinding& finding) {
  if (kill.constraint.empty() || finding.limit_path.empty()) return false;
  return !("/" + kill.limit_cgroup).ends_with("/" + finding.limit_path);
}

}  // namespace

bool Judge::oom_killed_main() const {
  return death_.status && *death_.status == WaitStatus::killed(SIGKILL) && oom_.fresh > 0 &&
         find_sent(death_, SIGKILL) == nullptr;
}

// The launcher whose child was killed shows exit code 1; exit 0 is not blamed on a helper.
bool Judge::oom_killed_helper() const {
  return death_.status && !is_success(*death_.status, settings_) && oom_.own && oom_.fresh > 0;
}

void Judge::as_oom(Victim victim, Confidence confidence) {
  verdict_.cause = Cause::OomKill;
  verdict_.victim = victim;
  verdict_.scope = oom_.scope;
  verdict_.confidence = confidence;
  if (victim != Victim::Helper) verdict_.sender = Sender::Kernel;
  if (oom_.limit) verdict_.memory_limit = oom_.limit;
  if (!oom_.limit_path.empty()) verdict_.limit_path = oom_.limit_path;
  add_oom_evidence();
  std::string who;
  switch (victim) {
    case Victim::Main:
      who = oom_.own ? "killed out of memory"
                     : "killed, and the container counted an out-of-memory kill";
      break;
    case Victim::Helper: who = "a process that it had started was killed out of memory"; break;
    case Victim::Group: who = "killed out of memory with all of its processes"; break;
  }
  verdict_.summary = who + "; " + limit_words(oom_);
  if (victim == Victim::Helper && death_.status) {
    verdict_.summary += "; the main process ended with " + how_it_ended(*death_.status);
  }
}

// What the kernel says of its victim. Where its log and its counters differ, the counters stay.
void Judge::add_kernel_kill(bool of_main_alone) {
  if (has_kernel_kill_ || !death_.kernel_log) return;
  has_kernel_kill_ = true;
  const KernelKill* kill = find_kill(death_, oom_);
  if (kill == nullptr) {
    if (oom_.visible && oom_.kills == 0) return;  // there need be none
    const KernelLog& log = *death_.kernel_log;
    if (log.overwritten) add({"kmsg", "missing", "records were overwritten before they were read"});
    if (log.unread) add({"kmsg", "missing", "there were more records than are read at once"});
    return;
  }
  const bool of_main = death_.kernel_log->initial_pids && kill->pid == death_.pid;
  if (of_main_alone && !of_main) return;
  for (const Evidence& fact : evidence_of(*kill)) add(fact);
  if (oom_.visible && oom_.kills == 0) {
    add({"kmsg", "contradicted", "oom_kill +0 in " + oom_.source + ", and counters decide"});
  } else if (was_another_limit(*kill, oom_)) {
    add({"kmsg", "contradicted",
         "oom grew in " + oom_.limit_path + "/memory.events.local, and counters decide"});
  }
}

void Judge::as_memory_stall() {
  verdict_.cause = Cause::MemoryStall;
  verdict_.sender = Sender::Gatevisor;
  verdict_.confidence = Confidence::Likely;
  add({"gatevisor", "stall", death_.stall});
  verdict_.summary = "alive but stalled at its memory limit, ended for it: " + death_.stall;
}

// Both have to agree: what was said and how it ended, which nobody else had caused.
bool Judge::ran_out_by_itself() const {
  const WaitStatus& status = *death_.status;
  return death_.last_words && ends_so(death_.last_words->runtime, status) &&
         !is_success(status, settings_) &&
         (!status.by_signal() || find_sent(death_, status.value) == nullptr);
}

void Judge::as_runtime_oom() {
  const auto& [runtime, line] = *death_.last_words;
  verdict_.cause = Cause::RuntimeOom;
  verdict_.runtime = runtime;
  verdict_.confidence = Confidence::Likely;
  if (death_.status->by_signal()) verdict_.sender = Sender::Itself;
  add({"output", runtime, line});
  verdict_.summary = "its run-time (" + runtime + ") could get no more memory and gave up: " +
                     how_it_ended(*death_.status);
  rule_out_oom();
}

void Judge::rule_out_oom() {
  if (!oom_.visible) return;
  if (oom_.fresh == 0 && oom_.kills == 0) {
    verdict_.ruled_out.push_back({Cause::OomKill, "oom_kill +0 in " + oom_.source});
  } else if (oom_.fresh == 0) {
    verdict_.ruled_out.push_back({Cause::OomKill, "the last of oom_kill +" +
                                                      std::to_string(oom_.kills) + " in " +
                                                      oom_.source + " was outlived by more than " +
                                                      format_duration(kOomAttribution)});
  } else {
    add_oom_evidence();
  }
}

}  // namespace gatevisor::core
