#include "os/condition_pressure.h"

#include <optional>
#include <string>

#include "os/cgroup_dir.h"
#include "os/cgroup_mount.h"
#include "os/file.h"

namespace gatevisor::os {
namespace {

const char* resource_of(Condition::Kind kind) {
  if (kind == Condition::Kind::CPUPressure) return "cpu";
  return kind == Condition::Kind::IOPressure ? "io" : "memory";
}

}  // namespace

bool pressure_holds(const Condition& condition) {
  const std::string& parameter = condition.parameter;
  const std::size_t first = parameter.find('|');
  const std::size_t second = parameter.find('|', first + 1);
  if (first == parameter.npos || second == parameter.npos) return false;
  const std::string cgroup = parameter.substr(0, first);
  const std::string resource = resource_of(condition.kind);
  std::string path = "/proc/pressure/" + resource;
  if (cgroup != "*") {
    if (!is_unified()) return true;
    path = "/sys/fs/cgroup" + cgroup + "/" + resource + ".pressure";
  }
  const auto text = read_file(path);
  if (!text) return true;
  // Of a processor that all wait for it at once says nothing: it is 0 for the machine.
  const bool cpu = condition.kind == Condition::Kind::CPUPressure;
  const std::string time = parameter.substr(second + 1);
  auto now = cpu ? std::nullopt : stalled_average(*text, "full", time);
  if (!now) now = stalled_average(*text, "some", time);
  const auto limit = number_of(parameter.substr(first + 1));
  return now && limit && *now <= *limit;
}

}  // namespace gatevisor::os
