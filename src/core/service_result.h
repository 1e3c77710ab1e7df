// systemd's Result= and $SERVICE_RESULT: 'success', 'exit-code', 'oom-kill', … (systemd.exec(5)).
#pragma once

#include <string_view>

#include "core/death.h"

namespace gatevisor::core {

std::string_view service_result(const Verdict& verdict, const ServiceSettings& settings);
/// Of an end that is a failure by its status alone.
std::string_view service_result(EndKind kind);
std::string_view service_result(const FailedCommand& what);
/// Of what gatevisor itself ends for that; empty: no failure, or a command's.
std::string_view service_result(StopReason reason);

}  // namespace gatevisor::core
