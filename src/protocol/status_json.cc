#include "protocol/status_json.h"

namespace gatevisor::protocol {
ordered_json to_json(const UnitStatus& unit) {
  ordered_json json = {
      {"name", unit.name}, {"main", unit.main}, {"active", unit.active}, {"sub", unit.sub}};
  put(json, "since", unit.since);
  put(json, "reason", unit.reason);
  put(json, "job", unit.job);
  if (unit.main_pid != 0) json["main_pid"] = unit.main_pid;
  if (unit.control_pid != 0) json["control_pid"] = unit.control_pid;
  put(json, "invocation", unit.invocation);
  put(json, "started", unit.started);
  json["launches"] = unit.launches;
  put(json, "next_start", unit.next_start);
  json["exits"] = unit.exits;
  json["window_usec"] = unit.window.count();
  put(json, "text", unit.text);
  json["ready"] = unit.ready;
  ordered_json probes = ordered_json::array();
  for (const ProbeStatus& probe : unit.probes) {
    probes.push_back({{"kind", probe.kind},
                      {"target", probe.target},
                      {"serving", probe.serving},
                      {"failures", probe.failures}});
    if (probe.latency) probes.back()["latency_usec"] = probe.latency->count();
  }
  json["probes"] = std::move(probes);
  ordered_json deaths = ordered_json::array();
  for (const auto& [cause, count] : unit.deaths) {
    deaths.push_back({{"cause", cause}, {"count", count}});
  }
  json["deaths"] = std::move(deaths);
  put(json, "slice", unit.slice);
  put(json, "leaf", unit.leaf);
  json["cgroup"] = unit.cgroup;
  json["spawn"] = unit.spawn;
  if (unit.died) {
    json["last"] = {{"invocation", unit.last.invocation}, {"ended", unit.last.ended},
                    {"cause", unit.last.cause},           {"confidence", unit.last.confidence},
                    {"summary", unit.last.summary},       {"status", unit.last.status}};
  }
  return json;
}

ordered_json to_json(const SupervisorStatus& supervisor) {
  ordered_json json = {{"pid", supervisor.pid},
                       {"version", supervisor.version},
                       {"started", supervisor.started},
                       {"main", supervisor.main},
                       {"keep_running", supervisor.keep_running},
                       {"ending", supervisor.ending}};
  put(json, "journal", supervisor.journal);
  if (!supervisor.journal.empty()) {
    json["journal_entries"] = supervisor.journal_entries;
    json["journal_bytes"] = supervisor.journal_bytes;
    json["journal_dropped"] = supervisor.journal_dropped;
  }
  put(json, "journal_trouble", supervisor.journal_trouble);
  return json;
}

UnitStatus read_unit(const ordered_json& json) {
  UnitStatus unit;
  unit.name = text(json, "name");
  unit.main = flag(json, "main");
  unit.active = text(json, "active");
  unit.sub = text(json, "sub");
  unit.since = text(json, "since");
  unit.reason = text(json, "reason");
  unit.job = text(json, "job");
  unit.main_pid = number<int>(json, "main_pid");
  unit.control_pid = number<int>(json, "control_pid");
  unit.invocation = text(json, "invocation");
  unit.started = text(json, "started");
  unit.launches = number<std::uint64_t>(json, "launches");
  unit.next_start = text(json, "next_start");
  unit.exits = number<unsigned>(json, "exits");
  unit.window = Duration{number<Duration::rep>(json, "window_usec")};
  unit.text = text(json, "text");
  unit.ready = flag(json, "ready");
  if (const ordered_json& probes = member(json, "probes"); probes.is_array()) {
    for (const ordered_json& each : probes) {
      unit.probes.push_back({text(each, "kind"), text(each, "target"), flag(each, "serving"),
                             number<unsigned>(each, "failures"), std::nullopt});
      if (member(each, "latency_usec").is_number()) {
        unit.probes.back().latency = Duration{number<Duration::rep>(each, "latency_usec")};
      }
    }
  }
  if (const ordered_json& deaths = member(json, "deaths"); deaths.is_array()) {
    for (const ordered_json& each : deaths) {
      unit.deaths.push_back({text(each, "cause"), number<std::uint64_t>(each, "count")});
    }
  }
  unit.slice = text(json, "slice");
  unit.leaf = text(json, "leaf");
  unit.cgroup = text(json, "cgroup");
  unit.spawn = text(json, "spawn");
  const ordered_json& last = member(json, "last");
  unit.died = last.is_object();
  unit.last = {text(last, "invocation"), text(last, "ended"),   text(last, "cause"),
               text(last, "confidence"), text(last, "summary"), number<int>(last, "status")};
  return unit;
}

SupervisorStatus read_supervisor(const ordered_json& json) {
  return {number<int>(json, "pid"),   text(json, "version"),      text(json, "started"),
          text(json, "main"),         flag(json, "keep_running"), flag(json, "ending"),
          text(json, "journal"),
          number<std::uint64_t>(json, "journal_entries"),
          number<std::uint64_t>(json, "journal_bytes"),
          number<std::uint64_t>(json, "journal_dropped"),
          text(json, "journal_trouble")};
}

}  // namespace gatevisor::protocol
