// The words of a verdict, as records, JSON and documentation spell them.

#include "gatevisor/verdict.h"

namespace gatevisor {

std::string_view to_string(Cause cause) {
  switch (cause) {
    case Cause::Clean: return "clean";
    case Cause::Requested: return "requested";
    case Cause::ExitCode: return "exit-code";
    case Cause::Signal: return "signal";
    case Cause::CoreDump: return "core-dump";
    case Cause::OomKill: return "oom-kill";
    case Cause::RuntimeOom: return "runtime-oom";
    case Cause::MemoryStall: return "memory-stall";
    case Cause::Seccomp: return "seccomp";
    case Cause::ExecFailure: return "exec-failure";
    case Cause::StopTimeout: return "stop-timeout";
    case Cause::StartTimeout: return "start-timeout";
    case Cause::RuntimeLimit: return "runtime-limit";
    case Cause::Watchdog: return "watchdog";
    case Cause::Protocol: return "protocol";
    case Cause::ProbeFailure: return "probe-failure";
    case Cause::TaskLimit: return "task-limit";
  }
  return "?";
}

std::optional<Cause> cause_from_name(std::string_view name) {
  for (const Cause cause : kAllCauses) {
    if (to_string(cause) == name) return cause;
  }
  return std::nullopt;
}

std::string_view to_string(Scope scope) {
  switch (scope) {
    case Scope::OwnLimit: return "own-limit";
    case Scope::AncestorLimit: return "ancestor-limit";
    case Scope::OutsideView: return "outside-view";
  }
  return "?";
}

std::string_view to_string(Victim victim) {
  switch (victim) {
    case Victim::Main: return "main";
    case Victim::Helper: return "helper";
    case Victim::Group: return "group";
  }
  return "?";
}

std::string_view to_string(Sender sender) {
  switch (sender) {
    case Sender::Gatevisor: return "gatevisor";
    case Sender::Outside: return "outside";
    case Sender::Kernel: return "kernel";
    case Sender::Itself: return "itself";
  }
  return "?";
}

std::string_view to_string(Confidence confidence) {
  switch (confidence) {
    case Confidence::Certain: return "certain";
    case Confidence::Likely: return "likely";
    case Confidence::Unknown: return "unknown";
  }
  return "?";
}

std::string_view to_string(NextAction action) {
  switch (action) {
    case NextAction::Respawn: return "respawn";
    case NextAction::Stop: return "stop";
    case NextAction::GiveUp: return "give-up";
  }
  return "?";
}

}  // namespace gatevisor
