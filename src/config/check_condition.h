// What stands behind a condition's operator '=': systemd.unit(5), 'Conditions and Asserts'.
#pragma once

#include <string>

#include "config/text.h"
#include "gatevisor/settings.h"

namespace gatevisor::config {

/// The parameter as Condition::parameter has it: a size in bytes, a capability's number.
Parsed<std::string> check_condition(Condition::Kind kind, std::string parameter);

}  // namespace gatevisor::config
