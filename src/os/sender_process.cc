#include "os/sender_process.h"

#include <fcntl.h>

#include <string_view>

#include "os/cgroup_mount.h"
#include "os/file.h"

namespace gatevisor::os {
namespace {

std::string file_of(int pid, const char* name) {
  const std::string path = "/proc/" + std::to_string(pid) + "/" + name;
  return read_small_at(AT_FDCWD, path.c_str()).value_or("");
}

std::string cgroup_of(std::string_view text) {
  constexpr std::string_view kDeleted = " (deleted)";
  auto path = unified_path(text).value_or("");
  if (path.ends_with(kDeleted)) path.remove_suffix(kDeleted.size());
  return std::string(path);
}

}  // namespace

SenderProcess sender_process(int pid) {
  SenderProcess process;
  if (pid <= 0) return process;
  process.comm = file_of(pid, "comm");
  if (process.comm.ends_with('\n')) process.comm.pop_back();
  process.cgroup = cgroup_of(file_of(pid, "cgroup"));
  return process;
}

}  // namespace gatevisor::os
