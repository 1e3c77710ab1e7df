// What the machine, or the container that looks like one, is called.
#pragma once

#include <string>

namespace gatevisor::os {

/// 32 hexadecimal digits each; empty where the machine has none.
std::string machine_id();
std::string boot_id();

std::string host_name();

/// uname(2): '6.1.0-28-cloud-amd64', 'x86_64'.
std::string kernel_release();
std::string hardware_name();

}  // namespace gatevisor::os
