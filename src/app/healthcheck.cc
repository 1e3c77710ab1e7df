// `gatevisor healthcheck`: for a container's HEALTHCHECK, and for probes that run a command.

#include "app/control_client.h"
#include "app/control_commands.h"
#include "app/exit_code.h"

namespace gatevisor::app {
namespace {

/// Empty: it is well.
std::string ailment(const UnitStatus& unit) {
  if (unit.active != "active") {
    return unit.active + " (" + unit.sub + ")" + (unit.reason.empty() ? "" : ": " + unit.reason) +
           (unit.next_start.empty() ? "" : ", started again at " + unit.next_start);
  }
  for (const ProbeStatus& probe : unit.probes) {
    const bool asked = probe.kind != "startup" && !probe.serving;
    // One that failed less often than ReadinessProbeFailures= may still be ready.
    if (!asked || (probe.kind == "readiness" && unit.ready)) continue;
    const char* what = probe.kind == "readiness" ? "is not ready: " : "does not serve: ";
    if (probe.failures > 0) {
      return what + std::to_string(probe.failures) + " probes of " + probe.target + " failed";
    }
    return "runs, and has not answered a probe of " + probe.target + " yet";
  }
  return "";
}

}  // namespace

int health(const HealthOptions& options) {
  if (options.units.size() > 1) {
    complain_of("healthcheck: one unit, or none for the main one");
    return kUsage;
  }
  protocol::ControlCall call;
  call.method = protocol::Method::Status;
  if (!options.units.empty()) call.unit = options.units.front();
  auto client = ControlClient::find(options.socket, call.unit);
  if (!client) {
    complain_of("healthcheck: " + to_string(client.error().error));
    return kIncomplete;
  }
  const auto reply = client->call(call);
  if (!reply || !reply->error.empty()) {
    complain_of("healthcheck: " + (reply ? error_text(*reply) : to_string(reply.error().error)));
    return kIncomplete;
  }
  const UnitStatus* const unit = unit_in(*reply, call.unit);
  if (unit == nullptr) return kIncomplete;
  const std::string what = ailment(*unit);
  if (what.empty()) return kOk;
  complain_of("healthcheck: " + unit->name + ": " + what);
  return kIncomplete;
}

}  // namespace gatevisor::app
