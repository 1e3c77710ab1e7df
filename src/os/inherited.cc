#include "os/inherited.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "os/file.h"

namespace gatevisor::os {
namespace {

/// A file with one number; `fallback` where it cannot be read.
std::uint64_t kernel_number(const char* path, std::uint64_t fallback, int base = 10) {
  auto text = read_small_at(AT_FDCWD, path);
  const std::uint64_t number = text ? std::strtoull(text->c_str(), nullptr, base) : 0;
  return number != 0 ? number : fallback;
}

}  // namespace

std::uint64_t page_size() { return static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)); }

std::uint64_t physical_memory() {
  return static_cast<std::uint64_t>(sysconf(_SC_PHYS_PAGES)) * page_size();
}

std::uint64_t most_tasks() {
  // 32768 is the default of pid_max (proc(5)).
  const std::uint64_t pids = kernel_number("/proc/sys/kernel/pid_max", 32'768);
  return std::min(pids, kernel_number("/proc/sys/kernel/threads-max", pids));
}

std::uint64_t known_capabilities() {
  // CAP_CHECKPOINT_RESTORE, the last one since Linux 5.9.
  const std::uint64_t last = kernel_number("/proc/sys/kernel/cap_last_cap", 40);
  return last >= 63 ? ~std::uint64_t{0} : (std::uint64_t{1} << (last + 1)) - 1;
}

std::map<int, Rlimit> own_rlimits() {
  std::map<int, Rlimit> all;
  for (int resource = 0; resource < RLIM_NLIMITS; ++resource) {
    rlimit own{};
    if (getrlimit(static_cast<__rlimit_resource_t>(resource), &own) != 0) continue;
    const auto value = [](rlim_t limit) -> std::uint64_t {
      return limit == RLIM_INFINITY ? Rlimit::kNoLimit : limit;
    };
    all[resource] = {value(own.rlim_cur), value(own.rlim_max)};
  }
  return all;
}

int own_nice() { return getpriority(PRIO_PROCESS, 0); }

std::uint64_t own_timer_slack_nsec() {
  const int slack = prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0);
  return slack < 0 ? 50'000 : static_cast<std::uint64_t>(slack);
}

std::uint64_t own_coredump_filter() {
  return kernel_number("/proc/self/coredump_filter", 0x33, 16);
}

}  // namespace gatevisor::os
