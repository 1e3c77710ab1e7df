#include "os/runtime_directory.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "os/directory_bases.h"

namespace gatevisor::os {
namespace {

/// Nobody else can have put something there.
bool is_private(const struct stat& info) {
  return S_ISDIR(info.st_mode) && (info.st_uid == geteuid() || info.st_uid == 0) &&
         (info.st_mode & 022) == 0;
}

}  // namespace

bool is_runtime_directory(const std::string& path) {
  struct stat info {};
  return lstat(path.c_str(), &info) == 0 && is_private(info);
}

Expected<UniqueFd> enter_runtime_directory(const std::string& path, bool for_others) {
  if (mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return fail("mkdir", path, errno);
  UniqueFd fd(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd) return fail("open", path, errno);
  struct stat info {};
  if (fstat(fd.get(), &info) != 0) return fail("fstat", path, errno);
  if (!is_private(info)) return fail("runtime directory", path, EPERM, "others can write there");
  // Others come in as far as the sockets' own modes let them.
  if (for_others && info.st_uid == geteuid() && (info.st_mode & 011) != 011) {
    if (fchmod(fd.get(), 0711) != 0) return fail("chmod", path, errno);
  }
  return fd;
}

std::vector<std::string> runtime_directories() {
  std::vector<std::string> all = {"/run/gatevisor"};
  if (const std::string runtime = path_in("XDG_RUNTIME_DIR"); !runtime.empty()) {
    all.push_back(runtime + "/gatevisor");
  }
  const std::string temporary = path_in("TMPDIR");
  all.push_back((temporary.empty() ? "/tmp" : temporary) + "/gatevisor-" +
                std::to_string(geteuid()));
  return all;
}

}  // namespace gatevisor::os
