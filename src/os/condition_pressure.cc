#include "os/condition_pressure.h"

#include <sys/vfs.h>
#include <linux/magic.h>

#include <charconv>
#include <optional>
#include <sstream>
#include <string>

#include "os/file.h"

namespace gatevisor::os {
namespace {

/// '12.34' of the line that begins with `kind`, in hundredths of a percent.
std::optional<unsigned> average(const std::string& text, const std::string& kind,
                                const std::string& time) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with(kind + " ")) continue;
    const std::size_t at = line.find(time + "=");
    if (at == line.npos) return std::nullopt;
    const char* const begin = line.data() + at + time.size() + 1;
    const char* const end = line.data() + line.size();
    unsigned whole = 0;
    unsigned hundredths = 0;
    const auto [dot, error] = std::from_chars(begin, end, whole);
    if (error != std::errc{} || dot == end || *dot != '.') return std::nullopt;
    std::from_chars(dot + 1, end, hundredths);
    return whole * 100 + hundredths;
  }
  return std::nullopt;
}

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
    struct statfs info{};
    const bool unified = statfs("/sys/fs/cgroup", &info) == 0 && info.f_type == CGROUP2_SUPER_MAGIC;
    if (!unified) return true;
    path = "/sys/fs/cgroup" + cgroup + "/" + resource + ".pressure";
  }
  const auto text = read_file(path);
  if (!text) return true;
  // Of a processor that all wait for it at once says nothing: it is 0 for the machine.
  const bool cpu = condition.kind == Condition::Kind::CPUPressure;
  const std::string time = parameter.substr(second + 1);
  auto now = cpu ? std::nullopt : average(*text, "full", time);
  if (!now) now = average(*text, "some", time);
  unsigned limit = 0;
  std::from_chars(parameter.data() + first + 1, parameter.data() + second, limit);
  return now && *now <= limit;
}

}  // namespace gatevisor::os
