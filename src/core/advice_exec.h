// What to do about a process that never ran. For core/advice.cc alone.
#pragma once

#include <string>

#include "gatevisor/verdict.h"

namespace gatevisor::core {

std::string advice_for_exec_failure(const Verdict& verdict);

}  // namespace gatevisor::core
