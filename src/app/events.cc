// `gatevisor events`: what happens, one JSON object a line, until gatevisor ends.

#include <cstdio>

#include "app/control_client.h"
#include "app/control_commands.h"
#include "app/exit_code.h"

namespace gatevisor::app {

int events(const EventsOptions& options) {
  if (options.units.size() > 1) {
    complain_of("events: one unit, or none for all of them");
    return kUsage;
  }
  protocol::ControlCall call;
  call.method = protocol::Method::Monitor;
  call.more = true;
  if (!options.units.empty()) call.unit = options.units.front();
  auto client = ControlClient::find(options.socket, call.unit);
  if (!client) return refused(client.error());
  if (auto sent = client->send(call); !sent) return refused(sent.error());
  for (;;) {
    const auto reply = client->next(ControlClient::kForEver);
    if (!reply || !*reply) return kOk;  // gatevisor has ended
    if (!(*reply)->error.empty()) {
      complain_of("events: " + error_text(**reply));
      return is_error(**reply, "NoSuchUnit") ? kNoSuch : kIncomplete;
    }
    std::puts((*reply)->record.c_str());
    if (std::fflush(stdout) != 0) return kCantCreate;
  }
}

}  // namespace gatevisor::app
