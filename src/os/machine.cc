#include "os/machine.h"

#include <fcntl.h>
#include <sys/utsname.h>

#include "os/file.h"

namespace gatevisor::os {
namespace {

/// Hexadecimal digits of a file, without the dashes that boot_id has.
std::string id_from(const char* path) {
  auto text = read_at(AT_FDCWD, path);
  if (!text) return {};
  std::erase_if(*text, [](char c) { return !((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')); });
  return text->size() == 32 ? *text : std::string();
}

utsname names() {
  utsname names{};
  uname(&names);
  return names;
}

}  // namespace

std::string machine_id() { return id_from("/etc/machine-id"); }

std::string boot_id() { return id_from("/proc/sys/kernel/random/boot_id"); }

std::string host_name() { return names().nodename; }

std::string kernel_release() { return names().release; }

std::string hardware_name() { return names().machine; }

}  // namespace gatevisor::os
