// Placement::set_limits: what the slice's files are told.

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>

#include "os/file.h"
#include "os/placement.h"

namespace gatevisor::os {
namespace {

constexpr std::uint64_t kWhole = 10'000;  // 100 % in hundredths of a percent

std::string text_of(const ResourceLimit& limit, std::uint64_t whole) {
  switch (limit.kind) {
    case ResourceLimit::Kind::Infinity: return "max";
    case ResourceLimit::Kind::Absolute: return std::to_string(limit.value);
    case ResourceLimit::Kind::Percent:
      return std::to_string(whole / kWhole * limit.value + whole % kWhole * limit.value / kWhole);
  }
  return "max";
}

std::uint64_t physical_memory() {
  return static_cast<std::uint64_t>(sysconf(_SC_PHYS_PAGES)) *
         static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

/// A file of /proc/sys with one number; `fallback` where it cannot be read.
std::uint64_t kernel_number(const char* path, std::uint64_t fallback) {
  auto text = read_small_at(AT_FDCWD, path);
  const std::uint64_t number = text ? std::strtoull(text->c_str(), nullptr, 10) : 0;
  return number != 0 ? number : fallback;
}

/// What systemd's TasksMax=N% is of: the smaller one of the kernel's two limits. 32768 is the
/// default of pid_max (proc(5)).
std::uint64_t most_tasks() {
  const std::uint64_t pids = kernel_number("/proc/sys/kernel/pid_max", 32'768);
  return std::min(pids, kernel_number("/proc/sys/kernel/threads-max", pids));
}

}  // namespace

Expected<void> Placement::set_limits(const ResourceSettings& limits) {
  struct Wanted {
    const char* setting;
    const char* file;
    const char* controller;
    std::string text;
  };
  std::vector<Wanted> wanted;
  const auto want = [&](const char* setting, const char* file, const char* controller,
                        std::string text) {
    wanted.push_back({setting, file, controller, std::move(text)});
  };
  const std::uint64_t memory = physical_memory();
  if (limits.memory_max)
    want("MemoryMax=", "memory.max", "memory", text_of(*limits.memory_max, memory));
  if (limits.memory_high) {
    want("MemoryHigh=", "memory.high", "memory", text_of(*limits.memory_high, memory));
  }
  if (limits.memory_swap_max) {
    want("MemorySwapMax=", "memory.swap.max", "memory", text_of(*limits.memory_swap_max, memory));
  }
  if (limits.tasks_max) {
    want("TasksMax=", "pids.max", "pids", text_of(*limits.tasks_max, most_tasks()));
  }
  if (limits.cpu_quota_usec_per_sec) {
    // systemd.resource-control(5): a period of 100 ms.
    want("CPUQuota=", "cpu.max", "cpu",
         std::to_string(*limits.cpu_quota_usec_per_sec / 10) + " 100000");
  }
  if (limits.cpu_weight)
    want("CPUWeight=", "cpu.weight", "cpu", std::to_string(*limits.cpu_weight));
  for (const Wanted& item : wanted) {
    const std::string advice = "see 'gatevisor doctor', or allow it with -p StrictLimits=no";
    if (!slice_) {
      return fail("",
                  std::string(item.setting) + " needs a cgroup that can be written (" + why_ + ")",
                  0, advice);
    }
    if (!slice_.has(item.file)) {
      return fail("",
                  std::string(item.setting) + " needs " + item.file + " in " + slice_.path() +
                      ", and the " + item.controller + " controller is not there" +
                      (why_.empty() ? "" : " (" + why_ + ")"),
                  0, advice);
    }
    if (auto written = slice_.write(item.file, item.text); !written) {
      return fail(std::string(item.setting) + " write", written.error().subject,
                  written.error().code, advice);
    }
  }
  return {};
}

}  // namespace gatevisor::os
