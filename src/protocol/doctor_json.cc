#include "protocol/doctor_json.h"

#include <nlohmann/json.hpp>

#include "core/rung_table.h"

namespace gatevisor::protocol {

std::string doctor_json(const Rungs& rungs) {
  using nlohmann::ordered_json;
  ordered_json json;
  json["rungs"] = {
      {"cgroup", to_string(rungs.cgroup)},
      {"spawn", to_string(rungs.spawn)},
      {"signal", to_string(rungs.signal)},
      {"kill", to_string(rungs.kill)},
      {"root", rungs.root},
      {"pid1", rungs.pid1},
      {"can_set_ids", rungs.can_set_ids},
      {"can_drop_bounding_set", rungs.can_drop_bounding_set},
      {"can_lower_oom_score", rungs.can_lower_oom_score},
      {"pids_controller", rungs.pids_controller},
      {"cpu_controller", rungs.cpu_controller},
      {"pressure", rungs.pressure},
      {"kernel_log", rungs.kernel_log},
  };
  if (!rungs.why_cgroup.empty()) json["why_cgroup"] = rungs.why_cgroup;
  if (!rungs.why_kernel_log.empty()) json["why_kernel_log"] = rungs.why_kernel_log;
  json["verdicts"] = ordered_json::array();
  for (const core::Tellable& entry : core::tellable(rungs)) {
    ordered_json row = {{"cause", to_string(entry.cause)},
                        {"here", to_string(entry.here)},
                        {"best", to_string(entry.best)}};
    if (!entry.missing.empty()) row["missing"] = entry.missing;
    json["verdicts"].push_back(std::move(row));
  }
  json["remedies"] = ordered_json::array();
  for (const core::Remedy& remedy : core::cgroup_remedies(rungs)) {
    json["remedies"].push_back({{"platform", remedy.platform}, {"what", remedy.what}});
  }
  json["kernel_log_remedies"] = ordered_json::array();
  for (const core::Remedy& remedy : core::kernel_log_remedies(rungs)) {
    json["kernel_log_remedies"].push_back({{"platform", remedy.platform}, {"what", remedy.what}});
  }
  json["complete"] = core::all_verdicts(rungs);
  return json.dump(2, ' ', false, ordered_json::error_handler_t::replace);
}

}  // namespace gatevisor::protocol
