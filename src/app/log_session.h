// What the parts of `gatevisor log` share: the files, the time, and the text.
#pragma once

#include <optional>

#include "app/log_files.h"
#include "app/log_options.h"
#include "os/pager.h"

namespace gatevisor::app {

struct LogSession {
  const LogOptions& options;
  const log::Calendar& calendar;
  log::JournalSet& set;
  os::TextOut& out;
  bool colors = false;
};

/// What -u, -b, -p and so on ask for. An error is for one line.
Expected<journal::Matches> log_matches(LogSession& session);

/// One boot, or one invocation of a unit: its first and last entry's time.
struct LogLife {
  std::string id;
  std::uint64_t first_usec = 0;
  std::uint64_t last_usec = 0;
};
std::vector<LogLife> log_boots(LogSession& session);
Expected<std::vector<LogLife>> log_invocations(LogSession& session);

int list_lives(LogSession& session, const std::vector<LogLife>& lives, std::string_view title);
int list_field_names(LogSession& session);
int list_field_values(LogSession& session);
int show_disk_usage(LogSession& session);
int show_headers(LogSession& session);
int verify_files(LogSession& session);
int vacuum(LogSession& session, const std::vector<std::string>& directories);

/// The entries; with -f without end.
int show_entries(LogSession& session, const std::vector<std::string>& directories);

}  // namespace gatevisor::app
