#include "app/doctor.h"

#include <unistd.h>

#include <cstdio>

#include "app/cli.h"
#include "app/exit_code.h"
#include "app/rungs.h"
#include "core/rung_table.h"
#include "protocol/doctor_json.h"

namespace gatevisor::app {
namespace {

std::string row(std::string_view name, std::string_view value) {
  std::string line = "  " + std::string(name);
  line.resize(18, ' ');
  return line + std::string(value) + "\n";
}

std::string_view yes_no(bool yes) { return yes ? "yes" : "no"; }

std::string rungs_text(const Rungs& rungs) {
  std::string text = "Rungs in use\n";
  text += row("cgroup v2", std::string(to_string(rungs.cgroup)) +
                               (rungs.why_cgroup.empty() ? "" : " (" + rungs.why_cgroup + ")"));
  text += row("spawn", to_string(rungs.spawn));
  text += row("signal", to_string(rungs.signal));
  text += row("end of the tree", to_string(rungs.kill));
  text += row("task limits", rungs.pids_controller ? "pids controller" : "no pids controller");
  text += row("cpu limits", rungs.cpu_controller ? "cpu controller" : "no cpu controller");
  text += row("memory pressure", rungs.pressure ? "watched" : "cannot be watched");
  text += row("kernel log", rungs.kernel_log ? "read at each death"
                                             : "cannot be read (" + rungs.why_kernel_log + ")");
  text += row("root", yes_no(rungs.root));
  text += row("PID 1", yes_no(rungs.pid1));
  text += row("User=, Group=",
              rungs.can_set_ids ? "can be changed to" : "only gatevisor's own (no CAP_SETUID)");
  text += row("bounding set",
              rungs.can_drop_bounding_set ? "can be dropped" : "stays as it is (no CAP_SETPCAP)");
  text += row("oom_score_adj", rungs.can_lower_oom_score
                                   ? "can be lowered; gatevisor is chosen for no kill"
                                   : "can only be raised (no CAP_SYS_RESOURCE)");
  return text;
}

std::string verdicts_text(const Rungs& rungs) {
  std::string text = "Verdicts\n";
  for (const core::Tellable& entry : core::tellable(rungs)) {
    std::string value(to_string(entry.here));
    if (entry.here != entry.best) {
      value += " (could be " + std::string(to_string(entry.best)) + " with " +
               std::string(entry.missing) + ")";
    }
    text += row(to_string(entry.cause), value);
  }
  return text;
}

/// A table of its own, behind a blank line; nothing where nothing is missing.
std::string remedies_text(const char* title, const std::vector<core::Remedy>& remedies) {
  if (remedies.empty()) return {};
  std::string text = "\n" + std::string(title) + "\n";
  for (const core::Remedy& remedy : remedies) text += row(remedy.platform, remedy.what);
  return text;
}

}  // namespace

int doctor(const DoctorOptions& options) {
  // The real thing, in a slice of its own that is gone again at the end.
  const std::string name = "gatevisor-doctor-" + std::to_string(getpid());
  auto placement = os::Placement::enter(os::CgroupBase::enter(getpid() == 1), name);
  if (!placement) {
    std::fprintf(stderr, "gatevisor: %s\n", to_string(placement.error()).c_str());
    return kOsError;
  }
  const Rungs rungs = find_rungs(*placement, os::ProcessMaker::probe());
  placement->leave();
  const std::string text = options.json
                               ? protocol::doctor_json(rungs) + "\n"
                               : rungs_text(rungs) + "\n" + verdicts_text(rungs) +
                                     remedies_text("How to get a cgroup of the gateway's own",
                                                   core::cgroup_remedies(rungs)) +
                                     remedies_text("How to get the kernel's own words as evidence",
                                                   core::kernel_log_remedies(rungs));
  std::fputs(text.c_str(), stdout);
  return core::all_verdicts(rungs) ? kOk : kIncomplete;
}

}  // namespace gatevisor::app
