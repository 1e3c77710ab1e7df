// While the gateway lives: its memory, and whether it serves.

#include "core/format.h"
#include "core/service.h"

namespace gatevisor::core {

// ---- memory --------------------------------------------------------------------------------

void Service::on(Instant now, const event::MemoryChanged& event, Actions& out) {
  if (!main_alive()) return;
  memory_.changed(now, event.now);
  check_memory(now, out);
}

void Service::on(Instant now, const event::PressureHigh&, Actions& out) {
  if (!main_alive()) return;
  memory_.pressure_high(now);
  check_memory(now, out);
}

void Service::check_memory(Instant now, Actions& out) {
  death_.oom = memory_.history();
  if (memory_.take_rearm(now)) out.push_back(action::RearmMemoryWatch{});
  const bool undisturbed = state_ == ServiceState::Running || state_ == ServiceState::Starting;
  const OomPolicy policy = settings_.memory.oom_policy;
  if (memory_.take_helper_killed(now) && undisturbed) {
    const bool may_stop = settings_.kill.mode != KillMode::None;
    const bool stopping = policy == OomPolicy::Kill || (policy == OomPolicy::Stop && may_stop);
    emit(out, record::OomWhileAlive{death_.oom.kills, stopping});
    if (stopping && policy == OomPolicy::Stop) return begin_stop(now, StopReason::OutOfMemory, out);
    if (policy == OomPolicy::Kill) {
      return kill_now(now, StopReason::OutOfMemory, "OOMPolicy=kill", out);
    }
  }
  if (auto stall = memory_.take_stall(); stall && undisturbed) {
    // Where the kernel finds nobody whom it may kill, OOMPolicy= says what is to be done.
    const bool killing = stall->unkillable ? policy != OomPolicy::Continue
                                           : settings_.memory.pressure_policy == ManagedOom::Kill;
    emit(out, record::MemoryStalled{stall->evidence, killing});
    death_.stall = stall->evidence;
    if (killing) kill_now(now, StopReason::MemoryStall, "memory stall", out);
  }
}

// ---- liveness ------------------------------------------------------------------------------

void Service::on(Instant now, const event::Probed& event, Actions& out) {
  if (main_alive()) take_probe(now, event.result, out);
}

void Service::check_probe(Instant now, Actions& out) {
  if (probe_.take_timeout(now)) {
    out.push_back(action::EndProbe{});
    const std::string span = format_duration(settings_.probe.timeout);
    take_probe(now, {ProbeOutcome::Failed, "no answer within " + span}, out);
  }
  if (probe_.take_due(now)) out.push_back(action::Probe{});
}

void Service::take_probe(Instant now, const ProbeResult& result, Actions& out) {
  using Kind = ProbeWatch::Finding::Kind;
  const ProbeWatch::Finding finding = probe_.answered(result);
  if (finding.kind == Kind::Nothing) return;
  const std::string& target = settings_.probe.target->text;
  if (finding.kind == Kind::Serving) return emit(out, record::Serving{target, result.detail});
  if (finding.kind == Kind::CannotRun) {
    return emit(out, record::Warning{Error{"probe", target, 0,
                                           result.detail + "; it cannot run, and is not counted"}});
  }
  // KillMode=none has nothing that could end it: it is only told.
  const bool ending = finding.kind == Kind::TooMany && settings_.kill.mode != KillMode::None;
  emit(out,
       record::ProbeFailed{target, result.detail, finding.failures, finding.threshold, ending});
  if (!ending) return;
  const std::string count = std::to_string(finding.failures);
  death_.probes = {{"setting", "LivenessProbe", target},
                   {"probe", "failures", count},
                   {"probe", "last", result.detail},
                   {"probe", "had served", probe_.has_served() ? "yes" : "no"}};
  death_.probe_summary =
      count + " probes of " + target + " failed in a row, the last with: " + result.detail;
  begin_stop(now, StopReason::ProbeFailure, out);
}

void Service::end_probes(Actions& out) {
  if (probe_.end()) out.push_back(action::EndProbe{});
}

}  // namespace gatevisor::core
