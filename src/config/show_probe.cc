// Probes and hooks: gatevisor's own.

#include <bitset>

#include "config/show_rows.h"

namespace gatevisor::config {
namespace {

template <ProbeKind kind>
ShownValue target(const ShowSubject& of) {
  const auto& target = of.settings.probes.of(kind).target;
  return shown_text(target ? target->text : "");
}

template <ProbeKind kind>
ShownValue accepted(const ShowSubject& of) {
  const HttpStatusSet& set = of.settings.probes.of(kind).accepted;
  std::bitset<1024> all;
  for (std::size_t code = 0; code < set.size(); ++code) all[code] = set[code];
  return shown_text(ranges_text(all));
}

template <ProbeKind kind>
ShownValue interval(const ShowSubject& of) {
  return shown_span(of.settings.probes.of(kind).interval);
}

template <ProbeKind kind>
ShownValue timeout(const ShowSubject& of) {
  return shown_span(of.settings.probes.of(kind).timeout);
}

template <ProbeKind kind>
ShownValue failures(const ShowSubject& of) {
  return shown_number(of.settings.probes.of(kind).failures);
}

template <ProbeKind kind>
ShownValue start_failures(const ShowSubject& of) {
  return shown_number(of.settings.probes.of(kind).start_failures);
}

template <HookKind kind>
ShownValue commands(const ShowSubject& of) {
  std::vector<std::string> lines;
  for (const Command& command : of.settings.hooks.of(kind)) {
    lines.push_back("{ path=" + command.path + " ; argv[]=" + joined(command.argv) + " }");
  }
  return shown_lines(std::move(lines));
}

constexpr ShowRow kRows[] = {
    {"StartupProbe", "StartupProbe", target<ProbeKind::Startup>},
    {"StartupProbeStatus", "StartupProbeStatus", accepted<ProbeKind::Startup>},
    {"StartupProbeSec", "StartupProbeUSec", interval<ProbeKind::Startup>},
    {"StartupProbeTimeoutSec", "StartupProbeTimeoutUSec", timeout<ProbeKind::Startup>},
    {"StartupProbeFailures", "StartupProbeFailures", start_failures<ProbeKind::Startup>},
    {"LivenessProbe", "LivenessProbe", target<ProbeKind::Liveness>},
    {"LivenessProbeStatus", "LivenessProbeStatus", accepted<ProbeKind::Liveness>},
    {"LivenessProbeSec", "LivenessProbeUSec", interval<ProbeKind::Liveness>},
    {"LivenessProbeTimeoutSec", "LivenessProbeTimeoutUSec", timeout<ProbeKind::Liveness>},
    {"LivenessProbeFailures", "LivenessProbeFailures", failures<ProbeKind::Liveness>},
    {"LivenessProbeStartFailures", "LivenessProbeStartFailures",
     start_failures<ProbeKind::Liveness>},
    {"ReadinessProbe", "ReadinessProbe", target<ProbeKind::Readiness>},
    {"ReadinessProbeStatus", "ReadinessProbeStatus", accepted<ProbeKind::Readiness>},
    {"ReadinessProbeSec", "ReadinessProbeUSec", interval<ProbeKind::Readiness>},
    {"ReadinessProbeTimeoutSec", "ReadinessProbeTimeoutUSec", timeout<ProbeKind::Readiness>},
    {"ReadinessProbeFailures", "ReadinessProbeFailures", failures<ProbeKind::Readiness>},
    {"OnAlarm", "OnAlarm", commands<HookKind::Alarm>},
    {"OnOOM", "OnOOM", commands<HookKind::OutOfMemory>},
    {"HookTimeoutSec", "HookTimeoutUSec",
     [](const ShowSubject& of) { return shown_span(of.settings.hooks.timeout); }},
};

}  // namespace

std::span<const ShowRow> probe_rows() { return kRows; }

}  // namespace gatevisor::config
