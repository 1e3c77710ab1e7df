// The commands that ask a gatevisor which runs: systemctl's.
#pragma once

#include <string>
#include <vector>

#include "gatevisor/control.h"
#include "report/metrics_text.h"

namespace gatevisor::app {

/// Whom they ask, and about what.
struct ControlTarget {
  std::vector<std::string> units;  ///< with or without their suffix; none: the main one
  std::string socket;              ///< empty: it is looked for

  /// One call for each; for no unit it is about the main one.
  std::vector<std::string> calls() const {
    return units.empty() ? std::vector<std::string>{""} : units;
  }
};

struct CommandOptions : ControlTarget {
  Verb verb = Verb::Start;
  bool no_block = false;
  bool wait = false;  ///< until the unit has ended again
  int signal = 15;
  KillWhom whom = KillWhom::All;
};

struct StatusOptions : ControlTarget {
  bool json = false;
  bool watch = false;
  unsigned lines = 10;
};

struct IsActiveOptions : ControlTarget {
  bool quiet = false;
};

struct HealthOptions : ControlTarget {};
struct EventsOptions : ControlTarget {};
struct MetricsOptions : ControlTarget {
  report::MetricsFormat format = report::MetricsFormat::OpenMetrics;
};

struct ExporterOptions : ControlTarget {
  std::string listen;  ///< 'ADDRESS:PORT'
};

// Each says what is wrong in one line, and returns gatevisor's own exit status.
int control(const CommandOptions& options);
int status(const StatusOptions& options);
int is_active(const IsActiveOptions& options);
int health(const HealthOptions& options);
int events(const EventsOptions& options);
int metrics(const MetricsOptions& options);
/// Until it is ended.
int exporter(const ExporterOptions& options);

}  // namespace gatevisor::app
