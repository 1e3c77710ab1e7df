// Varlink (varlink.org) as far as gatevisor speaks it: calls and replies, each one JSON object with
// a NUL behind it. Pure; what comes from others is bounded in size and depth, and never throws.
//
// The interface is org.gatevisor.Manager.varlink, which is also what a client is told.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gatevisor/control.h"
#include "gatevisor/unit_status.h"

namespace gatevisor::protocol {

/// One call without its NUL. None of ours comes near.
inline constexpr std::size_t kMaxCall = std::size_t{16} << 10;
/// One reply, as a client reads it: the status of some thousand units.
inline constexpr std::size_t kMaxReply = std::size_t{8} << 20;

extern const char* const kManagerDescription;

enum class Method : std::uint8_t {
  Unknown,
  GetInfo,
  GetInterfaceDescription,
  Command,  ///< ControlCall::verb
  Status,
  Monitor
};

/// A call, with the parameters of all methods.
struct ControlCall {
  Method method = Method::Unknown;
  Verb verb = Verb::Start;
  std::string name;  ///< 'org.gatevisor.Manager.Start'
  bool more = false;
  bool oneway = false;
  bool no_wait = false;
  std::string unit;       ///< empty: the main one, or all of them
  std::string interface;  ///< GetInterfaceDescription
  int signal = 15;
  KillWhom whom = KillWhom::All;
  std::string wrong;  ///< the parameter that is not what it has to be; empty: none
};

/// nullopt: it is no call, and the other end is not to be talked with.
std::optional<ControlCall> read_call(std::string_view bytes);
/// With its NUL, as all below.
std::string write_call(const ControlCall& call);

std::string info_reply(const std::string& version);
std::string description_reply(const ControlCall& call);
struct CommandOutcome {
  std::string unit;
  std::optional<JobResult> result;  ///< nullopt: it was not waited for
  std::string detail;
};
std::string command_reply(const CommandOutcome& outcome);
std::string status_reply(const SupervisorStatus& supervisor, const std::vector<UnitStatus>& units);
/// `record`: JSON of ours.
std::string record_reply(const std::string& record);
/// 'state', in the form of the other records.
std::string state_record(const UnitStatus& unit, const std::string& time);

enum class CallError : std::uint8_t {
  MethodNotFound,
  InvalidParameter,
  PermissionDenied,
  ExpectedMore,
  NoSuchUnit,
  TooManyClients
};
std::string error_reply(CallError error, const ControlCall& call);

/// What a client got.
struct ControlReply {
  std::string error;   ///< 'org.varlink.service.PermissionDenied'; empty: none
  std::string about;   ///< the unit or the parameter that it names
  bool continues = false;
  std::string unit;    ///< of a command
  std::string result;  ///< likewise; empty: it was not waited for
  std::string detail;
  std::string record;  ///< of Monitor, as one line
  std::string event;   ///< of that
  std::string active;  ///< likewise
  SupervisorStatus supervisor;
  std::vector<UnitStatus> units;
};
std::optional<ControlReply> read_reply(std::string_view bytes);

/// For `gatevisor status --json`: what was told, and what the client has seen.
std::string observed_json(const SupervisorStatus& supervisor,
                          const std::vector<ObservedUnit>& units);

}  // namespace gatevisor::protocol
