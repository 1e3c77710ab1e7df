// The command line.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "app/console.h"
#include "app/control_commands.h"
#include "app/log_options.h"
#include "app/why.h"
#include "gatevisor/console_mode.h"

namespace gatevisor::app {

struct RunOptions {
  std::vector<std::string> units;  ///< unit files' paths or names; none: `command` is given
  std::string main;                ///< whose end is gatevisor's; empty: the first one's
  bool keep_running = false;       ///< nobody's
  std::vector<std::string> allow;  ///< directives without which the unit may start
  std::string name = "gateway";
  std::vector<std::string> properties;  ///< NAME=VALUE, in order
  LogFormat log_format = LogFormat::Text;
  std::string journal_directory;  ///< empty: as Storage= says
  std::optional<ConsoleMode> console;  ///< nullopt: pass, where there is a journal
  std::string journal_socket;          ///< its path; empty: there is none
  std::string syslog_socket;           ///< the same
  std::string termination_log;  ///< empty: Upstream::kTerminationLog, if it is there
  std::string socket;             ///< of the control socket; empty: a place is looked for
  std::string control_group;      ///< who may ask for the status; empty: none
  std::vector<std::string> command;
};

struct VerifyOptions {
  std::vector<std::string> units;  ///< paths or names
  std::vector<std::string> allow;
  bool json = false;
};

struct ShowOptions {
  std::vector<std::string> units;  ///< paths or names
  std::vector<std::string> allow;
  std::vector<std::string> settings;    ///< NAME=VALUE that come on top, as -p of run
  std::vector<std::string> properties;  ///< names, several with ',' between them; none: all
  bool all = false;                     ///< also those without a value
  bool value = false;                   ///< without 'NAME='
  bool json = false;
};

struct DoctorOptions {
  bool json = false;
};

/// Already answered on standard output or standard error (--help, --version, a mistake).
struct Answered {
  int status;
};

using Subcommand = std::variant<RunOptions, VerifyOptions, ShowOptions, DoctorOptions, LogOptions,
                                WhyOptions, HistoryOptions, CommandOptions, StatusOptions,
                                IsActiveOptions, HealthOptions, EventsOptions, MetricsOptions,
                                ExporterOptions, Answered>;

Subcommand parse_command_line(int argc, char** argv);

}  // namespace gatevisor::app
