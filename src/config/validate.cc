// What one assignment alone cannot see.

#include <linux/mempolicy.h>

#include <algorithm>

#include "config/capability_set.h"
#include "config/properties.h"
#include "config/signal_map.h"
#include "config/text.h"
#include "core/sliding_window.h"

namespace gatevisor::config {
namespace {

// systemd.unit(5): letters, digits and these. '.slice' behind it has to fit a file name.
constexpr std::string_view kNameMarks = ":-_.@\\";
constexpr std::size_t kMaxName = 255 - std::string_view(".slice").size();

bool is_unit_name(std::string_view name) {
  if (name.empty() || name.size() > kMaxName || name[0] == '.') return false;
  return std::ranges::all_of(name, [](char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           kNameMarks.find(c) != std::string_view::npos;
  });
}

Expected<void> check_burst(const char* setting, const RateSettings& rate) {
  if (rate.burst <= core::SlidingWindow::kCapacity) return {};
  return fail("set", std::string(setting) + "=" + std::to_string(rate.burst), 0,
              "expected at most " + std::to_string(core::SlidingWindow::kCapacity) +
                  ": no more are remembered");
}

/// set_mempolicy(2): what each policy takes.
Expected<void> check_numa(const ProcessSettings& process) {
  if (!process.numa_policy) return {};
  const int policy = *process.numa_policy;
  const bool any = process.all_numa_nodes || process.numa_nodes.any();
  std::size_t named = 0;
  for (std::size_t i = 0; i < process.numa_nodes.size(); ++i)
    named += process.numa_nodes[i] ? 1 : 0;
  const bool one = !process.all_numa_nodes && named == 1;
  const bool needed = policy == MPOL_BIND || policy == MPOL_INTERLEAVE;
  if (!any && needed) return fail("set", "NUMAPolicy=", 0, "name its nodes with NUMAMask=");
  if (any && !one && policy == MPOL_PREFERRED) {
    return fail("set", "NUMAPolicy=preferred", 0, "expected one node in NUMAMask=");
  }
  return {};
}

bool is_above(const std::optional<ResourceLimit>& a, const std::optional<ResourceLimit>& b) {
  using Kind = ResourceLimit::Kind;
  return a && b && a->kind == b->kind && a->kind != Kind::Infinity && a->value >= b->value;
}

/// At least one of the two outputs.
bool is_journaled(const ExecSettings& exec) {
  using Kind = StandardOutput::Kind;
  const Kind output = exec.standard_output.kind;
  return output == Kind::Inherit || output == Kind::Journal ||
         exec.standard_error.kind == Kind::Journal;
}

Error remark(std::string what, std::string advice) {
  return Error{"", std::move(what), 0, std::move(advice)};
}

}  // namespace

bool may_have_no_command(const ServiceSettings& settings) {
  return settings.life.type == ServiceType::Oneshot && settings.life.remain_after_exit &&
         !settings.commands.stop.empty();
}

Expected<void> validate(const ServiceSettings& settings) {
  const std::vector<Command>& main = settings.commands.main;
  if (main.empty() ? !may_have_no_command(settings) : main.front().argv.front().empty()) {
    return fail("run", "", 0, "no command given; name it after --");
  }
  if (!is_unit_name(settings.name)) {
    return fail("run", "--name=" + printable(settings.name), 0,
                "expected letters, digits and :-_.@ in a name of at most " +
                    std::to_string(kMaxName) + " bytes that starts with no dot");
  }
  if (auto burst = check_burst("AlarmBurst", settings.alarm); !burst) return burst;
  if (auto burst = check_burst("StartLimitBurst", settings.start_limit); !burst) return burst;
  for (const auto& [from, to] : settings.forward) {
    if (const std::string_view why = why_not_forwarded(from); !why.empty()) {
      return fail("set", "ForwardSignals=" + signal_name(from), 0,
                  "it is never forwarded: " + std::string(why));
    }
  }
  const ServiceType type = settings.life.type;
  const bool has_own_start = settings.life.notifies() || type == ServiceType::Oneshot;
  if (settings.probes.startup.target && has_own_start) {
    return fail("set", "StartupProbe=", 0,
                "Type=notify, notify-reload and oneshot have a start of their own; take another "
                "Type= or leave it out");
  }
  const ExecSettings& exec = settings.exec;
  if (const auto& target = settings.probes.startup.target;
      target && target->kind == ProbeTarget::Kind::Line && !is_journaled(exec)) {
    return fail("set", "StartupProbe=" + target->text, 0,
                "neither StandardOutput= nor StandardError= leads to the journal");
  }
  if (const std::uint64_t outside = exec.bounding_set ? exec.ambient_set & ~*exec.bounding_set : 0;
      outside != 0) {
    return fail("set", "AmbientCapabilities=" + capability_names(outside), 0,
                "CapabilityBoundingSet= leaves it out; name it there too");
  }
  if (auto numa = check_numa(exec.process); !numa) return numa;
  for (const auto& [resource, limit] : exec.rlimits) {
    if (limit.soft > limit.hard) {
      return fail("set", "limit " + std::to_string(resource), 0,
                  "the soft limit may not be above the hard one");
    }
  }
  return {};
}

namespace {

void add_probe_remarks(const ServiceSettings& settings, ProbeKind kind, std::vector<Error>& all) {
  const ProbeSettings& probe = settings.probes.of(kind);
  if (!probe.target) return;
  const std::string name(setting_of(kind));
  if (probe.target->kind != ProbeTarget::Kind::Line && probe.timeout > probe.interval) {
    all.push_back(remark(name + "TimeoutSec= above " + name + "Sec=",
                         "while an answer is waited for, no other probe is sent"));
  }
  const bool connects =
      probe.target->kind == ProbeTarget::Kind::Tcp || probe.target->kind == ProbeTarget::Kind::Http;
  if (connects && settings.exec.namespaces.network) {
    all.push_back(remark(name + "= with PrivateNetwork=yes", "no probe can reach it there"));
  }
}

}  // namespace

std::vector<Error> remarks(const ServiceSettings& settings) {
  std::vector<Error> all;
  const RestartSettings& restart = settings.restart;
  if (restart.steps > 0 && restart.max_delay == kForever) {
    all.push_back(remark("RestartSteps= without RestartMaxDelaySec=", "the delay does not grow"));
  }
  if (restart.steps == 0 && restart.max_delay != kForever) {
    all.push_back(remark("RestartMaxDelaySec= without RestartSteps=", "the delay does not grow"));
  }
  if (restart.max_delay < restart.delay) {
    all.push_back(remark("RestartMaxDelaySec= below RestartSec=", "the delay does not grow"));
  }
  if (is_above(settings.resources.memory_high, settings.resources.memory_max)) {
    all.push_back(
        remark("MemoryHigh= not below MemoryMax=", "it is killed before it is ever slowed down"));
  }
  for (const ProbeKind kind : kAllProbeKinds) add_probe_remarks(settings, kind, all);
  if (const auto& filter = settings.exec.syscall_filter.filter;
      filter && filter->denies("execve")) {
    all.push_back(remark("SystemCallFilter= denies execve", "nothing can be started"));
  }
  if (settings.kill.mode == KillMode::None) {
    all.push_back(remark("KillMode=none", "what it leaves behind keeps its memory and its ports"));
  }
  return all;
}

}  // namespace gatevisor::config
