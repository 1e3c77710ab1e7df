// The command line of `gatevisor log`: journalctl's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "log/format.h"
#include "log/grep.h"

namespace gatevisor::app {

enum class LogAction : std::uint8_t {
  Show,
  ListBoots,
  ListInvocations,
  FieldNames,
  FieldValues,
  DiskUsage,
  Header,
  Verify,
  Vacuum,
};

struct LogOptions {
  static constexpr std::uint64_t kAll = ~std::uint64_t{0};

  LogAction action = LogAction::Show;
  std::vector<std::string> directories;
  std::vector<std::string> files;   ///< patterns of glob(7)
  std::vector<std::string> units;   ///< whole names, or patterns
  std::vector<std::string> fields;  ///< FIELD=value and '+', in order
  std::vector<std::string> identifiers;
  std::vector<std::string> priorities;  ///< '0' to '7'
  std::vector<std::string> facilities;  ///< numbers
  std::optional<std::string> boot;      ///< -b; empty: this one
  std::optional<std::string> invocation;
  std::string since;
  std::string until;
  std::string cursor;
  std::string after_cursor;
  std::string cursor_file;
  std::optional<std::string> grep;
  log::CaseRule case_rule = log::CaseRule::kSmart;
  std::optional<std::uint64_t> lines;  ///< kAll: 'all'
  log::FormatOptions format;
  std::string field;  ///< of FieldValues
  bool follow = false;
  bool no_tail = false;
  bool reverse = false;
  bool pager_end = false;
  bool no_pager = false;
  bool quiet = false;
  bool utc = false;
  bool merge = false;
  bool show_cursor = false;
  std::uint64_t vacuum_size = 0;  ///< 0: not asked for, as with the next two
  std::uint64_t vacuum_usec = 0;
  std::uint64_t vacuum_files = 0;
};

/// What is wrong, for one line; or --help was asked for.
struct LogRefusal {
  std::string complaint;
  bool help = false;
};

/// `argv[0]` is 'log'.
std::variant<LogOptions, LogRefusal> parse_log_options(int argc, char** argv);

extern const char* const kLogHelp;

}  // namespace gatevisor::app
