#include "app/observe.h"

#include "os/cgroup_mount.h"
#include "os/process_list.h"

namespace gatevisor::app {

ObservedUnit observe(UnitStatus status) {
  ObservedUnit seen;
  seen.status = std::move(status);
  const UnitStatus& unit = seen.status;
  const auto place = os::own_cgroup_place();
  if (place && !unit.slice.empty()) {
    const std::string slice = place->mount_point + "/" + unit.slice;
    seen.memory_max = os::cgroup_number(slice, "memory.max");
    seen.memory_high = os::cgroup_number(slice, "memory.high");
    seen.tasks_max = os::cgroup_number(slice, "pids.max");
  }
  if (place && !unit.leaf.empty()) {
    const std::string leaf = place->mount_point + "/" + unit.leaf;
    seen.memory = os::cgroup_number(leaf, "memory.current");
    seen.memory_peak = os::cgroup_number(leaf, "memory.peak");
    seen.tasks = os::cgroup_number(leaf, "pids.current");
    seen.cpu_usec = os::cgroup_keyed_number(leaf, "cpu.stat", "usage_usec");
    const auto stalled = [&leaf](const char* file) {
      return ObservedUnit::Stalled{os::cgroup_stalled(leaf, file, "some"),
                                   os::cgroup_stalled(leaf, file, "full")};
    };
    seen.memory_stalled = stalled("memory.pressure");
    seen.cpu_stalled = stalled("cpu.pressure");
    seen.io_stalled = stalled("io.pressure");
    seen.processes = os::processes_in(leaf);
  } else if (unit.main_pid != 0) {
    seen.processes = os::processes_below(unit.main_pid);
  }
  if (!seen.cpu_usec && !seen.processes.empty()) {
    seen.cpu_usec = 0;
    for (const ObservedProcess& process : seen.processes) *seen.cpu_usec += process.cpu_usec;
  }
  return seen;
}

}  // namespace gatevisor::app
