#include "os/sender_process.h"

#include <fcntl.h>

#include <algorithm>
#include <charconv>
#include <string_view>

#include "os/file.h"

namespace gatevisor::os {
namespace {

std::string file_of(int pid, const char* name) {
  const std::string path = "/proc/" + std::to_string(pid) + "/" + name;
  return read_small_at(AT_FDCWD, path.c_str()).value_or("");
}

std::string unified_cgroup(std::string_view text) {
  constexpr std::string_view kUnified = "0::";
  constexpr std::string_view kDeleted = " (deleted)";
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    if (line.starts_with(kUnified)) {
      std::string_view path = line.substr(kUnified.size());
      if (path.ends_with(kDeleted)) path.remove_suffix(kDeleted.size());
      return std::string(path);
    }
    text.remove_prefix(std::min(line.size() + 1, text.size()));
  }
  return {};
}

}  // namespace

SenderProcess sender_process(int pid) {
  SenderProcess process;
  if (pid <= 0) return process;
  process.comm = file_of(pid, "comm");
  if (process.comm.ends_with('\n')) process.comm.pop_back();
  process.cgroup = unified_cgroup(file_of(pid, "cgroup"));
  return process;
}

// proc(5): 'pid (comm) state ppid'; the name may hold anything.
int parent_of(int pid) {
  constexpr std::size_t kState = std::string_view(") S ").size();
  const std::string stat = file_of(pid, "stat");
  const std::size_t end = stat.rfind(')');
  if (end == stat.npos || stat.size() < end + kState) return 0;
  int parent = 0;
  (void)std::from_chars(stat.data() + end + kState, stat.data() + stat.size(), parent);
  return parent;
}

}  // namespace gatevisor::os
