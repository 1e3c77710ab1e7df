#include "report/metrics_text.h"

#include <array>
#include <optional>
#include <utility>

#include "log/bytes.h"
#include "log/timestamp.h"

namespace gatevisor::report {
namespace {

/// A label's value: what a quote would end is escaped.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char character : text) {
    if (character == '\n') {
      out += "\\n";
      continue;
    }
    if (character == '\\' || character == '"') out += '\\';
    out += character;
  }
  return out;
}

std::string label(std::string_view name, std::string_view value) {
  return std::string(name) + "=\"" + escaped(value) + "\"";
}

std::string seconds(std::uint64_t usec) {
  std::string text = std::to_string(usec / 1'000'000) + ".";
  log::append_number(text, usec % 1'000'000, 6);
  return text;
}

std::optional<std::string> time(const std::string& rfc3339) {
  if (rfc3339.empty()) return std::nullopt;
  const log::UtcCalendar utc;
  const auto usec = log::parse_timestamp(rfc3339, utc, 0);
  return usec ? std::optional(seconds(*usec)) : std::nullopt;
}

std::optional<std::string> number(std::optional<std::uint64_t> value) {
  return value ? std::optional(std::to_string(*value)) : std::nullopt;
}

std::optional<std::string> usec(std::optional<std::uint64_t> value) {
  return value ? std::optional(seconds(*value)) : std::nullopt;
}

class Text {
 public:
  explicit Text(MetricsFormat format) : format_(format) {}
  /// A family. `unit`: what its name ends with, or empty.
  void family(std::string_view name, std::string_view type, std::string_view unit,
              std::string_view help) {
    const std::string family = "gatevisor_" + std::string(name);
    name_ = family + (type == "counter" ? "_total" : type == "info" ? "_info" : "");
    const bool open = format_ == MetricsFormat::OpenMetrics;
    const std::string named = open ? family : name_;
    const bool known = open || type == "counter";
    head_ = "# TYPE " + named + " " + (known ? std::string(type) : "gauge") + "\n";
    if (open && !unit.empty()) head_ += "# UNIT " + named + " " + std::string(unit) + "\n";
    head_ += "# HELP " + named + " " + std::string(help) + "\n";
  }
  /// Of the last family; its head comes with its first sample.
  void sample(const std::string& labels, const std::optional<std::string>& value) {
    if (!value) return;
    text_ += std::exchange(head_, {}) + name_;
    if (!labels.empty()) text_ += "{" + labels + "}";
    text_ += " " + *value + "\n";
  }
  std::string take() {
    if (format_ == MetricsFormat::OpenMetrics) text_ += "# EOF\n";
    return std::move(text_);
  }

 private:
  MetricsFormat format_;
  std::string name_;
  std::string head_;
  std::string text_;
};

using Value = std::optional<std::string> (*)(const ObservedUnit&);
struct Family {
  const char* name;
  const char* type;
  const char* unit;
  const char* help;
  Value value;
};

std::uint64_t resident(const ObservedUnit& unit) {
  std::uint64_t sum = 0;
  for (const ObservedProcess& process : unit.processes) sum += process.resident;
  return sum;
}

/// One sample a unit.
constexpr auto kFamilies = std::to_array<Family>({
    {"unit_launches", "counter", "", "Invocations so far.",
     [](const ObservedUnit& unit) { return number(unit.status.launches); }},
    {"unit_deaths_in_window", "gauge", "", "Deaths within AlarmIntervalSec=.",
     [](const ObservedUnit& unit) { return number(unit.status.exits); }},
    {"unit_start_time_seconds", "gauge", "seconds", "When the invocation was started.",
     [](const ObservedUnit& unit) { return time(unit.status.started); }},
    {"unit_next_start_time_seconds", "gauge", "seconds", "When it is to be respawned.",
     [](const ObservedUnit& unit) { return time(unit.status.next_start); }},
    {"unit_last_death_time_seconds", "gauge", "seconds", "When the last invocation ended.",
     [](const ObservedUnit& unit) { return time(unit.status.last.ended); }},
    {"unit_memory_bytes", "gauge", "bytes", "memory.current of the invocation.",
     [](const ObservedUnit& unit) { return number(unit.memory); }},
    {"unit_memory_peak_bytes", "gauge", "bytes", "memory.peak of the invocation.",
     [](const ObservedUnit& unit) { return number(unit.memory_peak); }},
    {"unit_memory_limit_bytes", "gauge", "bytes", "MemoryMax=.",
     [](const ObservedUnit& unit) { return number(unit.memory_max); }},
    {"unit_memory_high_bytes", "gauge", "bytes", "MemoryHigh=.",
     [](const ObservedUnit& unit) { return number(unit.memory_high); }},
    {"unit_resident_bytes", "gauge", "bytes", "Resident memory, the sum over its processes.",
     [](const ObservedUnit& unit) {
       return unit.processes.empty() ? std::nullopt : number(resident(unit));
     }},
    {"unit_tasks", "gauge", "", "Processes and threads.",
     [](const ObservedUnit& unit) { return number(unit.tasks); }},
    {"unit_tasks_limit", "gauge", "", "TasksMax=.",
     [](const ObservedUnit& unit) { return number(unit.tasks_max); }},
    {"unit_cpu_seconds", "counter", "seconds", "Processor time of the invocation.",
     [](const ObservedUnit& unit) { return usec(unit.cpu_usec); }},
    {"unit_ready", "gauge", "", "1 while it is active, and ready by its ReadinessProbe=.",
     [](const ObservedUnit& unit) { return number(unit.status.ready ? 1 : 0); }},
});

constexpr std::array<const char*, 5> kStates = {"inactive", "activating", "active", "deactivating",
                                                "failed"};

std::string unit_label(const ObservedUnit& unit) { return label("unit", unit.status.name); }

void states(Text& text, std::span<const ObservedUnit> units) {
  text.family("unit_state", "stateset", "", "systemd's ActiveState.");
  for (const ObservedUnit& unit : units) {
    for (const char* state : kStates) {
      text.sample(unit_label(unit) + "," + label("gatevisor_unit_state", state),
                  unit.status.active == state ? "1" : "0");
    }
  }
}

void deaths(Text& text, std::span<const ObservedUnit> units) {
  text.family("unit_deaths", "counter", "", "Deaths by the cause of their verdict.");
  for (const ObservedUnit& unit : units) {
    for (const auto& [cause, count] : unit.status.deaths) {
      text.sample(unit_label(unit) + "," + label("cause", cause), number(count));
    }
  }
}

void stalled(Text& text, std::span<const ObservedUnit> units) {
  text.family("unit_stalled_seconds", "counter", "seconds",
              "Time that some of its tasks, or all at once, waited for a resource (PSI).");
  for (const ObservedUnit& unit : units) {
    const auto sample = [&](const char* resource, const ObservedUnit::Stalled& stalled) {
      const std::string labels = unit_label(unit) + "," + label("resource", resource) + ",";
      text.sample(labels + label("tasks", "some"), usec(stalled.some_usec));
      text.sample(labels + label("tasks", "all"), usec(stalled.full_usec));
    };
    sample("memory", unit.memory_stalled);
    sample("cpu", unit.cpu_stalled);
    sample("io", unit.io_stalled);
  }
}

void probes(Text& text, std::span<const ObservedUnit> units) {
  using ProbeValue = std::optional<std::string> (*)(const ProbeStatus& probe);
  const auto family = [&](const char* name, const char* of, const char* help, ProbeValue value) {
    text.family(name, "gauge", of, help);
    for (const ObservedUnit& unit : units) {
      for (const ProbeStatus& probe : unit.status.probes) {
        text.sample(unit_label(unit) + "," + label("probe", probe.kind), value(probe));
      }
    }
  };
  family("unit_probe_serving", "", "1 while the probe is answered.",
         [](const ProbeStatus& probe) { return number(probe.serving ? 1 : 0); });
  family("unit_probe_failures", "", "Probes in a row that failed.",
         [](const ProbeStatus& probe) { return number(probe.failures); });
  family("unit_probe_latency_seconds", "seconds", "How long the last answer took.",
         [](const ProbeStatus& probe) -> std::optional<std::string> {
           if (!probe.latency) return std::nullopt;
           return seconds(static_cast<std::uint64_t>(probe.latency->count()));
         });
}

}  // namespace

std::string metrics_text(const SupervisorStatus& supervisor, std::span<const ObservedUnit> units,
                         MetricsFormat format) {
  Text text(format);
  text.family("build", "info", "", "gatevisor itself.");
  text.sample(label("version", supervisor.version), "1");
  text.family("start_time_seconds", "gauge", "seconds", "When gatevisor was started.");
  text.sample("", time(supervisor.started));
  states(text, units);
  deaths(text, units);
  for (const Family& family : kFamilies) {
    text.family(family.name, family.type, family.unit, family.help);
    for (const ObservedUnit& unit : units) text.sample(unit_label(unit), family.value(unit));
  }
  probes(text, units);
  stalled(text, units);
  if (supervisor.journal.empty()) return text.take();
  text.family("journal_entries", "counter", "", "Entries kept: lines of units and records.");
  text.sample("", number(supervisor.journal_entries));
  text.family("journal_line_bytes", "counter", "bytes",
              "Bytes of the lines, without their fields.");
  text.sample("", number(supervisor.journal_bytes));
  text.family("journal_dropped_lines", "counter", "", "Lines that were not kept (JournalFull=drop).");
  text.sample("", number(supervisor.journal_dropped));
  text.family("journal_writable", "gauge", "", "0 while something is in the way.");
  text.sample("", supervisor.journal_trouble.empty() ? "1" : "0");
  return text.take();
}

}  // namespace gatevisor::report
