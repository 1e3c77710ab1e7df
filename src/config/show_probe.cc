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

template <ProbeKind kind, Duration ProbeSettings::* field>
ShownValue time(const ShowSubject& of) {
  return shown_span(of.settings.probes.of(kind).*field);
}

template <ProbeKind kind, unsigned ProbeSettings::* field>
ShownValue count(const ShowSubject& of) {
  return shown_number(of.settings.probes.of(kind).*field);
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
    {"StartupProbeSec", "StartupProbeUSec", time<ProbeKind::Startup, &ProbeSettings::interval>},
    {"StartupProbeTimeoutSec", "StartupProbeTimeoutUSec",
     time<ProbeKind::Startup, &ProbeSettings::timeout>},
    {"StartupProbeFailures", "StartupProbeFailures",
     count<ProbeKind::Startup, &ProbeSettings::start_failures>},
    {"LivenessProbe", "LivenessProbe", target<ProbeKind::Liveness>},
    {"LivenessProbeStatus", "LivenessProbeStatus", accepted<ProbeKind::Liveness>},
    {"LivenessProbeSec", "LivenessProbeUSec", time<ProbeKind::Liveness, &ProbeSettings::interval>},
    {"LivenessProbeTimeoutSec", "LivenessProbeTimeoutUSec",
     time<ProbeKind::Liveness, &ProbeSettings::timeout>},
    {"LivenessProbeFailures", "LivenessProbeFailures",
     count<ProbeKind::Liveness, &ProbeSettings::failures>},
    {"LivenessProbeStartFailures", "LivenessProbeStartFailures",
     count<ProbeKind::Liveness, &ProbeSettings::start_failures>},
    {"ReadinessProbe", "ReadinessProbe", target<ProbeKind::Readiness>},
    {"ReadinessProbeStatus", "ReadinessProbeStatus", accepted<ProbeKind::Readiness>},
    {"ReadinessProbeSec", "ReadinessProbeUSec",
     time<ProbeKind::Readiness, &ProbeSettings::interval>},
    {"ReadinessProbeTimeoutSec", "ReadinessProbeTimeoutUSec",
     time<ProbeKind::Readiness, &ProbeSettings::timeout>},
    {"ReadinessProbeFailures", "ReadinessProbeFailures",
     count<ProbeKind::Readiness, &ProbeSettings::failures>},
    {"OnAlarm", "OnAlarm", commands<HookKind::Alarm>},
    {"OnOOM", "OnOOM", commands<HookKind::OutOfMemory>},
    {"HookTimeoutSec", "HookTimeoutUSec",
     [](const ShowSubject& of) { return shown_span(of.settings.hooks.timeout); }},
};

}  // namespace

std::span<const ShowRow> probe_rows() { return kRows; }

}  // namespace gatevisor::config
