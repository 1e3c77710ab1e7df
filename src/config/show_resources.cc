// systemd.resource-control(5), and OOMPolicy= of systemd.service(5).

#include <limits>

#include "config/show_rows.h"
#include "config/size.h"

namespace gatevisor::config {
namespace {

constexpr std::uint64_t kNoLimit = std::numeric_limits<std::uint64_t>::max();

/// A share of `whole` in full units of `step`, as systemd counts it.
std::uint64_t share_of(std::uint64_t whole, std::uint64_t share, std::uint64_t step) {
  const std::uint64_t units = whole / step;
  return (units / kWholeShare * share + units % kWholeShare * share / kWholeShare) * step;
}

std::uint64_t resolved(const ResourceLimit& limit, std::uint64_t whole, std::uint64_t step) {
  switch (limit.kind) {
    case ResourceLimit::Kind::Infinity: return kNoLimit;
    case ResourceLimit::Kind::Absolute: return limit.value;
    case ResourceLimit::Kind::Percent: return share_of(whole, limit.value, step);
  }
  return kNoLimit;
}

/// systemctl has 'infinity' for the upper limits alone.
ShownValue upper(const std::optional<ResourceLimit>& limit, std::uint64_t whole,
                 std::uint64_t step) {
  const std::uint64_t value = limit ? resolved(*limit, whole, step) : kNoLimit;
  return value == kNoLimit ? shown_text("infinity") : shown_number(value);
}

ShownValue memory_upper(const std::optional<ResourceLimit>& limit, const ShowSubject& of) {
  return upper(limit, of.host.memory, of.host.page_size);
}

ShownValue memory_lower(const std::optional<ResourceLimit>& limit, const ShowSubject& of) {
  return shown_number(limit ? resolved(*limit, of.host.memory, of.host.page_size) : 0);
}

ShownValue weight(const std::optional<std::uint32_t>& value) {
  return value ? shown_number(*value) : shown_text("[not set]");
}

/// '/dev/vda 200'; what is unlimited is not there, as in systemd.
ShownValue devices(const std::vector<DeviceLimit>& all) {
  std::vector<std::string> lines;
  for (const DeviceLimit& each : all) {
    if (each.value == DeviceLimit::kNone) continue;
    lines.push_back(each.path + " " + std::to_string(each.value));
  }
  return shown_lines(std::move(lines));
}

ShownValue latencies(const std::vector<DeviceLimit>& all) {
  std::vector<std::string> lines;
  for (const DeviceLimit& each : all) {
    if (each.value == DeviceLimit::kNone) continue;
    lines.push_back(each.path + " " + time_span_text(Duration(each.value)));
  }
  return shown_lines(std::move(lines));
}

std::string_view word(OomPolicy policy) {
  switch (policy) {
    case OomPolicy::Continue: return "continue";
    case OomPolicy::Stop: return "stop";
    case OomPolicy::Kill: return "kill";
  }
  return "";
}

/// systemd's UINT32_SCALE_FROM_PERMYRIAD(): all of 32 bits are 100 %.
std::uint64_t scaled(std::uint64_t percent) {
  return (percent * 100 * std::numeric_limits<std::uint32_t>::max() + 5'000) / 10'000;
}

constexpr ShowRow kRows[] = {
    {"MemoryMin", "MemoryMin",
     [](const ShowSubject& of) { return memory_lower(of.settings.resources.memory_min, of); }},
    {"MemoryLow", "MemoryLow",
     [](const ShowSubject& of) { return memory_lower(of.settings.resources.memory_low, of); }},
    {"MemoryHigh", "MemoryHigh",
     [](const ShowSubject& of) { return memory_upper(of.settings.resources.memory_high, of); }},
    {"MemoryMax MemoryLimit", "MemoryMax",
     [](const ShowSubject& of) { return memory_upper(of.settings.resources.memory_max, of); }},
    {"MemoryZSwapMax", "MemoryZSwapMax",
     [](const ShowSubject& of) { return memory_upper(of.settings.resources.memory_zswap_max, of); }},
    {"MemorySwapMax", "MemorySwapMax",
     [](const ShowSubject& of) { return memory_upper(of.settings.resources.memory_swap_max, of); }},
    {"TasksMax", "TasksMax",
     [](const ShowSubject& of) {
       return upper(of.settings.resources.tasks_max, of.host.tasks, 1);
     }},
    {"CPUQuota", "CPUQuotaPerSecUSec",
     [](const ShowSubject& of) {
       const auto& quota = of.settings.resources.cpu_quota_usec_per_sec;
       return shown_span(quota ? Duration(*quota) : kForever);
     }},
    {"CPUQuotaPeriodSec", "CPUQuotaPeriodUSec",
     [](const ShowSubject& of) {
       return shown_span(of.settings.resources.cpu_period.value_or(kForever));
     }},
    {"CPUWeight", "CPUWeight",
     [](const ShowSubject& of) {
       const auto& value = of.settings.resources.cpu_weight;
       return value == 0U ? shown_text("idle") : weight(value);
     }},
    {"AllowedCPUs", "AllowedCPUs",
     [](const ShowSubject& of) {
       return shown_text(ranges_text(of.settings.resources.allowed_cpus));
     }},
    {"AllowedMemoryNodes", "AllowedMemoryNodes",
     [](const ShowSubject& of) {
       return shown_text(ranges_text(of.settings.resources.allowed_nodes));
     }},
    {"Delegate", "Delegate",
     [](const ShowSubject& of) {
       return shown_text(of.settings.resources.delegate ? "yes" : "no");
     }},
    {"IOWeight", "IOWeight",
     [](const ShowSubject& of) { return weight(of.settings.resources.io_weight); }},
    {"IODeviceWeight", "IODeviceWeight",
     [](const ShowSubject& of) { return devices(of.settings.resources.io_device_weight); }},
    {"IOReadBandwidthMax", "IOReadBandwidthMax",
     [](const ShowSubject& of) { return devices(of.settings.resources.io_read_bandwidth); }},
    {"IOWriteBandwidthMax", "IOWriteBandwidthMax",
     [](const ShowSubject& of) { return devices(of.settings.resources.io_write_bandwidth); }},
    {"IOReadIOPSMax", "IOReadIOPSMax",
     [](const ShowSubject& of) { return devices(of.settings.resources.io_read_iops); }},
    {"IOWriteIOPSMax", "IOWriteIOPSMax",
     [](const ShowSubject& of) { return devices(of.settings.resources.io_write_iops); }},
    {"IODeviceLatencyTargetSec", "IODeviceLatencyTargetUSec",
     [](const ShowSubject& of) { return latencies(of.settings.resources.io_latency_usec); }},
    {"OOMPolicy", "OOMPolicy",
     [](const ShowSubject& of) { return shown_text(word(of.settings.memory.oom_policy)); }},
    {"ManagedOOMMemoryPressure", "ManagedOOMMemoryPressure",
     [](const ShowSubject& of) {
       return shown_text(of.settings.memory.pressure_policy == ManagedOom::Kill ? "kill" : "auto");
     }},
    {"ManagedOOMMemoryPressureLimit", "ManagedOOMMemoryPressureLimit",
     [](const ShowSubject& of) {
       return shown_number(scaled(of.settings.memory.pressure_limit_percent));
     }},
    {"ManagedOOMMemoryPressureDurationSec", "ManagedOOMMemoryPressureDurationUSec",
     [](const ShowSubject& of) { return shown_span(of.settings.memory.pressure_duration); }},
};

}  // namespace

std::span<const ShowRow> resource_rows() { return kRows; }

}  // namespace gatevisor::config
