#include "app/namespaces.h"

#include <fcntl.h>
#include <linux/capability.h>

#include <cerrno>
#include <cstring>

#include "exec/capabilities.h"
#include "exec/mounts.h"
#include "exec/user_namespace.h"
#include "os/file.h"

namespace gatevisor::app {
namespace {

std::string why_not(int error) {
  const bool admin = exec::own_capabilities().has(CAP_SYS_ADMIN);
  const std::string what =
      "gatevisor may not make namespaces here (" + std::string(std::strerror(error)) + ", ";
  return what +
         (admin ? "by a seccomp or AppArmor profile, or an old kernel)" : "no CAP_SYS_ADMIN)");
}

/// A path that is missing keeps it from starting again and again: said once, before.
void warn_of_missing(const std::vector<SandboxPath>& paths, const char* name,
                     std::vector<Error>& warnings) {
  for (const SandboxPath& each : paths) {
    if (each.optional || os::exists_at(AT_FDCWD, each.path.c_str())) continue;
    warnings.push_back(
        {"", std::string(name) + "=" + each.path, ENOENT,
         "it has to be there at the start; write -" + each.path + " where it may be missing"});
  }
}

void warn_of_missing(const MountSettings& mounts, std::vector<Error>& warnings) {
  for (const BindPath& bind : mounts.binds) {
    warn_of_missing({{.path = bind.source, .optional = bind.optional}},
                    bind.read_only ? "BindReadOnlyPaths" : "BindPaths", warnings);
  }
  // Below these another view may have it.
  if (mounts.other_view()) return;
  warn_of_missing(mounts.read_write, "ReadWritePaths", warnings);
  warn_of_missing(mounts.read_only, "ReadOnlyPaths", warnings);
  warn_of_missing(mounts.inaccessible, "InaccessiblePaths", warnings);
  warn_of_missing(mounts.exec, "ExecPaths", warnings);
  warn_of_missing(mounts.no_exec, "NoExecPaths", warnings);
}

/// Without a directive of the unit, if that is allowed.
Expected<void> go_without(const std::string& name, const std::string& why,
                          const std::string& advice, const Allowance& allowance,
                          std::vector<Error>& warnings) {
  const auto place = allowance.places.find(name);
  const std::string subject =
      (place == allowance.places.end() ? "" : place->second + ": ") + name + "=: " + why;
  if (!allowance.names.contains(name)) {
    return fail("", subject, 0, advice + ", or start without it: --allow=" + name);
  }
  warnings.push_back({"", subject, 0, "going on without it, as is allowed"});
  return {};
}

}  // namespace

Expected<bool> may_have_users(const ExecSettings& settings, const Allowance& allowance,
                              std::vector<Error>& warnings) {
  if (!settings.namespaces.users) return false;
  const int error = exec::try_user_namespace();
  if (error == 0) return true;
  auto without = go_without(
      "PrivateUsers",
      std::string("gatevisor may not make a user namespace here (") + std::strerror(error) + ")",
      "see user.max_user_namespaces of sysctl(8) and the container's seccomp profile", allowance,
      warnings);
  if (!without) return std::unexpected(std::move(without.error()));
  return false;
}

Expected<bool> may_have_namespaces(const ExecSettings& settings, const Allowance& allowance,
                                   std::vector<Error>& warnings) {
  const auto names = exec::mount_directives(settings.mounts, settings.namespaces);
  if (names.empty()) return false;
  const int flags = exec::make_mount_plan(settings.mounts, settings.namespaces, {}).unshare_flags;
  const int error = exec::try_namespaces(flags);
  if (error == 0) {
    warn_of_missing(settings.mounts, warnings);
    return true;
  }
  for (const std::string& name : names) {
    auto without = go_without(name, why_not(error),
                              "give it the right (docker: --cap-add=SYS_ADMIN "
                              "--security-opt apparmor=unconfined)",
                              allowance, warnings);
    if (!without) return std::unexpected(std::move(without.error()));
  }
  return false;
}

}  // namespace gatevisor::app
