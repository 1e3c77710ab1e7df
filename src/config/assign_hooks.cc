// Gatevisor's own: OnAlarm=, OnOOM= and their time.

#include "config/command_line.h"
#include "config/setters.h"
#include "config/time_span.h"

namespace gatevisor::config {
namespace {

Parsed<void> add_commands(std::vector<Command>& all, std::string_view value) {
  if (value.empty()) {
    all.clear();
    return {};
  }
  auto commands = parse_command_line(value);
  if (!commands) return refuse(std::move(commands.error().message));
  for (ParsedCommand& each : *commands) all.push_back(to_command(std::move(each)));
  return {};
}

}  // namespace

Parsed<void> set_on_alarm(ServiceSettings& settings, std::string_view value) {
  return add_commands(settings.hooks.alarm, value);
}

Parsed<void> set_on_oom(ServiceSettings& settings, std::string_view value) {
  return add_commands(settings.hooks.out_of_memory, value);
}

Parsed<void> set_hook_timeout(ServiceSettings& settings, std::string_view value) {
  auto span = parse_time_span(value);
  // gatevisor's own end waits for them.
  if (span && (*span <= Duration{0} || *span == kForever)) {
    return refuse("expected a time above 0, not for ever");
  }
  return store(settings.hooks.timeout, std::move(span));
}

}  // namespace gatevisor::config
