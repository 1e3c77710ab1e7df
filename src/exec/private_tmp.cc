#include "exec/private_tmp.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>

namespace gatevisor::exec {
namespace {

Expected<PrivateTmpPaths::Place> make_place(const std::string& where, const std::string& name) {
  std::string outer = where + "/" + name + "-XXXXXX";
  if (mkdtemp(outer.data()) == nullptr) {
    if (errno == ENOENT || errno == ENOTDIR) return PrivateTmpPaths::Place{{}, false};
    if (errno == EROFS) return PrivateTmpPaths::Place{{}, true};
    return fail("mkdtemp", outer, errno, "PrivateTmp= needs a place there");
  }
  const std::string inner = outer + "/tmp";
  // chmod(2): the mode of mkdir(2) is cut by the umask.
  if (mkdir(inner.c_str(), 0700) != 0 || chmod(inner.c_str(), 01777) != 0) {
    const int error = errno;
    rmdir(inner.c_str());
    rmdir(outer.c_str());
    return fail("mkdir", inner, error, "PrivateTmp= needs a place there");
  }
  return PrivateTmpPaths::Place{inner, true};
}

void remove_place(PrivateTmpPaths::Place& place) {
  if (place.path.empty()) return;
  // Goes by descriptor and follows no link.
  std::error_code ignored;
  std::filesystem::remove_all(std::filesystem::path(place.path).parent_path(), ignored);
  place = {};
}

}  // namespace

Expected<void> PrivateTmp::make(const std::string& unit, const std::string& boot_id) {
  const std::string name = "systemd-private-" + boot_id + "-" + unit + ".service";
  auto tmp = make_place("/tmp", name);
  if (!tmp) return std::unexpected(std::move(tmp.error()));
  paths_.tmp = std::move(*tmp);
  auto var_tmp = make_place("/var/tmp", name);
  if (!var_tmp) {
    remove_place(paths_.tmp);
    return std::unexpected(std::move(var_tmp.error()));
  }
  paths_.var_tmp = std::move(*var_tmp);
  return {};
}

PrivateTmp::~PrivateTmp() {
  remove_place(paths_.tmp);
  remove_place(paths_.var_tmp);
}

}  // namespace gatevisor::exec
