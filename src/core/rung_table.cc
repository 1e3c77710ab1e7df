#include "core/rung_table.h"

#include <algorithm>

namespace gatevisor::core {
namespace {

constexpr std::string_view kOwnMemory = "a cgroup of the gateway's own with the memory controller";
constexpr std::string_view kPids = "a cgroup of the gateway's own with the pids controller";
constexpr std::string_view kPressure =
    "the memory controller, and pressure stall information (kernel parameter psi=1)";

Tellable row(Cause cause, const Rungs& rungs) {
  const bool own_memory = rungs.cgroup == CgroupRung::MemoryController;
  const bool container_memory = rungs.cgroup == CgroupRung::ReadOnly;
  switch (cause) {
    case Cause::OomKill: {
      const Confidence here = own_memory         ? Confidence::Certain
                              : container_memory ? Confidence::Likely
                                                 : Confidence::Unknown;
      return {cause, here, Confidence::Certain, own_memory ? std::string_view{} : kOwnMemory};
    }
    case Cause::Signal: {
      // A SIGKILL from outside and one of the OOM killer differ in the counters alone.
      const bool seen = own_memory || container_memory;
      return {cause, seen ? Confidence::Certain : Confidence::Unknown, Confidence::Certain,
              seen ? std::string_view{} : kOwnMemory};
    }
    case Cause::MemoryStall: {
      const bool seen = own_memory && rungs.pressure;
      return {cause, seen ? Confidence::Likely : Confidence::Unknown, Confidence::Likely,
              seen ? std::string_view{} : kPressure};
    }
    case Cause::TaskLimit:
      return {cause, rungs.pids_controller ? Confidence::Likely : Confidence::Unknown,
              Confidence::Likely, rungs.pids_controller ? std::string_view{} : kPids};
    case Cause::RuntimeOom:
    case Cause::Seccomp: return {cause, Confidence::Likely, Confidence::Likely, {}};
    case Cause::Clean:
    case Cause::Requested:
    case Cause::ExitCode:
    case Cause::CoreDump:
    case Cause::ExecFailure:
    case Cause::StartTimeout:
    case Cause::RuntimeLimit:
    case Cause::StopTimeout:
    case Cause::Watchdog:
    case Cause::Protocol:
    case Cause::ProbeFailure: return {cause, Confidence::Certain, Confidence::Certain, {}};
  }
  return {cause, Confidence::Unknown, Confidence::Certain, {}};
}

}  // namespace

std::array<Tellable, kAllCauses.size()> tellable(const Rungs& rungs) {
  std::array<Tellable, kAllCauses.size()> table{};
  for (std::size_t i = 0; i < kAllCauses.size(); ++i) table[i] = row(kAllCauses[i], rungs);
  return table;
}

bool all_verdicts(const Rungs& rungs) {
  return std::ranges::all_of(tellable(rungs),
                             [](const Tellable& entry) { return entry.here == entry.best; });
}

std::vector<Remedy> cgroup_remedies(const Rungs& rungs) {
  if (rungs.cgroup == CgroupRung::MemoryController) return {};
  return {
      {"docker", "--security-opt writable-cgroups=true (Docker 28 or newer), else --privileged"},
      {"podman", "--security-opt unmask=/sys/fs/cgroup"},
      {"Kubernetes",
       "cgroup_writable = true for the runtime class in containerd, else securityContext "
       "privileged: true"},
      {"systemd", "Delegate=yes in the unit that starts gatevisor"},
  };
}

std::vector<Remedy> kernel_log_remedies(const Rungs& rungs) {
  if (rungs.kernel_log) return {};
  return {
      {"docker, podman",
       "--device=/dev/kmsg:/dev/kmsg:r --cap-add=SYSLOG (the latter where kernel.dmesg_restrict "
       "is 1)"},
      {"Kubernetes", "a hostPath volume of /dev/kmsg with securityContext privileged: true"},
      {"systemd",
       "DeviceAllow=/dev/kmsg r, CAP_SYSLOG in CapabilityBoundingSet=, and no "
       "ProtectKernelLogs=yes"},
  };
}

}  // namespace gatevisor::core
