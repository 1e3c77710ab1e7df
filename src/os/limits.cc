// Placement::set_limits: what the slice's files are told.

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bitset>
#include <cerrno>
#include <cstdlib>
#include <optional>

#include "os/block_device.h"
#include "os/file.h"
#include "os/inherited.h"
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

/// systemd.resource-control(5), CPUQuotaPeriodSec=: quota and period in microseconds, each of them
/// what the kernel takes.
std::string cpu_max_of(const ResourceSettings& limits) {
  constexpr std::uint64_t kSecond = 1'000'000;
  constexpr std::uint64_t kLeast = 1'000;
  const std::uint64_t quota = *limits.cpu_quota_usec_per_sec;
  std::uint64_t period = 100'000;
  if (limits.cpu_period) period = static_cast<std::uint64_t>(limits.cpu_period->count());
  period = std::min(std::max(period, (kLeast * kSecond + quota - 1) / quota), kSecond);
  const std::uint64_t share = std::max(quota * period / kSecond, kLeast);
  return std::to_string(share) + " " + std::to_string(period);
}

/// '0-3,6'.
std::string list_of(const std::bitset<1024>& set) {
  std::string text;
  for (std::size_t i = 0; i < set.size(); ++i) {
    if (!set.test(i)) continue;
    const std::size_t first = i;
    while (i + 1 < set.size() && set.test(i + 1)) ++i;
    text += (text.empty() ? "" : ",") + std::to_string(first);
    if (i > first) text += "-" + std::to_string(i);
  }
  return text;
}

/// 1 to 10000 about 100, onto BFQ's 1 to 1000 about 100.
std::uint64_t bfq_weight(std::uint64_t weight) {
  return weight <= 100 ? weight : 100 + (weight - 100) * 900 / 9'900;
}

/// What is said of one disk: a line 'MAJOR:MINOR KEYvalue' each.
struct IoLimit {
  const char* setting;
  const char* file;  ///< nullptr: that of weights
  const char* key;
  const std::vector<DeviceLimit>* devices;
};

struct IoLimits {
  std::array<IoLimit, 6> all;
  bool weight = false;
  bool any() const {
    return weight ||
           std::ranges::any_of(all, [](const IoLimit& each) { return !each.devices->empty(); });
  }
};

IoLimits io_limits(const ResourceSettings& limits) {
  return {{{{"IODeviceWeight=", nullptr, "", &limits.io_device_weight},
            {"IOReadBandwidthMax=", "io.max", "rbps=", &limits.io_read_bandwidth},
            {"IOWriteBandwidthMax=", "io.max", "wbps=", &limits.io_write_bandwidth},
            {"IOReadIOPSMax=", "io.max", "riops=", &limits.io_read_iops},
            {"IOWriteIOPSMax=", "io.max", "wiops=", &limits.io_write_iops},
            {"IODeviceLatencyTargetSec=", "io.latency", "target=", &limits.io_latency_usec}}},
          limits.io_weight.has_value()};
}

}  // namespace

/// Controllers that few ask for are handed on to the slice when somebody does.
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
  if (limits.memory_zswap_max) {
    want("MemoryZSwapMax=", "memory.zswap.max", "memory",
         text_of(*limits.memory_zswap_max, memory));
  }
  if (limits.memory_swap_max) {
    want("MemorySwapMax=", "memory.swap.max", "memory", text_of(*limits.memory_swap_max, memory));
  }
  if (limits.tasks_max) {
    want("TasksMax=", "pids.max", "pids", text_of(*limits.tasks_max, most_tasks()));
  }
  if (limits.memory_min) {
    want("MemoryMin=", "memory.min", "memory", text_of(*limits.memory_min, memory));
  }
  if (limits.memory_low) {
    want("MemoryLow=", "memory.low", "memory", text_of(*limits.memory_low, memory));
  }
  if (limits.cpu_quota_usec_per_sec) want("CPUQuota=", "cpu.max", "cpu", cpu_max_of(limits));
  if (limits.allowed_cpus.any()) {
    want("AllowedCPUs=", "cpuset.cpus", "cpuset", list_of(limits.allowed_cpus));
  }
  if (limits.allowed_nodes.any()) {
    want("AllowedMemoryNodes=", "cpuset.mems", "cpuset", list_of(limits.allowed_nodes));
  }
  if (limits.cpu_weight == 0U) {
    want("CPUWeight=", "cpu.idle", "cpu", "1");
  } else if (limits.cpu_weight) {
    want("CPUWeight=", "cpu.weight", "cpu", std::to_string(*limits.cpu_weight));
  }
  // Before it is asked whether there is an io.weight.
  const auto enable = [this](const std::string& controller) {
    if (slice_ && !slice_.has_controller(controller)) base_->enable(controller);
  };
  for (const Wanted& item : wanted) enable(item.controller);
  const IoLimits io = io_limits(limits);
  if (io.any()) enable("io");
  const bool bfq = slice_ && !slice_.has("io.weight") && slice_.has("io.bfq.weight");
  const char* const weight_file = bfq ? "io.bfq.weight" : "io.weight";
  if (limits.io_weight) {
    const std::uint64_t weight = bfq ? bfq_weight(*limits.io_weight) : *limits.io_weight;
    want("IOWeight=", weight_file, "io", "default " + std::to_string(weight));
  }
  // Where it is allowed, the other limits are set all the same.
  std::optional<Error> no_device;
  for (const IoLimit& limit : io.all) {
    for (const DeviceLimit& each : *limit.devices) {
      auto device = find_block_device(each.path);
      if (!device) {
        no_device =
            Error{device.error().operation, limit.setting + device.error().subject,
                  device.error().code, "name a block device, or allow it with -p StrictLimits=no"};
        continue;
      }
      const bool weight = limit.file == nullptr;
      const std::uint64_t value = weight && bfq ? bfq_weight(each.value) : each.value;
      want(limit.setting, weight ? weight_file : limit.file, "io",
           *device + " " + limit.key +
               (each.value == DeviceLimit::kNone ? "max" : std::to_string(value)));
    }
  }
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
  if (no_device) return std::unexpected(std::move(*no_device));
  return {};
}

}  // namespace gatevisor::os
