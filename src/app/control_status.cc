#include "app/control_status.h"

#include "os/clock.h"

namespace gatevisor::app {
namespace {

/// systemd's ActiveState: one that waits for its respawn is activating.
std::string_view active_state(core::Activity activity) {
  switch (activity) {
    case core::Activity::Inactive: return "inactive";
    case core::Activity::Activating:
    case core::Activity::AutoRestart: return "activating";
    case core::Activity::Active: return "active";
    case core::Activity::Deactivating: return "deactivating";
    case core::Activity::Failed: return "failed";
  }
  return "?";
}

/// systemd's SubState of a service.
std::string_view sub_state(const core::Service& service) {
  switch (service.state()) {
    case core::ServiceState::Inactive: return "dead";
    case core::ServiceState::Condition: return "condition";
    case core::ServiceState::StartPre: return "start-pre";
    case core::ServiceState::Starting: return "start";
    case core::ServiceState::StartPost: return "start-post";
    case core::ServiceState::Running: return "running";
    case core::ServiceState::Exited: return "exited";
    case core::ServiceState::Reloading: return "reload";
    case core::ServiceState::StopCommands: return "stop";
    case core::ServiceState::Stopping: return "stop-sigterm";
    case core::ServiceState::StopKilling: return "stop-sigkill";
    case core::ServiceState::Clearing: return "final-sigterm";
    case core::ServiceState::ClearKilling: return "final-sigkill";
    case core::ServiceState::StopPost: return "stop-post";
    case core::ServiceState::Waiting: return "auto-restart";
    case core::ServiceState::Over:
      return service.activity() == core::Activity::Failed ? "failed" : "dead";
  }
  return "?";
}

}  // namespace

UnitStatus describe(const core::Manager& manager, std::size_t unit, const UnitRuntime& runtime,
                    bool main, SpawnRung spawn, Instant now) {
  const core::Service& service = manager.service(unit);
  const ServiceSettings& settings = runtime.settings();
  const os::Placement& placement = runtime.placement();
  UnitStatus status;
  status.name = settings.unit_name();
  status.main = main;
  status.active = active_state(service.activity());
  status.sub = sub_state(service);
  if (const auto since = manager.since(unit)) status.since = os::wall_time(*since);
  if (service.state() == core::ServiceState::Over) status.reason = service.end_reason();
  status.job = manager.job(unit);
  status.main_pid = service.main_pid();
  status.control_pid = service.control_pid();
  status.invocation = service.invocation();
  status.launches = service.launches();
  if (status.launches > 0) status.started = os::wall_time(service.started());
  if (service.state() == core::ServiceState::Waiting && service.deadline() != Instant::max()) {
    status.next_start = os::wall_time(service.deadline());
  }
  for (const Cause cause : kAllCauses) {
    if (const auto count = service.deaths(cause)) {
      status.deaths.push_back({std::string(to_string(cause)), count});
    }
  }
  status.exits = service.exits_in_window(now);
  status.window = settings.alarm.interval;
  status.text = service.status_text();
  status.ready = service.is_ready();
  for (const ProbeKind kind : kAllProbeKinds) {
    const auto& target = settings.probes.of(kind).target;
    if (!target) continue;
    const core::ProbeWatch& probe = service.probe(kind);
    const bool serving =
        service.main_pid() != 0 && probe.has_served() && probe.failures() == 0;
    status.probes.push_back({std::string(to_string(kind)), target->text, serving,
                             probe.failures(), probe.latency()});
  }
  if (placement.slice()) status.slice = placement.slice().path();
  if (placement.has_leaf()) status.leaf = placement.leaf().path();
  status.cgroup = to_string(placement.rung());
  status.spawn = to_string(spawn);
  if (const auto& verdict = service.last_verdict()) {
    status.died = true;
    status.last = {verdict->invocation,
                   os::wall_time(verdict->ended),
                   std::string(to_string(verdict->cause)),
                   std::string(to_string(verdict->confidence)),
                   verdict->summary,
                   verdict->shell_status};
  }
  return status;
}

}  // namespace gatevisor::app
