#include "app/look.h"

#include "app/control_client.h"
#include "app/observe.h"

namespace gatevisor::app {

OrRefusal<Look> look(const ControlTarget& target, const std::string& command) {
  Look all;
  for (const std::string& unit : target.calls()) {
    auto client = ControlClient::find(target.socket, unit);
    if (!client) return std::unexpected(std::move(client.error()));
    protocol::ControlCall call;
    call.method = protocol::Method::Status;
    call.unit = unit;
    auto reply = client->call(call);
    if (!reply) return std::unexpected(std::move(reply.error()));
    if (!reply->error.empty()) {
      complain_of(command + ": " + error_text(*reply));
      all.status = is_error(*reply, "NoSuchUnit") ? kNoSuch : kIncomplete;
      continue;
    }
    all.supervisor = reply->supervisor;
    for (UnitStatus& each : reply->units) all.units.push_back(observe(std::move(each)));
  }
  return all;
}

}  // namespace gatevisor::app
