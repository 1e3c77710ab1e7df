#include "report/status_text.h"

#include <algorithm>

#include "core/format.h"
#include "log/timestamp.h"
#include "report/words.h"

namespace gatevisor::report {
namespace {

constexpr std::size_t kLabel = 12;  ///< systemctl's
/// What is below is told by its number.
constexpr std::size_t kMostProcesses = 100;

constexpr std::string_view kGreen = "\x1b[0;1;32m";
constexpr std::string_view kRed = "\x1b[0;1;31m";
constexpr std::string_view kYellow = "\x1b[0;1;33m";
constexpr std::string_view kPlain = "\x1b[0m";

std::string_view color_of(const UnitStatus& unit) {
  if (unit.active == "active") return kGreen;
  if (unit.active == "failed") return kRed;
  return unit.active == "inactive" ? kPlain : kYellow;
}

std::string painted(std::string_view text, std::string_view color, const StatusView& view) {
  if (!view.colors) return std::string(text);
  return std::string(color) + std::string(text) + std::string(kPlain);
}

void put(std::string& text, std::string_view label, const std::string& value) {
  if (value.empty()) return;
  text.append(kLabel - std::min(kLabel, label.size()), ' ');
  text += std::string(label) + ": " + value + "\n";
}

std::uint64_t usec_of(const std::string& time, const StatusView& view) {
  if (time.empty()) return 0;
  return log::parse_timestamp(time, view.calendar, view.now_usec).value_or(0);
}

/// 'Fri 2026-11-27 04:00:00 UTC; 2min 3s ago'
std::string when(const std::string& time, const StatusView& view) {
  const std::uint64_t usec = usec_of(time, view);
  if (usec == 0) return "";
  return log::format_timestamp(view.calendar, usec, false) + "; " + ago(usec, view.now_usec);
}

std::string active_text(const UnitStatus& unit, const StatusView& view) {
  std::string text = painted(unit.active + " (" + unit.sub + ")", color_of(unit), view);
  if (unit.active == "active" && !unit.ready) text += ", not ready";
  if (const std::string since = when(unit.since, view); !since.empty()) text += " since " + since;
  if (!unit.job.empty()) text += "; job: " + unit.job;
  return text;
}

/// 'in 1.5s' of a respawn that is planned.
std::string next_text(const UnitStatus& unit, const StatusView& view) {
  const std::uint64_t usec = usec_of(unit.next_start, view);
  if (usec == 0) return "";
  const std::string at = time_of_day(view.calendar, usec);
  if (usec <= view.now_usec) return at + ", now";
  return at + ", in " + length(view.now_usec, usec);
}

std::string main_pid_text(const ObservedUnit& unit) {
  if (unit.status.main_pid == 0) return "";
  std::string text = std::to_string(unit.status.main_pid);
  for (const ObservedProcess& process : unit.processes) {
    if (process.pid != unit.status.main_pid) continue;
    const std::string program = process.command.substr(0, process.command.find(' '));
    text += " (" + line(program.substr(program.rfind('/') + 1)) + ")";
  }
  return text;
}

std::string tasks_text(const ObservedUnit& unit) {
  if (!unit.tasks) return "";
  return std::to_string(*unit.tasks) +
         (unit.tasks_max ? " (limit: " + std::to_string(*unit.tasks_max) + ")" : "");
}

std::string memory_text(const ObservedUnit& unit) {
  if (!unit.memory) {
    if (unit.processes.empty()) return "";
    std::uint64_t resident = 0;
    for (const ObservedProcess& process : unit.processes) resident += process.resident;
    return format_bytes(resident) + " resident (no memory controller: no peak, no limit)";
  }
  std::string more;
  const auto add = [&more](const char* name, const std::optional<std::uint64_t>& value) {
    if (!value) return;
    more += (more.empty() ? "" : ", ") + std::string(name) + ": " + format_bytes(*value);
  };
  add("peak", unit.memory_peak);
  add("high", unit.memory_high);
  add("max", unit.memory_max);
  return format_bytes(*unit.memory) + (more.empty() ? "" : " (" + more + ")");
}

std::string probes_text(const UnitStatus& unit) {
  std::string all;
  for (const ProbeStatus& probe : unit.probes) {
    all += (all.empty() ? "" : "; ") + line(probe.kind) + " " + line(probe.target) + ": ";
    if (probe.failures > 0) {
      all += std::to_string(probe.failures) + " failed in a row";
    } else {
      all += probe.serving ? "serving" : "not answered yet";
    }
  }
  return all;
}

std::string restarts_text(const UnitStatus& unit) {
  if (unit.launches == 0) return "";
  return std::to_string(unit.launches - 1) + "; " + std::to_string(unit.exits) +
         (unit.exits == 1 ? " death" : " deaths") + " within " + format_duration(unit.window);
}

std::string last_text(const UnitStatus& unit, const StatusView& view) {
  if (!unit.died) return "";
  const std::uint64_t usec = usec_of(unit.last.ended, view);
  return line(unit.last.cause) + " (" + line(unit.last.confidence) + "): " +
         line(unit.last.summary) + (usec == 0 ? "" : "; " + ago(usec, view.now_usec));
}

/// Each below its parent, in the order of their pids.
class Tree {
 public:
  explicit Tree(const std::vector<ObservedProcess>& processes) : processes_(processes) {}

  std::string text() {
    for (const ObservedProcess& process : processes_) {
      const auto is_parent = [&](const ObservedProcess& other) {
        return other.pid == process.parent && other.pid != process.pid;
      };
      if (std::ranges::none_of(processes_, is_parent)) roots_.push_back(&process);
    }
    put_all(roots_, "", 0);
    if (shown_ < processes_.size()) {
      text_ += "and " + std::to_string(processes_.size() - shown_) + " more\n";
    }
    return text_;
  }

 private:
  /// Deeper than people read; and a ring of parents, of what was read while it changed, ends.
  static constexpr int kDepth = 16;

  void put_all(const std::vector<const ObservedProcess*>& level, const std::string& before,
               int depth) {
    for (const ObservedProcess* process : level) {
      if (shown_ >= kMostProcesses || depth >= kDepth) return;
      const bool last = process == level.back();
      text_ += before + (last ? "└─" : "├─") + std::to_string(process->pid) + " " +
               line(process->command) + "\n";
      ++shown_;
      std::vector<const ObservedProcess*> below;
      for (const ObservedProcess& other : processes_) {
        if (other.parent == process->pid && other.pid != process->pid) below.push_back(&other);
      }
      put_all(below, before + (last ? "  " : "│ "), depth + 1);
    }
  }

  const std::vector<ObservedProcess>& processes_;
  std::vector<const ObservedProcess*> roots_;
  std::string text_;
  std::size_t shown_ = 0;
};

/// Each further line below the first.
std::string indented(const std::string& text) {
  std::string all;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    all += std::string(kLabel + 2, ' ') + text.substr(at, end - at) + "\n";
    at = end + 1;
  }
  return all;
}

}  // namespace

std::string status_text(const ObservedUnit& unit, const StatusView& view) {
  const UnitStatus& status = unit.status;
  std::string text = painted(status.active == "failed" ? "×" : status.active == "inactive" ? "○" : "●",
                             color_of(status), view) +
                     " " + line(status.name) + (status.main ? " (main)" : "") + "\n";
  put(text, "Active", active_text(status, view));
  put(text, "Reason", line(status.reason));
  put(text, "Next start", next_text(status, view));
  put(text, "Main PID", main_pid_text(unit));
  put(text, "Command", status.control_pid == 0 ? "" : std::to_string(status.control_pid));
  put(text, "Status", status.text.empty() ? "" : '"' + line(status.text) + '"');
  put(text, "Invocation", status.invocation);
  put(text, "Probes", probes_text(status));
  put(text, "Restarts", restarts_text(status));
  put(text, "Last death", last_text(status, view));
  put(text, "Tasks", tasks_text(unit));
  put(text, "Memory", memory_text(unit));
  if (unit.cpu_usec) {
    put(text, "CPU", format_duration(Duration{static_cast<Duration::rep>(*unit.cpu_usec)}));
  }
  const std::string processes = Tree(unit.processes).text();
  if (!status.leaf.empty()) {
    put(text, "CGroup", "/" + line(status.leaf));
  } else if (!processes.empty()) {
    put(text, "Processes", "without a cgroup of their own (" + status.cgroup + ")");
  }
  text += indented(processes);
  put(text, "Rungs", "cgroup: " + line(status.cgroup) + "; spawn: " + line(status.spawn));
  return text;
}

std::string supervisor_text(const SupervisorStatus& supervisor, const StatusView& view) {
  std::string value = "gatevisor " + line(supervisor.version) + ", pid " +
                      std::to_string(supervisor.pid);
  const std::uint64_t started = usec_of(supervisor.started, view);
  if (started != 0) value += ", for " + length(started, view.now_usec);
  if (supervisor.ending) value += ", ends";
  std::string text;
  put(text, "Supervisor", value);
  if (supervisor.journal.empty()) return text;
  std::string journal = line(supervisor.journal);
  if (!supervisor.journal_trouble.empty()) {
    journal += "; cannot be written to: " + line(supervisor.journal_trouble);
  }
  put(text, "Journal", journal);
  return text;
}

}  // namespace gatevisor::report
