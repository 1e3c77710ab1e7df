// The command line.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "app/console.h"
#include "app/log_options.h"

namespace gatevisor::app {

struct RunOptions {
  std::string unit;                ///< a unit file's path or name; empty: `command` is given
  std::vector<std::string> allow;  ///< directives without which the unit may start
  std::string name = "gateway";
  std::vector<std::string> properties;  ///< NAME=VALUE, in order
  LogFormat log_format = LogFormat::Text;
  std::string journal_directory;  ///< empty: no journal
  std::vector<std::string> command;
};

struct VerifyOptions {
  std::vector<std::string> units;  ///< paths or names
  std::vector<std::string> allow;
};

struct DoctorOptions {
  bool json = false;
};

/// Already answered on standard output or standard error (--help, --version, a mistake).
struct Answered {
  int status;
};

using Subcommand = std::variant<RunOptions, VerifyOptions, DoctorOptions, LogOptions, Answered>;

Subcommand parse_command_line(int argc, char** argv);

}  // namespace gatevisor::app
