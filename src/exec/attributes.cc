#include "exec/attributes.h"

#include <fcntl.h>
#include <linux/keyctl.h>
#include <linux/mempolicy.h>
#include <linux/securebits.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace gatevisor::exec {
namespace {

constexpr std::size_t kNodes = ProcessSettings::Nodes{}.size();
constexpr std::size_t kBits = 8 * sizeof(unsigned long);

// keyctl_setperm(3): possessor and user may view, read and search.
constexpr unsigned long kProtected = 0x0b000000 | 0x000b0000;

int result(long returned) { return returned < 0 ? errno : 0; }

}  // namespace

int join_keyring(KeyringMode mode, unsigned uid, unsigned gid,
                 const std::array<unsigned char, 16>& invocation) {
  if (mode == KeyringMode::Inherit) return 0;
  // The kernel takes the keyring's owner from the real ids.
  const uid_t own_uid = getuid();
  const gid_t own_gid = getgid();
  const auto none = static_cast<uid_t>(-1);
  if (setregid(gid, none) != 0 || setreuid(uid, none) != 0) return errno;
  int code = result(syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, 0L, 0L, 0L, 0L));
  const bool joined = code == 0;
  if (joined && mode == KeyringMode::Shared) {
    code = result(
        syscall(SYS_keyctl, KEYCTL_LINK, KEY_SPEC_USER_KEYRING, KEY_SPEC_SESSION_KEYRING, 0L, 0L));
  }
  if (setreuid(own_uid, none) != 0 || setregid(own_gid, none) != 0) return errno;
  if (!joined && (code == ENOSYS || code == EPERM || code == EACCES || code == EDQUOT)) return 0;
  if (code != 0) return code;
  const long key = syscall(SYS_add_key, "user", "invocation_id", invocation.data(),
                           invocation.size(), KEY_SPEC_SESSION_KEYRING);
  if (key >= 0) (void)syscall(SYS_keyctl, KEYCTL_SETPERM, key, kProtected, 0L, 0L);
  return 0;
}

int set_numa_policy(const ProcessSettings& settings) {
  if (!settings.numa_policy) return 0;
  unsigned long mask[kNodes / kBits] = {};
  const int policy = *settings.numa_policy;
  const bool with_nodes = policy != MPOL_DEFAULT && policy != MPOL_LOCAL &&
                          (settings.all_numa_nodes || settings.numa_nodes.any());
  int code = 0;
  if (with_nodes && settings.all_numa_nodes) {
    code = result(syscall(SYS_get_mempolicy, nullptr, mask, kNodes, nullptr,
                          static_cast<unsigned long>(MPOL_F_MEMS_ALLOWED)));
  } else if (with_nodes) {
    for (std::size_t i = 0; i < kNodes; ++i) {
      if (settings.numa_nodes.test(i)) mask[i / kBits] |= 1UL << (i % kBits);
    }
  }
  if (code == 0) {
    code = result(syscall(SYS_set_mempolicy, policy, with_nodes ? mask : nullptr,
                          with_nodes ? kNodes + 1 : 0));
  }
  return code == ENOSYS ? 0 : code;
}

int set_coredump_filter(std::uint64_t filter) {
  char text[24];
  const int size = snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(filter));
  const int fd = open("/proc/self/coredump_filter", O_WRONLY | O_CLOEXEC);
  if (fd < 0) return errno;
  const int code = result(write(fd, text, static_cast<std::size_t>(size)));
  close(fd);
  return code;
}

int set_timer_slack(std::uint64_t nsec) {
  return result(prctl(PR_SET_TIMERSLACK, static_cast<unsigned long>(nsec), 0, 0, 0));
}

int set_personality(unsigned value) {
  // personality(2): flags, such as that of no address randomization, stay.
  const int now = personality(0xffffffff);
  if (now < 0) return errno;
  return result(personality((static_cast<unsigned>(now) & ~0xffU) | value));
}

int set_secure_bits(unsigned bits, bool keep) {
  if (bits == 0) return 0;
  const unsigned long all = bits | (keep ? unsigned{SECBIT_KEEP_CAPS} : 0U);
  return result(prctl(PR_SET_SECUREBITS, all, 0, 0, 0));
}

}  // namespace gatevisor::exec
