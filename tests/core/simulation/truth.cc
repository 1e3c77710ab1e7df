#include "simulation/truth.h"

#include <csignal>

namespace gatevisor::core {
namespace {

/// systemd.service(5), SuccessExitStatus=.
bool clean_by_definition(const WaitStatus& status, const ServiceSettings& settings) {
  if (settings.success.contains(status) || status.with_code(0)) return true;
  if (status.kind != EndKind::Killed) return false;
  return status.value == SIGHUP || status.value == SIGINT || status.value == SIGTERM ||
         status.value == SIGPIPE;
}

Cause by_status(const WaitStatus& status, const ServiceSettings& settings) {
  if (settings.success.contains(status) || status.with_code(0)) return Cause::Clean;
  if (status.kind == EndKind::Dumped) return Cause::CoreDump;
  return status.kind == EndKind::Killed ? Cause::Signal : Cause::ExitCode;
}

Truth out_of_memory(const Facts& facts, std::optional<Victim> victim) {
  return {Cause::OomKill, victim, facts.scope};
}

/// The OOM killer took the main process, nobody else had sent it SIGKILL, and it can be seen here.
Truth taken_by_the_kernel(const Facts& facts) {
  if (facts.rung == CgroupRung::ReadOnly) return {Cause::OomKill, Victim::Main, {}};
  return out_of_memory(facts, facts.end == End::KernelOomAll ? Victim::Group : Victim::Main);
}

/// Nobody at gatevisor's was ending it.
Truth left_alone(const Facts& facts, const ServiceSettings& settings) {
  Truth truth{by_status(facts.status, settings), {}, {}};
  switch (facts.end) {
    case End::Seccomp: truth.cause = Cause::Seccomp; break;
    case End::RanOut:
      if (truth.cause != Cause::Clean) truth.cause = Cause::RuntimeOom;
      break;
    case End::LostHelper:
      if (truth.cause != Cause::Clean && facts.rung == CgroupRung::MemoryController) {
        return out_of_memory(facts, Victim::Helper);
      }
      break;
    case End::NoMoreTasks:
      if (truth.cause != Cause::Clean && facts.pids) truth.cause = Cause::TaskLimit;
      break;
    case End::NotStarted:
    case End::ByItself:
    case End::Fault:
    case End::FromOutside:
    case End::KernelOom:
    case End::KernelOomAll:
    case End::Ours: break;
  }
  if (facts.unready && clean_by_definition(facts.status, settings)) truth.cause = Cause::Protocol;
  return truth;
}

/// It was asked to end, and had time to.
Truth asked(const Facts& facts, const ServiceSettings& settings) {
  switch (facts.end) {
    case End::Seccomp: return {Cause::Seccomp, {}, {}};
    case End::Fault: return {by_status(facts.status, settings), {}, {}};
    case End::RanOut: {
      if (!facts.status.by_signal()) return {Cause::Requested, {}, {}};
      const Cause cause = by_status(facts.status, settings);
      return {cause == Cause::Clean ? cause : Cause::RuntimeOom, {}, {}};
    }
    case End::FromOutside:
      // Somebody else's SIGTERM beside ours: a stop is a stop.
      if (clean_by_definition(facts.status, settings) ||
          facts.ending.sent.test(static_cast<std::size_t>(facts.status.value))) {
        return {Cause::Requested, {}, {}};
      }
      return {by_status(facts.status, settings), {}, {}};
    case End::NotStarted:
    case End::ByItself:
    case End::KernelOom:
    case End::KernelOomAll:
    case End::LostHelper:
    case End::NoMoreTasks:
    case End::Ours: break;
  }
  return {Cause::Requested, {}, {}};
}

}  // namespace

Truth truth_of(const Facts& all_facts, const ServiceSettings& settings) {
  Facts facts = all_facts;
  const bool visible =
      facts.rung == CgroupRung::MemoryController || facts.rung == CgroupRung::ReadOnly;
  const bool by_kernel = facts.end == End::KernelOom || facts.end == End::KernelOomAll;
  // Without counters it is somebody's SIGKILL, and an honest verdict says no more.
  if (by_kernel && !visible) facts.end = End::FromOutside;
  if (facts.end == End::NotStarted) return {Cause::ExecFailure, {}, {}};
  const bool kernel = by_kernel && visible;
  Truth truth;
  if (facts.ending.reason == Reason::Command) {
    truth = {facts.command_cause, {}, {}};
  } else if (facts.ending.reason == Reason::Stall) {
    truth = {Cause::MemoryStall, {}, {}};
  } else if (kernel && !facts.ending.killed()) {
    truth = taken_by_the_kernel(facts);
  } else if (facts.ending.reason == Reason::OutOfMemory) {
    truth = out_of_memory(facts, {});
  } else if (facts.ending.reason == Reason::Probe) {
    truth = {Cause::ProbeFailure, {}, {}};
  } else if (facts.ending.reason == Reason::StartTimeout) {
    truth = {Cause::StartTimeout, {}, {}};
  } else if (facts.ending.reason == Reason::RuntimeLimit) {
    truth = {Cause::RuntimeLimit, {}, {}};
  } else if (facts.ending.reason == Reason::Watchdog) {
    truth = {Cause::Watchdog, {}, {}};
  } else if (facts.ending.reason == Reason::None && facts.ending.timed_out) {
    truth = {Cause::StopTimeout, {}, {}};  // STOPPING=1, and it went on
  } else if (facts.ending.reason == Reason::None) {
    truth = left_alone(facts, settings);
  } else if (facts.ending.timed_out) {
    truth = {Cause::StopTimeout, {}, {}};
  } else {
    truth = asked(facts, settings);
  }
  // The kernel's SIGKILL and ours; another's end soon after a helper's: both fit the counters.
  const bool explained =
      kernel || facts.end == End::LostHelper || facts.ending.reason == Reason::OutOfMemory;
  truth.ambiguous = (kernel && facts.ending.killed()) ||
                    (facts.recent_oom && facts.ending.reason == Reason::Command) ||
                    (facts.recent_oom && visible && !explained);
  return truth;
}

}  // namespace gatevisor::core
