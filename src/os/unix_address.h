// The address of a socket of unix(7), by its name.
#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#include <string_view>

#include "gatevisor/error.h"

namespace gatevisor::os {

struct UnixAddress {
  sockaddr_un address{};
  socklen_t size = 0;
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&address); }
};

/// ENAMETOOLONG: more than 107 bytes.
Expected<UnixAddress> path_address(std::string_view path);
/// `name`: without the NUL in front of it, which people write '@'.
Expected<UnixAddress> abstract_address(std::string_view name);

}  // namespace gatevisor::os
