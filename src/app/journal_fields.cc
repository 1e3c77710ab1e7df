#include "app/journal_fields.h"

#include <unistd.h>

#include "os/invocation.h"

namespace gatevisor::app {
namespace {

/// TASK_COMM_LEN of the kernel, without its NUL.
constexpr std::size_t kMaxComm = 15;
/// A longer command line is cut.
constexpr std::size_t kMaxCommandLine = 4096;

std::string command_line(const exec::Plan& plan) {
  std::string line;
  for (const char* argument : plan.argv) {
    if (argument == nullptr || line.size() > kMaxCommandLine) break;
    if (!line.empty()) line += ' ';
    line += argument;
  }
  return line.substr(0, kMaxCommandLine);
}

}  // namespace

protocol::JournalStream journal_stream(const ServiceSettings& settings, const exec::Plan& plan,
                                       const OutputOf& of) {
  const LineSettings& lines = settings.exec.lines;
  const std::string name = plan.program.substr(plan.program.rfind('/') + 1);
  protocol::JournalStream stream;
  stream.is_error = of.is_error;
  stream.level_prefix = lines.level_prefix;
  stream.facility = static_cast<std::uint8_t>(lines.facility);
  stream.level = static_cast<std::uint8_t>(lines.level);
  stream.most_level = static_cast<std::uint8_t>(lines.most_level.value_or(7));
  stream.unit = settings.name;
  stream.identifier = lines.identifier.empty() ? name : lines.identifier;
  stream.invocation = of.invocation;
  stream.pid = static_cast<std::uint64_t>(of.pid);
  const auto add = [&stream](const char* field, const std::string& value) {
    if (!value.empty()) stream.fields.push_back(std::string(field) + "=" + value);
  };
  const auto number = [](std::uint64_t value) { return std::to_string(value); };
  add("_TRANSPORT", "stdout");
  add("_STREAM_ID", os::new_invocation_id());
  if (lines.facility != 0) add("SYSLOG_FACILITY", number(lines.facility));
  add("SYSLOG_IDENTIFIER", stream.identifier);
  add("_PID", number(stream.pid));
  add("_UID", number(plan.identity ? plan.identity->uid : geteuid()));
  add("_GID", number(plan.identity ? plan.identity->gid : getegid()));
  add("_COMM", name.substr(0, kMaxComm));
  add("_EXE", plan.program);
  add("_CMDLINE", command_line(plan));
  if (!of.cgroup.empty()) add("_SYSTEMD_CGROUP", "/" + of.cgroup);
  add("_SYSTEMD_SLICE", settings.name + ".slice");
  add("_SYSTEMD_UNIT", settings.unit_name());
  add("_SYSTEMD_INVOCATION_ID", of.invocation);
  for (const std::string& field : lines.extra_fields) stream.fields.push_back(field);
  return stream;
}

}  // namespace gatevisor::app
