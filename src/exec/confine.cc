#include "exec/confine.h"

#include <grp.h>
#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "exec/capabilities.h"
#include "exec/syscall_filter.h"
#include "os/unique_fd.h"

namespace gatevisor::exec {

Expected<void> become(unsigned uid, unsigned gid) {
  if (setgroups(0, nullptr) != 0) return fail("setgroups", "", errno);
  if (setresgid(gid, gid, gid) != 0) return fail("setresgid", "", errno);
  if (setresuid(uid, uid, uid) != 0) return fail("setresuid", "", errno);
  return {};
}

Expected<void> give_up_capabilities() {
  const OwnCapabilities own = own_capabilities();
  if (own.has(8 /* CAP_SETPCAP */)) {
    if (const int code = drop_bounding(own.bounding); code != 0) return fail("capset", "", code);
  }
  if (const int code = keep_only(0); code != 0) return fail("capset", "", code);
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return fail("prctl", "no_new_privs", errno);
  return {};
}

Expected<void> confine_to(int directory, int readable) {
  const long version =
      syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  if (version < 0) return fail("landlock_create_ruleset", "", errno);
  // Linux 6.2 added truncation; it has to be allowed where it can be denied.
  constexpr std::uint64_t kTruncate = std::uint64_t{1} << 14;
  const std::uint64_t truncate = version >= 3 ? kTruncate : 0;
  landlock_ruleset_attr all{};
  all.handled_access_fs = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1;  // the first 13: of all versions
  all.handled_access_fs |= truncate;
  const os::UniqueFd rules(
      static_cast<int>(syscall(SYS_landlock_create_ruleset, &all, sizeof all, 0)));
  if (!rules) return fail("landlock_create_ruleset", "", errno);
  landlock_path_beneath_attr allowed{};
  allowed.allowed_access = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE |
                           LANDLOCK_ACCESS_FS_READ_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |
                           LANDLOCK_ACCESS_FS_MAKE_REG | truncate |
                           // What somebody has put in a file's place may be renamed.
                           LANDLOCK_ACCESS_FS_MAKE_SYM | LANDLOCK_ACCESS_FS_MAKE_FIFO |
                           LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_DIR;
  allowed.parent_fd = directory;
  if (syscall(SYS_landlock_add_rule, rules.get(), LANDLOCK_RULE_PATH_BENEATH, &allowed, 0) != 0) {
    return fail("landlock_add_rule", "", errno);
  }
  landlock_path_beneath_attr to_read{};
  to_read.allowed_access = LANDLOCK_ACCESS_FS_READ_FILE;
  to_read.parent_fd = readable;
  if (readable >= 0) {
    // Refused, that is not to be read, and the rest holds.
    (void)syscall(SYS_landlock_add_rule, rules.get(), LANDLOCK_RULE_PATH_BENEATH, &to_read, 0);
  }
  if (syscall(SYS_landlock_restrict_self, rules.get(), 0) != 0) {
    return fail("landlock_restrict_self", "", errno);
  }
  return {};
}

Expected<void> allow_only(std::span<const std::string_view> calls) {
  SyscallFilterSettings settings;
  settings.filter.emplace();
  settings.filter->allow = true;
  for (const std::string_view call : calls) settings.filter->calls[call] = kSyscallListed;
  settings.only_threads = settings.filter->calls.contains("clone");
  if (settings.only_threads) settings.filter->calls["clone3"] = ENOSYS;
  settings.error_number = EPERM;
  settings.architectures = {0};  // the native one
  const auto filters = SyscallFilters::compile(settings);
  if (!filters) return std::unexpected(filters.error());
  if (!filters->install()) return fail("seccomp", "", errno);
  return {};
}

}  // namespace gatevisor::exec
