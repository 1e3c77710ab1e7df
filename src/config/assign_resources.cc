// systemd.resource-control(5) and OOMPolicy= of systemd.service(5).

#include <algorithm>
#include <array>
#include <limits>

#include "config/setters.h"
#include "config/size.h"
#include "config/time_span.h"
#include "config/words.h"

namespace gatevisor::config {
namespace {

// <linux/threads.h>, PID_MAX_LIMIT on 64 bits: pids.max takes no more.
constexpr std::uint64_t kMaxTasks = 4 * 1024 * 1024;

enum class Zero : std::uint8_t { Allowed, Refused };

ResourceLimit absolute(std::uint64_t value) { return {ResourceLimit::Kind::Absolute, value}; }

/// The empty value asks for nothing, as before the first assignment.
Parsed<void> store_memory(std::optional<ResourceLimit>& field, std::string_view value, Zero zero) {
  if (value.empty()) {
    field.reset();
    return {};
  }
  std::optional<ResourceLimit> limit;
  if (value == "infinity") {
    limit = ResourceLimit{};
  } else if (const auto share = parse_share(value, kWholeShare)) {
    limit = ResourceLimit{ResourceLimit::Kind::Percent, *share};
  } else if (const auto bytes = parse_size(value);
             bytes && *bytes != std::numeric_limits<std::uint64_t>::max()) {
    limit = absolute(*bytes);
  }
  if (!limit) return refuse("expected a size such as 512M, 2G, 50% or infinity");
  if (zero == Zero::Refused && limit->kind != ResourceLimit::Kind::Infinity && limit->value == 0) {
    return refuse("a limit of 0 kills at once; expected a size such as 512M, 2G, 50% or infinity");
  }
  field = limit;
  return {};
}

}  // namespace

Parsed<void> set_memory_max(ServiceSettings& settings, std::string_view value) {
  return store_memory(settings.resources.memory_max, value, Zero::Refused);
}

Parsed<void> set_memory_high(ServiceSettings& settings, std::string_view value) {
  return store_memory(settings.resources.memory_high, value, Zero::Refused);
}

Parsed<void> set_memory_zswap_max(ServiceSettings& settings, std::string_view value) {
  return store_memory(settings.resources.memory_zswap_max, value, Zero::Allowed);
}

Parsed<void> set_memory_swap_max(ServiceSettings& settings, std::string_view value) {
  return store_memory(settings.resources.memory_swap_max, value, Zero::Allowed);
}

Parsed<void> set_memory_min(ServiceSettings& settings, std::string_view value) {
  return store_memory(settings.resources.memory_min, value, Zero::Allowed);
}

Parsed<void> set_memory_low(ServiceSettings& settings, std::string_view value) {
  return store_memory(settings.resources.memory_low, value, Zero::Allowed);
}

Parsed<void> set_tasks_max(ServiceSettings& settings, std::string_view value) {
  std::optional<ResourceLimit>& field = settings.resources.tasks_max;
  if (value.empty()) {
    field.reset();
  } else if (value == "infinity") {
    field = ResourceLimit{};
  } else if (const auto share = parse_share(value, kWholeShare); share && *share > 0) {
    field = ResourceLimit{ResourceLimit::Kind::Percent, *share};
  } else if (const auto count = parse_decimal(value, 1, kMaxTasks)) {
    field = absolute(*count);
  } else {
    return refuse("expected a number of tasks from 1 to " + std::to_string(kMaxTasks) +
                  ", a share such as 10%, or infinity");
  }
  return {};
}

Parsed<void> set_cpu_quota(ServiceSettings& settings, std::string_view value) {
  std::optional<std::uint64_t>& field = settings.resources.cpu_quota_usec_per_sec;
  if (value.empty()) {
    field.reset();
    return {};
  }
  // More than one processor's worth is more than 100%; systemd bounds it by an int.
  const auto share = parse_share(value, std::numeric_limits<int>::max());
  if (!share || *share == 0) {
    return refuse("expected a share of one processor such as 50% or 150%");
  }
  constexpr std::uint64_t kUsecPerShare = 1'000'000 / kWholeShare;
  field = *share * kUsecPerShare;
  return {};
}

Parsed<void> set_cpu_period(ServiceSettings& settings, std::string_view value) {
  if (value.empty()) {
    settings.resources.cpu_period.reset();
    return {};
  }
  const auto span = parse_time_span(value);
  if (!span) return refuse(span.error());
  using std::chrono::milliseconds;
  // systemd.resource-control(5): what the kernel takes.
  settings.resources.cpu_period = std::clamp<Duration>(*span, milliseconds{1}, milliseconds{1000});
  return {};
}

Parsed<void> set_cpu_weight(ServiceSettings& settings, std::string_view value) {
  if (value.empty()) {
    settings.resources.cpu_weight.reset();
    return {};
  }
  if (value == "idle") {
    settings.resources.cpu_weight = 0;
    return {};
  }
  return store(settings.resources.cpu_weight, parse_decimal(value, 1, 10'000));
}

// Of the controllers it gets all that there are, whichever it names; an empty value asks for it
// too.
Parsed<void> set_delegate(ServiceSettings& settings, std::string_view value) {
  if (const auto yes = parse_boolean(value)) {
    settings.resources.delegate = *yes;
    return {};
  }
  constexpr std::array<std::string_view, 11> kControllers = {
      "cpu",     "cpuacct", "cpuset",       "io",          "blkio",      "memory",
      "devices", "pids",    "bpf-firewall", "bpf-devices", "bpf-foreign"};
  const auto words = split_words(value);
  if (!words) return refuse(words.error());
  for (const std::string& word : *words) {
    if (std::ranges::find(kControllers, word) == kControllers.end()) {
      return refuse("expected yes, no or controllers such as cpu, memory and pids");
    }
  }
  settings.resources.delegate = true;
  return {};
}

Parsed<void> set_strict_limits(ServiceSettings& settings, std::string_view value) {
  return store(settings.resources.strict, parse_boolean(value));
}

Parsed<void> set_oom_policy(ServiceSettings& settings, std::string_view value) {
  constexpr std::array kChoices = {
      Choice{"continue", OomPolicy::Continue},
      Choice{"stop", OomPolicy::Stop},
      Choice{"kill", OomPolicy::Kill},
  };
  return store(settings.memory.oom_policy, choose(value, kChoices));
}

Parsed<void> set_pressure_policy(ServiceSettings& settings, std::string_view value) {
  constexpr std::array kChoices = {
      Choice{"auto", ManagedOom::Auto},
      Choice{"kill", ManagedOom::Kill},
  };
  if (value.empty()) value = "auto";
  return store(settings.memory.pressure_policy, choose(value, kChoices));
}

Parsed<void> set_pressure_limit(ServiceSettings& settings, std::string_view value) {
  unsigned& field = settings.memory.pressure_limit_percent;
  if (value.empty()) {
    field = MemorySettings{}.pressure_limit_percent;
    return {};
  }
  const auto share = parse_share(value, kWholeShare);
  if (!share || *share == 0 || *share % 100 != 0) return refuse("expected 1% to 100%, no decimals");
  field = static_cast<unsigned>(*share / 100);
  return {};
}

Parsed<void> set_memory_sample(ServiceSettings& settings, std::string_view value) {
  Duration& field = settings.memory.sample_interval;
  if (value.empty()) {
    field = MemorySettings{}.sample_interval;
    return {};
  }
  const auto span = parse_time_span(value);
  if (!span) return refuse(span.error());
  if (*span == kForever) {
    field = Duration{0};
    return {};
  }
  if (*span != Duration{0} && *span < std::chrono::seconds{1}) {
    return refuse("expected 0, or a time from 1s up");
  }
  field = *span;
  return {};
}

Parsed<void> set_pressure_duration(ServiceSettings& settings, std::string_view value) {
  Duration& field = settings.memory.pressure_duration;
  if (value.empty()) {
    field = MemorySettings{}.pressure_duration;
    return {};
  }
  const auto span = parse_time_span(value);
  if (!span) return refuse(span.error());
  if (*span < std::chrono::seconds{1} || *span == kForever) {
    return refuse("expected a time of at least 1s, not infinity");
  }
  field = *span;
  return {};
}

}  // namespace gatevisor::config
