// Gatevisor's own: StartupProbe=, LivenessProbe=, ReadinessProbe= and what goes with them.

#include "config/probe_target.h"
#include "config/setters.h"
#include "config/time_span.h"

namespace gatevisor::config {
namespace {

constexpr std::uint64_t kMaxFailures = 1'000'000;

/// More often would be a load, and less than a millisecond is no time to answer in.
Parsed<Duration> parse_probe_time(std::string_view value, Duration least) {
  auto span = parse_time_span(value);
  if (!span) return span;
  if (*span < least || *span == kForever) {
    return refuse(least >= std::chrono::milliseconds{100} ? "expected a time from 100ms up"
                                                          : "expected a time from 1ms up");
  }
  return span;
}

}  // namespace

template <ProbeKind kind>
Parsed<void> set_probe(ServiceSettings& settings, std::string_view value) {
  std::optional<ProbeTarget>& target = settings.probes.of(kind).target;
  if (value.empty()) {
    target.reset();
    return {};
  }
  auto parsed = parse_probe_target(value);
  if (parsed && parsed->kind == ProbeTarget::Kind::Line && kind != ProbeKind::Startup) {
    return refuse("log: tells of one moment; it is for StartupProbe= alone");
  }
  return store(target, std::move(parsed));
}

template <ProbeKind kind>
Parsed<void> set_probe_status(ServiceSettings& settings, std::string_view value) {
  return store(settings.probes.of(kind).accepted, parse_http_statuses(value));
}

template <ProbeKind kind>
Parsed<void> set_probe_interval(ServiceSettings& settings, std::string_view value) {
  return store(settings.probes.of(kind).interval,
               parse_probe_time(value, std::chrono::milliseconds{100}));
}

template <ProbeKind kind>
Parsed<void> set_probe_timeout(ServiceSettings& settings, std::string_view value) {
  return store(settings.probes.of(kind).timeout,
               parse_probe_time(value, std::chrono::milliseconds{1}));
}

template <ProbeKind kind>
Parsed<void> set_probe_failures(ServiceSettings& settings, std::string_view value) {
  return store(settings.probes.of(kind).failures, parse_decimal(value, 1, kMaxFailures));
}

template <ProbeKind kind>
Parsed<void> set_probe_start_failures(ServiceSettings& settings, std::string_view value) {
  return store(settings.probes.of(kind).start_failures, parse_decimal(value, 1, kMaxFailures));
}

// It never serves twice in a life.
Parsed<void> set_startup_failures(ServiceSettings& settings, std::string_view value) {
  return store(settings.probes.startup.start_failures, parse_decimal(value, 0, kMaxFailures));
}

template Setter set_probe<ProbeKind::Startup>;
template Setter set_probe<ProbeKind::Liveness>;
template Setter set_probe<ProbeKind::Readiness>;
template Setter set_probe_status<ProbeKind::Startup>;
template Setter set_probe_status<ProbeKind::Liveness>;
template Setter set_probe_status<ProbeKind::Readiness>;
template Setter set_probe_interval<ProbeKind::Startup>;
template Setter set_probe_interval<ProbeKind::Liveness>;
template Setter set_probe_interval<ProbeKind::Readiness>;
template Setter set_probe_timeout<ProbeKind::Startup>;
template Setter set_probe_timeout<ProbeKind::Liveness>;
template Setter set_probe_timeout<ProbeKind::Readiness>;
template Setter set_probe_failures<ProbeKind::Liveness>;
template Setter set_probe_failures<ProbeKind::Readiness>;
template Setter set_probe_start_failures<ProbeKind::Liveness>;

}  // namespace gatevisor::config
