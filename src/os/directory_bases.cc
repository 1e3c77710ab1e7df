#include "os/directory_bases.h"

#include <unistd.h>

#include <cstdlib>
#include <string>

namespace gatevisor::os {
namespace {

std::string path_or_below(const char* variable, const std::string& home, const char* below_home) {
  std::string path = path_in(variable);
  if (path.empty() && !home.empty()) path = home + below_home;
  return path;
}

}  // namespace

std::string path_in(const char* variable) {
  const char* value = std::getenv(variable);
  std::string path = value != nullptr && *value == '/' ? value : "";
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path;
}

DirectoryBases own_directory_bases() {
  if (geteuid() == 0) return {{"/run", "/var/lib", "/var/cache", "/var/log", "/etc"}, true};
  const std::string home = path_in("HOME");
  const std::string config = path_or_below("XDG_CONFIG_HOME", home, "/.config");
  return {{path_in("XDG_RUNTIME_DIR"), config, path_or_below("XDG_CACHE_HOME", home, "/.cache"),
           config.empty() ? "" : config + "/log", config},
          false};
}

}  // namespace gatevisor::os
