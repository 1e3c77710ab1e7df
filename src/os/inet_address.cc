#include "os/inet_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <cstring>

namespace gatevisor::os {

std::optional<InetAddress> inet_address(const std::string& text, std::uint16_t port) {
  InetAddress address;
  sockaddr_in v4{};
  if (inet_pton(AF_INET, text.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    address.size = sizeof v4;
    memcpy(&address.storage, &v4, sizeof v4);
    return address;
  }
  sockaddr_in6 v6{};
  if (inet_pton(AF_INET6, text.c_str(), &v6.sin6_addr) != 1) return std::nullopt;
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(port);
  address.size = sizeof v6;
  memcpy(&address.storage, &v6, sizeof v6);
  return address;
}

}  // namespace gatevisor::os
