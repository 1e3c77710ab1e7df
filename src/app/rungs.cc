#include "app/rungs.h"

#include <linux/capability.h>
#include <unistd.h>

#include "exec/capabilities.h"
#include "os/children.h"
#include "os/kernel_log.h"
#include "os/pressure.h"

namespace gatevisor::app {

Rungs find_rungs(const os::Placement& placement, const os::ProcessMaker& maker) {
  const exec::OwnCapabilities capabilities = exec::own_capabilities();
  Rungs rungs;
  rungs.cgroup = placement.rung();
  rungs.why_cgroup = placement.why();
  rungs.spawn = maker.spawn_rung();
  rungs.signal = maker.signal_rung();
  if (placement.slice()) {
    rungs.kill = placement.kill_file() ? KillRung::CgroupKill : KillRung::FreezeKillThaw;
    rungs.pressure = os::watch_memory_pressure(placement.slice(), 50).has_value();
  } else {
    rungs.kill = os::can_list_children() ? KillRung::SubreaperRounds : KillRung::MainOnly;
  }
  rungs.pids_controller = placement.pids_controller();
  rungs.cpu_controller = placement.cpu_controller();
  rungs.root = geteuid() == 0;
  rungs.pid1 = getpid() == 1;
  rungs.can_set_ids = capabilities.has(CAP_SETUID) && capabilities.has(CAP_SETGID);
  rungs.can_drop_bounding_set = capabilities.has(CAP_SETPCAP);
  rungs.can_lower_oom_score = capabilities.has(CAP_SYS_RESOURCE);
  const auto kernel_log = os::KernelLogFile::open();
  rungs.kernel_log = static_cast<bool>(kernel_log);
  rungs.why_kernel_log = kernel_log.why();
  return rungs;
}

}  // namespace gatevisor::app
