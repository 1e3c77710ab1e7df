// A numeric address and a port, as ip(7) and ipv6(7) have them. Names are never resolved.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <optional>
#include <string>

namespace gatevisor::os {

struct InetAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

/// `text`: without brackets. nullopt: it is neither IPv4 nor IPv6.
std::optional<InetAddress> inet_address(const std::string& text, std::uint16_t port);

}  // namespace gatevisor::os
