// StartupProbe=, LivenessProbe=, ReadinessProbe=: what follows on their answers.

#include "core/format.h"
#include "core/service.h"

namespace gatevisor::core {

void Service::on(Instant now, const event::Probed& event, Actions& out) {
  if (main_alive()) take_probe(now, event.kind, event.result, out);
}

// Of the processes that its Type= calls started, where no StartupProbe= has a say.
void Service::main_executes(Instant now, Actions& out) {
  if (!settings_.probes.startup.target) return main_started(now, out);
  state_deadline_ = after(now, settings_.life.start_timeout());
  watch(ProbeKind::Startup).begin(now, true);
  check_probes(now, out);
}

void Service::begin_probes(Instant now, Actions& out) {
  if (!main_alive()) return;
  watch(ProbeKind::Liveness).begin(now);
  watch(ProbeKind::Readiness).begin(now, true);
  check_probes(now, out);
}

void Service::check_probes(Instant now, Actions& out) {
  for (const ProbeKind kind : kAllProbeKinds) {
    if (watch(kind).take_timeout(now)) {
      out.push_back(action::EndProbe{kind});
      const std::string span = format_duration(settings_.probes.of(kind).timeout);
      take_probe(now, kind, {ProbeOutcome::Failed, "no answer within " + span}, out);
    }
    if (watch(kind).take_due(now)) out.push_back(action::Probe{kind});
  }
}

void Service::take_probe(Instant now, ProbeKind kind, const ProbeResult& result, Actions& out) {
  using Kind = ProbeWatch::Finding::Kind;
  ProbeWatch& watched = watch(kind);
  const ProbeWatch::Finding finding = watched.answered(now, result);
  const std::string& target = settings_.probes.of(kind).target->text;
  if (kind == ProbeKind::Startup) {
    death_.last_probe = {target, result.detail};
    if (finding.kind == Kind::Serving) {
      emit(out, record::Serving{target, result.detail, kind});
      watched.end();
      if (state_ == ServiceState::Starting) main_started(now, out);
      return;
    }
  }
  if (finding.kind == Kind::Nothing) return;
  if (finding.kind == Kind::Serving) return emit(out, record::Serving{target, result.detail, kind});
  if (finding.kind == Kind::CannotRun) {
    return emit(out, record::Warning{Error{std::string(to_string(kind)) + " probe", target, 0,
                                           result.detail + "; it cannot run, and is not counted"}});
  }
  // KillMode=none has nothing that could end it: it is only told.
  const bool ending = finding.kind == Kind::TooMany && kind != ProbeKind::Readiness &&
                      settings_.kill.mode != KillMode::None;
  emit(out, record::ProbeFailed{target, result.detail, finding.failures, finding.threshold, ending,
                                kind});
  if (!ending) return;
  const std::string count = std::to_string(finding.failures);
  death_.probes = {{"setting", std::string(setting_of(kind)), target},
                   {"probe", "failures", count},
                   {"probe", "last", result.detail},
                   {"probe", "had served", watched.has_served() ? "yes" : "no"}};
  death_.probe_summary =
      count + " probes of " + target + " failed in a row, the last with: " + result.detail;
  begin_stop(now, StopReason::ProbeFailure, out);
}

void Service::end_probes(Actions& out) {
  for (const ProbeKind kind : kAllProbeKinds) {
    if (watch(kind).end()) out.push_back(action::EndProbe{kind});
  }
}

bool Service::is_ready() const {
  if (activity() != Activity::Active) return false;
  if (!settings_.probes.readiness.target) return true;
  return main_alive() && probe(ProbeKind::Readiness).serves();
}

}  // namespace gatevisor::core
