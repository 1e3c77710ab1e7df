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
  return {Cause::OomKill, victim, facts.scope, false};
}

/// The OOM killer took the main process, and nobody else had sent it SIGKILL.
Truth taken_by_the_kernel(const Facts& facts, const ServiceSettings& settings) {
  switch (facts.rung) {
    case CgroupRung::MemoryController:
      return out_of_memory(facts, facts.end == End::KernelOomAll ? Victim::Group : Victim::Main);
    case CgroupRung::ReadOnly:
      return {Cause::OomKill, Victim::Main, {}, false};
    case CgroupRung::NoMemory:
    case CgroupRung::Hidden:
      // Not to be seen there: an honest verdict is the signal.
      return {by_status(facts.status, settings), {}, {}, false};
  }
  return {};
}

/// Nobody at gatevisor's was ending it.
Truth left_alone(const Facts& facts, const ServiceSettings& settings) {
  Truth truth{by_status(facts.status, settings), {}, {}, false};
  switch (facts.end) {
    case End::Seccomp:
      truth.cause = Cause::Seccomp;
      break;
    case End::LostHelper:
      if (truth.cause != Cause::Clean && facts.rung == CgroupRung::MemoryController) {
        return out_of_memory(facts, Victim::Helper);
      }
      break;
    case End::NoMoreTasks:
      if (truth.cause != Cause::Clean && facts.pids) truth.cause = Cause::TaskLimit;
      break;
    case End::NotStarted: case End::ByItself: case End::Fault: case End::FromOutside:
    case End::KernelOom: case End::KernelOomAll: case End::Ours:
      break;
  }
  return truth;
}

/// It was asked to end, and had time to.
Truth asked(const Facts& facts, const ServiceSettings& settings) {
  switch (facts.end) {
    case End::Seccomp:
      return {Cause::Seccomp, {}, {}, false};
    case End::Fault:
      return {by_status(facts.status, settings), {}, {}, false};
    case End::FromOutside:
      // Somebody else's SIGTERM beside ours: a stop is a stop.
      if (clean_by_definition(facts.status, settings)) return {Cause::Requested, {}, {}, false};
      return {by_status(facts.status, settings), {}, {}, false};
    case End::NotStarted: case End::ByItself: case End::KernelOom: case End::KernelOomAll:
    case End::LostHelper: case End::NoMoreTasks: case End::Ours:
      break;
  }
  return {Cause::Requested, {}, {}, false};
}

}  // namespace

Truth truth_of(const Facts& facts, const ServiceSettings& settings) {
  if (facts.end == End::NotStarted) return {Cause::ExecFailure, {}, {}, false};
  const bool kernel = facts.end == End::KernelOom || facts.end == End::KernelOomAll;
  Truth truth;
  if (facts.ending.reason == Reason::Stall) {
    truth = {Cause::MemoryStall, {}, {}, false};
  } else if (kernel && !facts.ending.killed) {
    truth = taken_by_the_kernel(facts, settings);
  } else if (facts.ending.reason == Reason::OutOfMemory) {
    truth = out_of_memory(facts, {});
  } else if (facts.ending.reason == Reason::None) {
    truth = left_alone(facts, settings);
  } else if (facts.ending.timed_out) {
    truth = {Cause::StopTimeout, {}, {}, false};
  } else {
    truth = asked(facts, settings);
  }
  // The kernel's SIGKILL and ours; another's end soon after a helper's: both fit the counters.
  const bool explained = kernel || facts.end == End::LostHelper ||
                         facts.ending.reason == Reason::OutOfMemory;
  truth.ambiguous = (kernel && facts.ending.killed) || (facts.recent_oom && !explained);
  return truth;
}

}  // namespace gatevisor::core
