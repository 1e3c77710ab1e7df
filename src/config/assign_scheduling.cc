// systemd.exec(5), 'Scheduling'.

#include <sched.h>

#include <algorithm>
#include <array>
#include <optional>

#include "config/setters.h"
#include "config/words.h"

namespace gatevisor::config {
namespace {

constexpr int kMaxCpuPriority = 99;
constexpr std::size_t kMostProcessors = SchedulingSettings::Processors{}.size();

/// A number with a sign, in [low, high].
std::optional<int> parse_signed(std::string_view text, int low, int high) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  const auto number = parse_decimal(text);
  if (!number || *number > 1000) return std::nullopt;
  const int value = negative ? -static_cast<int>(*number) : static_cast<int>(*number);
  return value >= low && value <= high ? std::optional(value) : std::nullopt;
}

/// '0-3,6 8': numbers and ranges, parted by white space or commas.
Parsed<SchedulingSettings::Processors> parse_processors(std::string_view text) {
  std::string spaced(text);
  std::ranges::replace(spaced, ',', ' ');
  return parse_ranges<kMostProcessors>(
      spaced, 0, kMostProcessors - 1,
      "expected numbers and ranges of processors below 1024: 0-3 6");
}

/// sched_get_priority_min(2) and _max(2), which are the same on every Linux.
int clamp_priority(int policy, int priority) {
  const bool real_time = policy == SCHED_FIFO || policy == SCHED_RR;
  return real_time ? std::clamp(priority, 1, kMaxCpuPriority) : 0;
}

}  // namespace

Parsed<void> set_nice(ServiceSettings& settings, std::string_view value) {
  const auto nice = parse_signed(value, -20, 19);
  if (!value.empty() && !nice) return refuse("expected a number from -20 to 19");
  settings.exec.scheduling.nice = nice;
  return {};
}

Parsed<void> set_cpu_policy(ServiceSettings& settings, std::string_view value) {
  constexpr std::array kChoices = {
      Choice{"other", SCHED_OTHER}, Choice{"batch", SCHED_BATCH}, Choice{"idle", SCHED_IDLE},
      Choice{"fifo", SCHED_FIFO},   Choice{"rr", SCHED_RR},
  };
  SchedulingSettings& scheduling = settings.exec.scheduling;
  if (value.empty()) {
    scheduling.cpu_policy.reset();
    scheduling.cpu_priority = 0;
    return {};
  }
  const auto policy = choose(value, kChoices);
  if (!policy) return refuse(policy.error());
  scheduling.cpu_policy = *policy;
  scheduling.cpu_priority = clamp_priority(*policy, scheduling.cpu_priority);
  return {};
}

Parsed<void> set_cpu_priority(ServiceSettings& settings, std::string_view value) {
  const auto priority = parse_decimal(value, 0, kMaxCpuPriority);
  if (!priority) return refuse("expected a number from 1 to 99");
  SchedulingSettings& scheduling = settings.exec.scheduling;
  const int policy = scheduling.cpu_policy.value_or(SCHED_FIFO);
  const int number = static_cast<int>(*priority);
  // systemd's order matters too: behind CPUSchedulingPolicy=fifo it is 1 to 99, behind other 0.
  if (clamp_priority(policy, number) != number) {
    return refuse(policy == SCHED_FIFO || policy == SCHED_RR
                      ? "expected a number from 1 to 99"
                      : "expected 0: only fifo and rr have priorities");
  }
  scheduling.cpu_priority = number;
  return {};
}

Parsed<void> set_reset_on_fork(ServiceSettings& settings, std::string_view value) {
  return store(settings.exec.scheduling.reset_on_fork, parse_boolean(value));
}

Parsed<void> set_io_class(ServiceSettings& settings, std::string_view value) {
  constexpr std::array kChoices = {
      Choice{"none", 0}, Choice{"realtime", 1}, Choice{"best-effort", 2}, Choice{"idle", 3},
      Choice{"0", 0},    Choice{"1", 1},        Choice{"2", 2},           Choice{"3", 3},
  };
  if (value.empty()) {
    settings.exec.scheduling.io_class.reset();
    return {};
  }
  const auto number = choose(value, kChoices);
  if (!number) return refuse("expected none, realtime, best-effort or idle");
  settings.exec.scheduling.io_class = *number;
  return {};
}

Parsed<void> set_io_priority(ServiceSettings& settings, std::string_view value) {
  const auto priority = parse_decimal(value, 0, 7);
  if (!value.empty() && !priority) return refuse("expected a number from 0, the highest, to 7");
  settings.exec.scheduling.io_priority.reset();
  if (priority) settings.exec.scheduling.io_priority = static_cast<int>(*priority);
  return {};
}

Parsed<void> set_cpu_affinity(ServiceSettings& settings, std::string_view value) {
  if (value == "numa") return refuse("NUMAMask= is not done; name the processors");
  auto set = parse_processors(value);
  if (!set) return refuse(std::move(set.error()));
  SchedulingSettings::Processors& processors = settings.exec.scheduling.processors;
  processors = value.empty() ? *set : processors | *set;
  return {};
}

}  // namespace gatevisor::config
