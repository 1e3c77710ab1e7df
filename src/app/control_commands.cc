// `gatevisor start`, `stop`, `restart`, `reload`, `kill`, `reset-failed`, `is-active`.

#include "app/control_commands.h"

#include <cstdio>

#include "app/control_client.h"
#include "app/exit_code.h"

namespace gatevisor::app {
namespace {

using protocol::ControlCall;
using protocol::ControlReply;
using protocol::Method;

/// systemctl's exit statuses.
int status_of(const ControlReply& reply) {
  if (is_error(reply, "NoSuchUnit")) return kNotInstalled;
  if (is_error(reply, "PermissionDenied")) return kNotPermitted;
  if (!reply.error.empty()) return kIncomplete;
  const bool well = reply.result.empty() || reply.result == "done" || reply.result == "skipped";
  return well ? kOk : kIncomplete;
}

void tell(const CommandOptions& options, const ControlReply& reply) {
  const std::string verb(to_string(options.verb));
  if (!reply.error.empty()) return complain_of(verb + ": " + error_text(reply));
  if (reply.result == "done" || reply.result.empty()) return;
  const bool start = options.verb == Verb::Start || options.verb == Verb::Restart;
  const bool failed = reply.result == "failed" || reply.result == "dependency";
  complain_of(verb + ": " + reply.unit + ": " + reply.result +
              (reply.detail.empty() ? "" : ": " + reply.detail) +
              (start && failed ? "; see 'gatevisor status " + reply.unit + "'" : ""));
}

/// Follows a unit from before its start to its end.
class Watch {
 public:
  OrRefusal<void> begin(const std::string& socket, const std::string& unit) {
    auto client = ControlClient::find(socket, unit);
    if (!client) return std::unexpected(std::move(client.error()));
    ControlCall call;
    call.method = Method::Monitor;
    call.unit = unit;
    call.more = true;
    auto first = client->call(call);
    if (!first) return std::unexpected(std::move(first.error()));
    client_ = std::move(*client);
    return {};
  }
  /// Until it has ended: whether it failed.
  OrRefusal<bool> wait() {
    bool began = false;
    for (;;) {
      auto reply = client_->next(ControlClient::kForEver);
      if (!reply) return std::unexpected(std::move(reply.error()));
      if (!*reply || (*reply)->event != "state") continue;
      const std::string& active = (*reply)->active;
      const bool ended = active == "inactive" || active == "failed";
      if (ended && began) return active == "failed";
      began = began || !ended;
    }
  }

 private:
  std::optional<ControlClient> client_;
};

int ask(const CommandOptions& options, const std::string& unit) {
  Watch watch;
  if (options.wait) {
    // One that does not exist is said by the command itself.
    if (auto begun = watch.begin(options.socket, unit); !begun) return refused(begun.error());
  }
  auto client = ControlClient::find(options.socket, unit);
  if (!client) return refused(client.error());
  ControlCall call;
  call.method = Method::Command;
  call.verb = options.verb;
  call.unit = unit;
  call.no_wait = options.no_block;
  call.signal = options.signal;
  call.whom = options.whom;
  const auto reply = client->call(call, ControlClient::kForEver);
  if (!reply) return refused(reply.error());
  tell(options, *reply);
  const int status = status_of(*reply);
  if (!options.wait || status != kOk || reply->result == "skipped") return status;
  const auto failed = watch.wait();
  // The main unit's end is gatevisor's: it may be gone before it could say so.
  if (!failed) return kOk;
  return *failed ? kIncomplete : kOk;
}

}  // namespace

int control(const CommandOptions& options) {
  int status = kOk;
  for (const std::string& unit : options.calls()) {
    const int one = ask(options, unit);
    if (status == kOk) status = one;
  }
  return status;
}

int is_active(const IsActiveOptions& options) {
  int status = kOk;
  for (const std::string& unit : options.calls()) {
    auto client = ControlClient::find(options.socket, unit);
    if (!client) return refused(client.error());
    ControlCall call;
    call.method = Method::Status;
    call.unit = unit;
    const auto reply = client->call(call);
    if (!reply) return refused(reply.error());
    const UnitStatus* const found = unit_in(*reply, unit);
    const int one = found == nullptr ? kNoSuch : found->active == "active" ? kOk : kNotRunning;
    if (!options.quiet) std::puts(found != nullptr ? found->active.c_str() : "unknown");
    if (!reply->error.empty() && !is_error(*reply, "NoSuchUnit")) complain_of(error_text(*reply));
    if (status == kOk) status = one;
  }
  return status;
}

}  // namespace gatevisor::app
