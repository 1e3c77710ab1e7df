#include "os/children.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <memory>
#include <optional>
#include <string>

#include "os/file.h"

namespace gatevisor::os {
namespace {

struct Stat {
  char state = '?';
  int parent = 0;
  std::uint64_t start = 0;
};

/// proc(5) /proc/pid/stat. The second field is the command in parentheses and may hold anything:
/// the fields are counted from the last parenthesis.
std::optional<Stat> read_stat(int pid) {
  const std::string path = "/proc/" + std::to_string(pid) + "/stat";
  const auto content = read_small_at(AT_FDCWD, path.c_str());
  if (!content) return std::nullopt;
  const std::size_t close = content->rfind(')');
  if (close == std::string::npos || close + 2 >= content->size()) return std::nullopt;
  Stat stat;
  const char* at = content->data() + close + 2;
  const char* end = content->data() + content->size();
  stat.state = *at;
  for (int field = 3; at < end; ++field) {
    if (field == 4) std::from_chars(at, end, stat.parent);
    if (field == 22) {
      std::from_chars(at, end, stat.start);
      return stat;
    }
    while (at < end && *at != ' ') ++at;
    ++at;
  }
  return std::nullopt;
}

std::string children_file() {
  const std::string self = std::to_string(getpid());
  return "/proc/self/task/" + self + "/children";
}

std::vector<int> listed_children(const std::string& content) {
  std::vector<int> pids;
  const char* at = content.data();
  const char* end = at + content.size();
  while (at < end) {
    int pid = 0;
    const auto [next, error] = std::from_chars(at, end, pid);
    if (error == std::errc{}) pids.push_back(pid);
    at = next + 1;
  }
  return pids;
}

/// Kernels without CONFIG_PROC_CHILDREN: every process is asked for its parent.
std::vector<int> searched_children() {
  std::vector<int> pids;
  struct Close {
    void operator()(DIR* directory) const { closedir(directory); }
  };
  std::unique_ptr<DIR, Close> proc(opendir("/proc"));
  if (!proc) return pids;
  while (const dirent* entry = readdir(proc.get())) {
    int pid = 0;
    const std::string_view name = entry->d_name;
    std::from_chars(name.data(), name.data() + name.size(), pid);
    if (pid <= 0) continue;
    if (const auto stat = read_stat(pid); stat && stat->parent == getpid()) pids.push_back(pid);
  }
  return pids;
}

}  // namespace

Expected<void> become_subreaper() {
  if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0) {
    return fail("prctl", "PR_SET_CHILD_SUBREAPER", errno);
  }
  return {};
}

bool is_child(int pid) {
  const auto stat = read_stat(pid);
  return stat && stat->parent == getpid() && stat->state != 'Z' && stat->state != 'X';
}

std::vector<int> own_children(std::uint64_t since_ticks, std::initializer_list<int> but) {
  const auto content = read_at(AT_FDCWD, children_file().c_str());
  std::vector<int> pids = content ? listed_children(*content) : searched_children();
  std::erase_if(pids, [&](int pid) {
    if (std::ranges::find(but, pid) != but.end()) return true;
    const auto stat = read_stat(pid);
    return !stat || stat->state == 'Z' || stat->state == 'X' || stat->start < since_ticks;
  });
  return pids;
}

int parent_of(int pid) {
  const auto stat = read_stat(pid);
  return stat ? stat->parent : 0;
}

std::uint64_t start_ticks(int pid) {
  const auto stat = read_stat(pid);
  return stat ? stat->start : 0;
}

bool can_list_children() { return start_ticks(getpid()) != 0; }

std::string invocation_of(int pid) {
  constexpr std::string_view kName = "INVOCATION_ID=";
  const std::string path = "/proc/" + std::to_string(pid) + "/environ";
  const auto content = read_at(AT_FDCWD, path.c_str());
  if (!content) return {};
  std::string_view rest = *content;
  while (!rest.empty()) {
    const std::string_view entry = rest.substr(0, rest.find('\0'));
    if (entry.starts_with(kName)) return std::string(entry.substr(kName.size()));
    rest.remove_prefix(std::min(rest.size(), entry.size() + 1));
  }
  return {};
}

}  // namespace gatevisor::os
