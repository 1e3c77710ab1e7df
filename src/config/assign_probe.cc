// Gatevisor's own: LivenessProbe= and what goes with it.

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

Parsed<void> set_probe(ServiceSettings& settings, std::string_view value) {
  if (value.empty()) {
    settings.probe.target.reset();
    return {};
  }
  return store(settings.probe.target, parse_probe_target(value));
}

Parsed<void> set_probe_status(ServiceSettings& settings, std::string_view value) {
  return store(settings.probe.accepted, parse_http_statuses(value));
}

Parsed<void> set_probe_interval(ServiceSettings& settings, std::string_view value) {
  return store(settings.probe.interval, parse_probe_time(value, std::chrono::milliseconds{100}));
}

Parsed<void> set_probe_timeout(ServiceSettings& settings, std::string_view value) {
  return store(settings.probe.timeout, parse_probe_time(value, std::chrono::milliseconds{1}));
}

Parsed<void> set_probe_failures(ServiceSettings& settings, std::string_view value) {
  return store(settings.probe.failures, parse_decimal(value, 1, kMaxFailures));
}

Parsed<void> set_probe_start_failures(ServiceSettings& settings, std::string_view value) {
  return store(settings.probe.start_failures, parse_decimal(value, 1, kMaxFailures));
}

}  // namespace gatevisor::config
