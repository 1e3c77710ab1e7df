#include "core/service_result.h"

#include "core/restart_policy.h"

namespace gatevisor::core {

std::string_view service_result(EndKind kind) {
  switch (kind) {
    case EndKind::Exited: return "exit-code";
    case EndKind::Killed: return "signal";
    case EndKind::Dumped: return "core-dump";
  }
  return "exit-code";
}

std::string_view service_result(const Verdict& verdict, const ServiceSettings& settings) {
  switch (verdict.cause) {
    case Cause::Clean: return "success";
    case Cause::OomKill:
    case Cause::MemoryStall: return "oom-kill";
    case Cause::StartTimeout:
    case Cause::RuntimeLimit:
    case Cause::StopTimeout: return "timeout";
    case Cause::Watchdog:
    case Cause::ProbeFailure: return "watchdog";
    case Cause::Protocol: return "protocol";
    case Cause::ExecFailure: {
      // systemd finds out in the process what gatevisor may find out before it.
      const auto& failure = verdict.exec_failure;
      const bool no_process = failure && failure->step <= ExecStep::Cgroup && !verdict.status;
      return no_process ? "resources" : "exit-code";
    }
    case Cause::Requested:
    case Cause::ExitCode:
    case Cause::Signal:
    case Cause::CoreDump:
    case Cause::RuntimeOom:
    case Cause::Seccomp:
    case Cause::TaskLimit: break;
  }
  if (!verdict.status || is_success(*verdict.status, settings)) return "success";
  return service_result(verdict.status->kind);
}

std::string_view service_result(const FailedCommand& what) {
  const bool no_process = !what.exec_failure || what.exec_failure->step <= ExecStep::Cgroup;
  if (!what.status && no_process) return "resources";
  if (what.exec_failure) return "exit-code";
  return service_result(what.status->kind);
}

std::string_view service_result(StopReason reason) {
  switch (reason) {
    case StopReason::None:
    case StopReason::Request:
    case StopReason::CommandFailed: return {};  // the command's
    case StopReason::OutOfMemory:
    case StopReason::MemoryStall: return "oom-kill";
    case StopReason::ProbeFailure:
    case StopReason::Watchdog: return "watchdog";
    case StopReason::StartTimeout:
    case StopReason::RuntimeLimit: return "timeout";
    case StopReason::Protocol: return "protocol";
  }
  return {};
}

}  // namespace gatevisor::core
