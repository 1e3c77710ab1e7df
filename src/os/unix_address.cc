#include "os/unix_address.h"

#include <cerrno>
#include <cstddef>
#include <cstring>

namespace gatevisor::os {
namespace {

/// `from`: where the name begins in sun_path. Both kinds have one byte more than that: the one its NUL
/// behind it, the other in front of it, and no end but its length.
Expected<UnixAddress> address_of(std::string_view name, std::size_t from) {
  UnixAddress made;
  made.address.sun_family = AF_UNIX;
  if (name.size() >= sizeof made.address.sun_path) {
    return fail("socket", std::string(name), ENAMETOOLONG, "its name may have 107 bytes");
  }
  std::memcpy(made.address.sun_path + from, name.data(), name.size());
  made.size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size() + 1);
  return made;
}

}  // namespace

Expected<UnixAddress> path_address(std::string_view path) { return address_of(path, 0); }
Expected<UnixAddress> abstract_address(std::string_view name) { return address_of(name, 1); }

}  // namespace gatevisor::os
