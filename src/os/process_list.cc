#include "os/process_list.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <sstream>

#include "os/cgroup_dir.h"
#include "os/control_socket.h"
#include "os/file.h"

namespace gatevisor::os {
namespace {

constexpr std::size_t kMostProcesses = 4096;
constexpr std::size_t kMostCommandLine = 512;
constexpr int kDepth = 8;

/// Its parent, or nothing where it is gone.
std::optional<ObservedProcess> look_at(int pid) {
  const auto stat = read_at(AT_FDCWD, ("/proc/" + std::to_string(pid) + "/stat").c_str());
  if (!stat) return std::nullopt;
  // proc(5): the name is in parentheses and may have some itself.
  const std::size_t open = stat->find('(');
  const std::size_t close = stat->rfind(')');
  if (open == std::string::npos || close == std::string::npos) return std::nullopt;
  ObservedProcess process;
  process.pid = pid;
  std::istringstream fields(stat->substr(close + 1));
  std::vector<std::string> values;
  for (std::string value; fields >> value;) values.push_back(value);
  const auto field = [&values](std::size_t number) -> std::uint64_t {  // from 3, as in proc(5)
    return number - 3 < values.size() ? std::strtoull(values[number - 3].c_str(), nullptr, 10) : 0;
  };
  process.parent = static_cast<int>(field(4));
  const auto ticks = static_cast<std::uint64_t>(sysconf(_SC_CLK_TCK));
  process.cpu_usec = (field(14) + field(15)) * 1'000'000 / std::max<std::uint64_t>(ticks, 1);
  process.resident = field(24) * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  process.command = command_line_of(pid, kMostCommandLine);
  if (process.command.empty()) {
    process.command = "[" + stat->substr(open + 1, close - open - 1) + "]";
  }
  return process;
}

void collect(const std::string& directory, int depth, std::vector<ObservedProcess>& all) {
  const auto procs = read_at(AT_FDCWD, (directory + "/cgroup.procs").c_str());
  if (!procs || depth > kDepth) return;
  std::istringstream lines(*procs);
  for (int pid = 0; lines >> pid && all.size() < kMostProcesses;) {
    if (auto process = look_at(pid)) all.push_back(std::move(*process));
  }
  for (const std::string& name : names_at(AT_FDCWD, directory.c_str())) {
    if (exists_at(AT_FDCWD, (directory + "/" + name + "/cgroup.procs").c_str())) {
      collect(directory + "/" + name, depth + 1, all);
    }
  }
}

}  // namespace

std::vector<ObservedProcess> processes_in(const std::string& directory) {
  std::vector<ObservedProcess> all;
  collect(directory, 0, all);
  std::ranges::sort(all, {}, &ObservedProcess::pid);
  return all;
}

std::vector<ObservedProcess> processes_below(int pid) {
  std::vector<ObservedProcess> everybody;
  for (const std::string& name : names_at(AT_FDCWD, "/proc")) {
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    if (auto process = look_at(std::atoi(name.c_str()))) everybody.push_back(std::move(*process));
  }
  std::ranges::sort(everybody, {}, &ObservedProcess::pid);
  std::vector<ObservedProcess> all;
  // A child may have a smaller pid than its parent: until nothing is added any more.
  for (bool more = true; more && all.size() < kMostProcesses;) {
    more = false;
    for (const ObservedProcess& process : everybody) {
      const auto is_known = [&all](int other) {
        return std::ranges::find(all, other, &ObservedProcess::pid) != all.end();
      };
      if (is_known(process.pid)) continue;
      if (process.pid != pid && !is_known(process.parent)) continue;
      all.push_back(process);
      more = true;
    }
  }
  std::ranges::sort(all, {}, &ObservedProcess::pid);
  return all;
}

std::optional<std::uint64_t> cgroup_number(const std::string& directory, const char* file) {
  const auto text = read_at(AT_FDCWD, (directory + "/" + file).c_str());
  return text ? number_of(*text) : std::nullopt;
}

std::optional<std::uint64_t> cgroup_stalled(const std::string& directory, const char* file,
                                            std::string_view kind) {
  const auto text = read_at(AT_FDCWD, (directory + "/" + file).c_str());
  return text ? stalled_total(*text, kind) : std::nullopt;
}

std::optional<std::uint64_t> cgroup_keyed_number(const std::string& directory, const char* file,
                                                 const char* key) {
  const auto text = read_at(AT_FDCWD, (directory + "/" + file).c_str());
  return text ? keyed_value(*text, key) : std::nullopt;
}

}  // namespace gatevisor::os
