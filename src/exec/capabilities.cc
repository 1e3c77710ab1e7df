#include "exec/capabilities.h"

#include <cap-ng.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>

namespace gatevisor::exec {
namespace {

constexpr int kLast = 63;

std::uint64_t read_set(capng_type_t type) {
  std::uint64_t set = 0;
  for (int capability = 0; capability <= kLast; ++capability) {
    if (capng_have_capability(type, static_cast<unsigned>(capability)) == 1) {
      set |= std::uint64_t{1} << capability;
    }
  }
  return set;
}

void update(capng_act_t action, unsigned types, std::uint64_t set) {
  for (int capability = 0; capability <= kLast; ++capability) {
    if ((set >> capability & 1) != 0) {
      capng_update(action, static_cast<capng_type_t>(types), static_cast<unsigned>(capability));
    }
  }
}

/// libcap-ng keeps the thread id that it saw first, which in the child is the parent's: capset(2)
/// for another process is EPERM.
void start_anew() {
  capng_clear(CAPNG_SELECT_ALL);
  capng_setpid(static_cast<int>(getpid()));
}

/// The errno, or 0.
int apply_with(std::uint64_t ambient) {
  errno = 0;
  if (capng_apply(CAPNG_SELECT_CAPS) != 0) return errno != 0 ? errno : EPERM;
  if (ambient == 0) return 0;
  update(CAPNG_ADD, CAPNG_AMBIENT, ambient);
  if (capng_apply(CAPNG_SELECT_AMBIENT) != 0) return errno != 0 ? errno : EPERM;
  return 0;
}

}  // namespace

OwnCapabilities own_capabilities() {
  if (capng_get_caps_process() != 0) return {};
  return {read_set(CAPNG_EFFECTIVE), read_set(CAPNG_BOUNDING_SET)};
}

const char* capability_name(int capability) {
  const char* name = capng_capability_to_name(static_cast<unsigned>(capability));
  return name != nullptr ? name : "unknown";
}

int drop_bounding(std::uint64_t drop) {
  // libcap-ng would read /proc, which the service may not have any more.
  for (int capability = 0; capability <= kLast; ++capability) {
    if ((drop >> capability & 1) == 0) continue;
    if (prctl(PR_CAPBSET_READ, capability, 0, 0, 0) != 1) continue;
    if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0) return errno;
  }
  return 0;
}

int keep_only(std::uint64_t ambient) {
  start_anew();
  update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED | CAPNG_INHERITABLE, ambient);
  return apply_with(ambient);
}

int add_ambient(std::uint64_t ambient) {
  start_anew();
  if (capng_get_caps_process() != 0) return EIO;
  update(CAPNG_ADD, CAPNG_INHERITABLE, ambient);
  return apply_with(ambient);
}

}  // namespace gatevisor::exec
