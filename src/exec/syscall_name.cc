#include "exec/syscall_name.h"

#include <seccomp.h>

#include <cstdlib>
#include <memory>

namespace gatevisor::exec {

std::string syscall_name(std::uint32_t architecture, int number) {
  struct Free {
    void operator()(char* text) const { std::free(text); }
  };
  // libseccomp's own architectures but x32 are the kernel's; its 0 is the native one.
  if (architecture == 0) return {};
  const std::unique_ptr<char, Free> name(seccomp_syscall_resolve_num_arch(architecture, number));
  return name ? std::string(name.get()) : std::string();
}

}  // namespace gatevisor::exec
