#include "app/log.h"

#include <fcntl.h>

#include <cerrno>
#include <set>

#include "app/exit_code.h"
#include "app/journal_place.h"
#include "app/log_session.h"
#include "config/text.h"
#include "os/file.h"

namespace gatevisor::app {
namespace {

// less(1) as systemd has it: colours, no wrapping, no screen of its own for what fits.
constexpr const char* kLess = "FRSXMK";

/// systemd's $SYSTEMD_COLORS, no-color.org's $NO_COLOR, and the terminal.
bool wants_colors(bool terminal) {
  const std::string asked = os::environment("SYSTEMD_COLORS");
  if (!asked.empty()) return config::parse_boolean(asked).value_or(true);
  return terminal && os::environment("NO_COLOR").empty() && os::environment("TERM") != "dumb";
}

void start_pager(const LogOptions& options, os::TextOut& out) {
  std::vector<std::string> commands;
  for (const char* name : {"GATEVISOR_PAGER", "SYSTEMD_PAGER", "PAGER"}) {
    const std::string command = os::environment(name);
    if (command == "cat") return;
    if (!command.empty()) {
      commands.push_back(command);
      break;
    }
  }
  for (const char* name : {"pager", "less", "more"}) commands.emplace_back(name);
  std::string flags = os::environment("SYSTEMD_LESS");
  if (flags.empty()) flags = kLess;
  if (options.pager_end) flags += " +G";
  out.start_pager(commands, {{"LESS", flags}, {"LESSCHARSET", "utf-8"}});
}

int no_files(const LogOptions& options) {
  if (!options.directories.empty()) {
    const std::string& directory = options.directories.front();
    const auto opened = os::open_at(AT_FDCWD, directory.c_str(), O_RDONLY | O_DIRECTORY);
    // It may be a link, which is not opened here: then there is nothing wrong with it.
    if (!opened && opened.error().code != ELOOP && opened.error().code != ENOTDIR) {
      log_complain(to_string(opened.error()));
      return kNoInput;
    }
    log_complain(options.directories.front() + ": there is no journal file that can be read");
  } else if (!options.files.empty()) {
    log_complain(options.files.front() + ": there is no journal file that can be read");
  } else {
    log_complain(std::string("no journal in ") + kJournalDirectory +
                 ", /run/log/journal or /var/log/journal: name it with -D DIR, and write one with "
                 "gatevisor run --journal-dir=DIR");
  }
  return kNoInput;
}

int act(LogSession& session, const std::vector<std::string>& directories) {
  switch (session.options.action) {
    case LogAction::Show: return show_entries(session, directories);
    case LogAction::ListBoots: return list_lives(session, log_boots(session), "BOOT ID");
    case LogAction::ListInvocations: {
      const auto lives = log_invocations(session);
      if (!lives) {
        log_complain(to_string(lives.error()));
        return kUsage;
      }
      return list_lives(session, *lives, "INVOCATION ID");
    }
    case LogAction::FieldNames: return list_field_names(session);
    case LogAction::FieldValues: return list_field_values(session);
    case LogAction::DiskUsage: return show_disk_usage(session);
    case LogAction::Header: return show_headers(session);
    case LogAction::Verify: return verify_files(session);
    case LogAction::Vacuum: return vacuum(session, directories);
  }
  return kSoftware;
}

}  // namespace

int log(const LogOptions& options) {
  os::allow_many_files();
  const LocalCalendar local;
  const log::UtcCalendar utc;
  const std::vector<std::string> directories = log_directories(options);
  std::set<std::string> damaged;
  log::JournalSet set([&damaged](const std::string& path, const Error& error) {
    if (damaged.insert(path).second)
      log_complain(path + ": " + to_string(error) + "; going on behind it");
  });
  (void)open_log_files(set, log_files(options, directories), log_complain);
  const bool waits = options.follow && !directories.empty();
  if (set.size() == 0 && !waits) return no_files(options);
  os::TextOut out;
  const bool terminal = os::is_terminal();
  LogSession session{options, options.utc ? static_cast<const log::Calendar&>(utc) : local, set,
                     out, wants_colors(terminal)};
  const bool paged = options.action != LogAction::DiskUsage &&
                     options.action != LogAction::Verify && options.action != LogAction::Vacuum;
  if (terminal && paged && !options.follow && !options.no_pager) start_pager(options, out);
  const int status = act(session, directories);
  return finish(out, status, log_complain);
}

}  // namespace gatevisor::app
