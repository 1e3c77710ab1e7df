#include "protocol/varlink.h"

#include <array>

#include "protocol/json.h"
#include "protocol/status_json.h"

namespace gatevisor::protocol {
namespace {

constexpr std::string_view kService = "org.varlink.service.";
constexpr std::string_view kManager = "org.gatevisor.Manager.";

constexpr const char* kServiceDescription = R"(# The Varlink service interface
interface org.varlink.service

method GetInfo() -> (
  vendor: string, product: string, version: string, url: string, interfaces: []string
)

method GetInterfaceDescription(interface: string) -> (description: string)

error InterfaceNotFound(interface: string)
error MethodNotFound(method: string)
error MethodNotImplemented(method: string)
error InvalidParameter(parameter: string)
error PermissionDenied()
error ExpectedMore()
)";

std::string frame(const ordered_json& json) { return dump(json) + '\0'; }

std::string reply(ordered_json parameters, bool continues = false) {
  ordered_json json = {{"parameters", std::move(parameters)}};
  if (continues) json["continues"] = true;
  return frame(json);
}

struct Named {
  std::string_view name;
  Verb verb;
};
constexpr std::array kCommands = {
    Named{"Start", Verb::Start},   Named{"Stop", Verb::Stop}, Named{"Restart", Verb::Restart},
    Named{"Reload", Verb::Reload}, Named{"Kill", Verb::Kill}, Named{"ResetFailed", Verb::ResetFailed}};

void find_method(ControlCall& call) {
  const std::string_view name = call.name;
  if (name.starts_with(kService)) {
    const std::string_view method = name.substr(kService.size());
    if (method == "GetInfo") call.method = Method::GetInfo;
    if (method == "GetInterfaceDescription") call.method = Method::GetInterfaceDescription;
  }
  if (!name.starts_with(kManager)) return;
  const std::string_view method = name.substr(kManager.size());
  if (method == "Status") call.method = Method::Status;
  if (method == "Monitor") call.method = Method::Monitor;
  for (const Named& command : kCommands) {
    if (command.name != method) continue;
    call.method = Method::Command;
    call.verb = command.verb;
  }
}

/// Takes one parameter, and says whether it is what it has to be. Null is as if left out.
bool take_text(const ordered_json& json, std::string& into) {
  if (json.is_null()) return true;
  if (!json.is_string()) return false;
  into = json.get<std::string>();
  return true;
}

void read_parameters(const ordered_json& json, ControlCall& call) {
  const auto check = [&call](bool right, const char* name) {
    if (!right && call.wrong.empty()) call.wrong = name;
  };
  check(take_text(member(json, "unit"), call.unit), "unit");
  check(take_text(member(json, "interface"), call.interface), "interface");
  const ordered_json& no_wait = member(json, "no_wait");
  check(no_wait.is_null() || no_wait.is_boolean(), "no_wait");
  call.no_wait = flag(json, "no_wait");
  if (const ordered_json& signal = member(json, "signal"); !signal.is_null()) {
    call.signal = number<int>(json, "signal");
    check(call.signal >= 1 && call.signal <= 64, "signal");
  }
  std::string whom;
  check(take_text(member(json, "whom"), whom), "whom");
  if (whom.empty()) return;
  const auto known = kill_whom_from_name(whom);
  check(known.has_value(), "whom");
  call.whom = known.value_or(KillWhom::All);
}

std::string error_name(CallError error) {
  switch (error) {
    case CallError::MethodNotFound: return std::string(kService) + "MethodNotFound";
    case CallError::InvalidParameter: return std::string(kService) + "InvalidParameter";
    case CallError::PermissionDenied: return std::string(kService) + "PermissionDenied";
    case CallError::ExpectedMore: return std::string(kService) + "ExpectedMore";
    case CallError::NoSuchUnit: return std::string(kManager) + "NoSuchUnit";
    case CallError::TooManyClients: return std::string(kManager) + "TooManyClients";
  }
  return std::string(kService) + "MethodNotFound";
}

std::string named_error(const std::string& error, ordered_json parameters) {
  return frame({{"error", error}, {"parameters", std::move(parameters)}});
}

}  // namespace

// ---- calls -----------------------------------------------------------------------------------

std::optional<ControlCall> read_call(std::string_view bytes) {
  if (bytes.size() > kMaxCall) return std::nullopt;
  const ordered_json json = parse_json(bytes);
  ControlCall call;
  call.name = text(json, "method");
  if (call.name.empty()) return std::nullopt;
  call.more = flag(json, "more");
  call.oneway = flag(json, "oneway");
  find_method(call);
  read_parameters(member(json, "parameters"), call);
  return call;
}

std::string write_call(const ControlCall& call) {
  ordered_json parameters = ordered_json::object();
  put(parameters, "unit", call.unit);
  if (call.no_wait) parameters["no_wait"] = true;
  std::string method = call.name;
  switch (call.method) {
    case Method::Command:
      for (const Named& command : kCommands) {
        if (command.verb == call.verb) method = std::string(kManager) + std::string(command.name);
      }
      if (call.verb == Verb::Kill) {
        parameters["signal"] = call.signal;
        parameters["whom"] = to_string(call.whom);
      }
      break;
    case Method::Status: method = std::string(kManager) + "Status"; break;
    case Method::Monitor: method = std::string(kManager) + "Monitor"; break;
    case Method::GetInfo: method = std::string(kService) + "GetInfo"; break;
    case Method::GetInterfaceDescription:
      method = std::string(kService) + "GetInterfaceDescription";
      parameters["interface"] = call.interface;
      break;
    case Method::Unknown: break;
  }
  ordered_json json = {{"method", method}, {"parameters", std::move(parameters)}};
  if (call.more) json["more"] = true;
  return frame(json);
}

// ---- replies ---------------------------------------------------------------------------------

std::string info_reply(const std::string& version) {
  return reply({{"vendor", "gatevisor"},
                {"product", "gatevisor"},
                {"version", version},
                {"url", ""},
                {"interfaces", {"org.varlink.service", "org.gatevisor.Manager"}}});
}

std::string description_reply(const ControlCall& call) {
  if (call.interface == "org.varlink.service") {
    return reply({{"description", kServiceDescription}});
  }
  if (call.interface == "org.gatevisor.Manager") {
    return reply({{"description", kManagerDescription}});
  }
  return named_error(std::string(kService) + "InterfaceNotFound", {{"interface", call.interface}});
}

std::string command_reply(const CommandOutcome& outcome) {
  ordered_json json = {{"unit", outcome.unit}};
  if (outcome.result) json["result"] = to_string(*outcome.result);
  put(json, "detail", outcome.detail);
  return reply(std::move(json));
}

std::string status_reply(const SupervisorStatus& supervisor, const std::vector<UnitStatus>& units) {
  ordered_json list = ordered_json::array();
  for (const UnitStatus& unit : units) list.push_back(to_json(unit));
  return reply({{"supervisor", to_json(supervisor)}, {"units", std::move(list)}});
}

std::string record_reply(const std::string& record) {
  return "{\"parameters\":{\"record\":" + record + "},\"continues\":true}" + '\0';
}

std::string state_record(const UnitStatus& unit, const std::string& time) {
  const std::string stem = unit.name.substr(0, unit.name.rfind('.'));
  ordered_json json = {{"time", time},
                       {"level", "info"},
                       {"unit", stem},
                       {"event", "state"},
                       {"message", unit.active + " (" + unit.sub + ")"},
                       {"active", unit.active},
                       {"sub", unit.sub}};
  if (unit.main_pid != 0) json["pid"] = unit.main_pid;
  put(json, "invocation", unit.invocation);
  put(json, "job", unit.job);
  return dump(json);
}

std::string error_reply(CallError error, const ControlCall& call) {
  ordered_json parameters = ordered_json::object();
  std::string name = error_name(error);
  switch (error) {
    case CallError::MethodNotFound: {
      const std::string interface = call.name.substr(0, call.name.rfind('.'));
      const bool known = interface + "." == kService || interface + "." == kManager;
      if (known) {
        parameters["method"] = call.name;
      } else {
        name = std::string(kService) + "InterfaceNotFound";
        parameters["interface"] = interface;
      }
      break;
    }
    case CallError::InvalidParameter: parameters["parameter"] = call.wrong; break;
    case CallError::NoSuchUnit: parameters["unit"] = call.unit; break;
    case CallError::PermissionDenied:
    case CallError::ExpectedMore:
    case CallError::TooManyClients: break;
  }
  return named_error(name, std::move(parameters));
}

std::optional<ControlReply> read_reply(std::string_view bytes) {
  if (bytes.size() > kMaxReply) return std::nullopt;
  const ordered_json json = parse_json(bytes);
  if (!json.is_object()) return std::nullopt;
  ControlReply got;
  const ordered_json& parameters = member(json, "parameters");
  got.error = text(json, "error");
  got.continues = flag(json, "continues");
  for (const char* name : {"unit", "parameter", "method", "interface"}) {
    if (got.about.empty()) got.about = text(parameters, name);
  }
  got.unit = text(parameters, "unit");
  got.result = text(parameters, "result");
  got.detail = text(parameters, "detail");
  if (const ordered_json& record = member(parameters, "record"); record.is_object()) {
    got.record = dump(record);
    got.event = text(record, "event");
    got.active = text(record, "active");
  }
  got.supervisor = read_supervisor(member(parameters, "supervisor"));
  if (const ordered_json& units = member(parameters, "units"); units.is_array()) {
    for (const ordered_json& unit : units) got.units.push_back(read_unit(unit));
  }
  return got;
}

std::string observed_json(const SupervisorStatus& supervisor,
                          const std::vector<ObservedUnit>& units) {
  const auto put_number = [](ordered_json& json, const char* name,
                             const std::optional<std::uint64_t>& value) {
    if (value) json[name] = *value;
  };
  ordered_json list = ordered_json::array();
  for (const ObservedUnit& unit : units) {
    ordered_json& json = list.emplace_back(to_json(unit.status));
    ordered_json memory = ordered_json::object();
    put_number(memory, "current", unit.memory);
    put_number(memory, "peak", unit.memory_peak);
    put_number(memory, "max", unit.memory_max);
    put_number(memory, "high", unit.memory_high);
    json["memory"] = std::move(memory);
    ordered_json tasks = ordered_json::object();
    put_number(tasks, "current", unit.tasks);
    put_number(tasks, "max", unit.tasks_max);
    json["tasks"] = std::move(tasks);
    put_number(json, "cpu_usec", unit.cpu_usec);
    json["processes"] = ordered_json::array();
    for (const ObservedProcess& process : unit.processes) {
      json["processes"].push_back({{"pid", process.pid},
                                   {"parent", process.parent},
                                   {"command", process.command},
                                   {"resident", process.resident},
                                   {"cpu_usec", process.cpu_usec}});
    }
  }
  return dump({{"supervisor", to_json(supervisor)}, {"units", std::move(list)}});
}

}  // namespace gatevisor::protocol
