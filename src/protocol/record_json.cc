#include "protocol/record_json.h"

#include <nlohmann/json.hpp>

#include "protocol/flight.h"

namespace gatevisor::protocol {
namespace {

using nlohmann::ordered_json;

ordered_json to_json(const Requester& from) {
  if (from.uid == Requester::kNoProcess) return {{"what", from.what}};
  ordered_json json = {{"what", from.what}, {"pid", from.pid}, {"uid", from.uid}};
  if (!from.command.empty()) json["command"] = from.command;
  return json;
}

ordered_json to_json(const Next& next) {
  return {{"action", to_string(next.action)},
          {"delay_usec", next.delay.count()},
          {"reason", next.reason}};
}

ordered_json to_json(const Verdict& verdict, TimeText time_text) {
  ordered_json json;
  json["unit"] = verdict.unit;
  json["invocation"] = verdict.invocation;
  json["pid"] = verdict.pid;
  json["started"] = time_text(verdict.started);
  json["ended"] = time_text(verdict.ended);
  json["cause"] = to_string(verdict.cause);
  if (verdict.scope) json["scope"] = to_string(*verdict.scope);
  if (verdict.victim) json["victim"] = to_string(*verdict.victim);
  if (verdict.sender) json["sender"] = to_string(*verdict.sender);
  if (verdict.status && !verdict.status->by_signal()) json["exit_code"] = verdict.status->value;
  if (verdict.status && verdict.status->by_signal()) {
    json["signal"] = signal_name(verdict.status->value);
    json["core_dumped"] = verdict.status->kind == EndKind::Dumped;
  }
  if (verdict.exec_failure) {
    json["exec_failure"] = {{"step", to_string(verdict.exec_failure->step)},
                            {"errno", verdict.exec_failure->code}};
  }
  if (!verdict.command.empty()) json["command"] = verdict.command;
  if (!verdict.runtime.empty()) json["runtime"] = verdict.runtime;
  json["status"] = verdict.shell_status;
  json["confidence"] = to_string(verdict.confidence);
  json["summary"] = verdict.summary;
  json["evidence"] = ordered_json::array();
  for (const Evidence& fact : verdict.evidence) {
    json["evidence"].push_back(
        {{"source", fact.source}, {"name", fact.name}, {"value", fact.value}});
  }
  json["ruled_out"] = ordered_json::array();
  for (const RuledOut& other : verdict.ruled_out) {
    json["ruled_out"].push_back({{"cause", to_string(other.cause)}, {"because", other.because}});
  }
  ordered_json memory = ordered_json::object();
  if (verdict.memory_peak) memory["peak"] = *verdict.memory_peak;
  if (verdict.memory_limit) memory["limit"] = *verdict.memory_limit;
  if (!verdict.limit_path.empty()) memory["limit_path"] = verdict.limit_path;
  json["memory"] = std::move(memory);
  json["next"] = to_json(verdict.next);
  return json;
}

ordered_json row_of(const Sample& sample) {
  ordered_json row = ordered_json::array();
  for (const FlightColumn& column : kFlightColumns) {
    const auto value = column.get(sample);
    row.push_back(value ? ordered_json(*value) : ordered_json());
  }
  ordered_json biggest = ordered_json::array();
  for (const ProcessMemory& process : sample.biggest) {
    biggest.push_back(ordered_json::array({process.pid, process.name, process.resident}));
  }
  row.push_back(std::move(biggest));
  return row;
}

/// The fields of one kind of record, after the ones that all have.
struct Fields {
  ordered_json& json;
  TimeText time_text;

  void operator()(const record::Started& r) const {
    json["pid"] = r.pid;
    json["invocation"] = r.invocation;
    json["launch"] = r.launch;
  }
  void operator()(const record::Ready& r) const { json["pid"] = r.pid; }
  void operator()(const record::CommandFailed& r) const {
    json["command"] = to_string(r.kind);
    json["program"] = r.program;
    json["how"] = r.how;
  }
  void operator()(const record::Skipped& r) const {
    json["condition"] = r.condition;
    json["how"] = r.how;
  }
  void operator()(const record::NotStarted& r) const { json["reason"] = r.reason; }
  void operator()(const record::Reloading& r) const { json["from"] = to_json(r.from); }
  void operator()(const record::Reloaded&) const {}
  void operator()(const record::Flight& r) const {
    json["invocation"] = r.invocation;
    ordered_json columns = ordered_json::array();
    for (const FlightColumn& column : kFlightColumns) columns.push_back(column.name);
    columns.push_back(kBiggest);
    json["columns"] = std::move(columns);
    json["rows"] = ordered_json::array();
    for (const Sample& sample : r.samples) json["rows"].push_back(row_of(sample));
  }
  void operator()(const record::Exited& r) const {
    json["exits_in_window"] = r.exits_in_window;
    json["window_usec"] = r.window.count();
    json["result"] = r.result;
    json["verdict"] = to_json(r.verdict, time_text);
  }
  void operator()(const record::Failed& r) const {
    json["result"] = r.result;
    json["next"] = to_json(r.next);
  }
  void operator()(const record::Alarm& r) const {
    json["exits"] = r.exits;
    json["window_usec"] = r.window.count();
  }
  void operator()(const record::StartLimitHit& r) const {
    json["starts"] = r.starts;
    json["interval_usec"] = r.interval.count();
  }
  void operator()(const record::Stopping& r) const {
    json["from"] = to_json(r.from);
    json["pid"] = r.pid;
    json["signal"] = signal_name(r.signal);
    json["for_restart"] = r.for_restart;
  }
  void operator()(const record::Forwarded& r) const {
    json["received"] = signal_name(r.received);
    json["sent"] = signal_name(r.sent);
    json["pid"] = r.pid;
    json["from"] = to_json(r.from);
  }
  void operator()(const record::SignalSent& r) const {
    json["signal"] = signal_name(r.signal);
    json["whom"] = to_string(r.whom);
    json["pid"] = r.pid;
    json["from"] = to_json(r.from);
  }
  void operator()(const record::KillEscalated& r) const {
    json["pid"] = r.pid;
    json["timeout_usec"] = r.timeout.count();
    json["signal"] = signal_name(r.signal);
  }
  void operator()(const record::OomWhileAlive& r) const {
    json["kills"] = r.kills;
    json["stopping"] = r.stopping;
  }
  void operator()(const record::MemoryStalled& r) const {
    json["evidence"] = r.evidence;
    json["killing"] = r.killing;
  }
  void operator()(const record::Serving& r) const {
    json["probe"] = to_string(r.kind);
    json["target"] = r.target;
    json["detail"] = r.detail;
  }
  void operator()(const record::ProbeFailed& r) const {
    json["probe"] = to_string(r.kind);
    json["target"] = r.target;
    json["detail"] = r.detail;
    json["failures"] = r.failures;
    json["threshold"] = r.threshold;
    json["ending"] = r.ending;
  }
  void operator()(const record::HookFailed& r) const {
    json["hook"] = setting_of(r.kind);
    json["program"] = r.program;
    json["how"] = r.how;
  }
  void operator()(const record::LeftBehind& r) const {
    json["pid"] = r.pid;
    if (r.signal != 0) json["signal"] = signal_name(r.signal);
  }
  void operator()(const record::Warning& r) const {
    json["operation"] = r.error.operation;
    json["subject"] = r.error.subject;
    json["errno"] = r.error.code;
  }
  void operator()(const record::Finished& r) const {
    json["status"] = r.status;
    json["reason"] = r.reason;
  }
};

struct Name {
  std::string_view operator()(const record::Started&) const { return "started"; }
  std::string_view operator()(const record::Ready&) const { return "ready"; }
  std::string_view operator()(const record::CommandFailed&) const { return "command-failed"; }
  std::string_view operator()(const record::Skipped&) const { return "skipped"; }
  std::string_view operator()(const record::NotStarted&) const { return "not-started"; }
  std::string_view operator()(const record::Reloading&) const { return "reloading"; }
  std::string_view operator()(const record::Reloaded&) const { return "reloaded"; }
  std::string_view operator()(const record::Flight&) const { return "flight"; }
  std::string_view operator()(const record::Exited&) const { return "exited"; }
  std::string_view operator()(const record::Failed&) const { return "failed"; }
  std::string_view operator()(const record::Alarm&) const { return "alarm"; }
  std::string_view operator()(const record::StartLimitHit&) const { return "start-limit"; }
  std::string_view operator()(const record::Stopping&) const { return "stopping"; }
  std::string_view operator()(const record::Forwarded&) const { return "forwarded"; }
  std::string_view operator()(const record::SignalSent&) const { return "signal-sent"; }
  std::string_view operator()(const record::KillEscalated&) const { return "kill"; }
  std::string_view operator()(const record::OomWhileAlive&) const { return "oom"; }
  std::string_view operator()(const record::MemoryStalled&) const { return "stall"; }
  std::string_view operator()(const record::Serving&) const { return "serving"; }
  std::string_view operator()(const record::ProbeFailed&) const { return "probe-failed"; }
  std::string_view operator()(const record::HookFailed&) const { return "hook-failed"; }
  std::string_view operator()(const record::LeftBehind&) const { return "left-behind"; }
  std::string_view operator()(const record::Warning&) const { return "warning"; }
  std::string_view operator()(const record::Finished&) const { return "finished"; }
};

}  // namespace

std::string_view event_name(const Record& record) { return std::visit(Name{}, record); }

std::string to_json(const Record& record, const std::string& unit, std::string_view level,
                    const std::string& message, Instant now, TimeText time_text) {
  ordered_json json;
  json["time"] = time_text(now);
  json["level"] = level;
  json["unit"] = unit;
  json["event"] = event_name(record);
  json["message"] = message;
  std::visit(Fields{json, time_text}, record);
  return json.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

}  // namespace gatevisor::protocol
