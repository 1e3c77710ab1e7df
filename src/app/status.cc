// `gatevisor status`: what gatevisor says of its units, and what can be seen of them.

#include <cstdio>

#include "app/control_client.h"
#include "app/control_commands.h"
#include "app/exit_code.h"
#include "app/log.h"
#include "app/log_files.h"
#include "app/look.h"
#include "os/clock.h"
#include "os/pager.h"
#include "report/status_text.h"

namespace gatevisor::app {
namespace {

using protocol::ControlCall;
using protocol::ControlReply;
using protocol::Method;

/// Of the main unit, where none is named.
int running_status(const std::vector<ObservedUnit>& units, bool named) {
  for (const ObservedUnit& unit : units) {
    if ((named || unit.status.main) && unit.status.active != "active") return kNotRunning;
  }
  return kOk;
}

OrRefusal<Look> look_at(const StatusOptions& options) {
  auto seen = look(options, "status");
  if (seen && seen->status == kOk) {
    seen->status = running_status(seen->units, !options.units.empty());
  }
  return seen;
}

bool wants_colors() {
  return os::is_terminal() && os::environment("NO_COLOR").empty() &&
         os::environment("TERM") != "dumb";
}

std::string text_of(const Look& look) {
  const LocalCalendar calendar;
  const report::StatusView view{calendar, os::journal_times().realtime_usec, wants_colors()};
  std::string text;
  for (const ObservedUnit& unit : look.units) {
    if (!text.empty()) text += "\n";
    text += report::status_text(unit, view) + report::supervisor_text(look.supervisor, view);
  }
  return text;
}

/// The end of its log, where there is one.
void show_log(const Look& look, const StatusOptions& options) {
  if (look.supervisor.journal.empty() || options.lines == 0) return;
  LogOptions log_options;
  log_options.directories = {look.supervisor.journal};
  for (const ObservedUnit& unit : look.units) log_options.units.push_back(unit.status.name);
  log_options.lines = options.lines;
  log_options.no_pager = true;
  log_options.quiet = true;
  std::puts("");
  std::fflush(stdout);
  (void)log(log_options);
}

int show(const Look& look, const StatusOptions& options) {
  if (options.json) {
    std::puts(protocol::observed_json(look.supervisor, look.units).c_str());
    return look.status;
  }
  std::fputs(text_of(look).c_str(), stdout);
  if (!look.units.empty()) show_log(look, options);
  return look.status;
}

constexpr int kRefreshMs = 2000;
constexpr const char* kClear = "\x1b[H\x1b[2J";

/// Shown again at once when something happens, and every two seconds: memory tells of no change.
int watch(const StatusOptions& options) {
  ControlCall call;
  call.method = Method::Monitor;
  call.more = true;
  auto client = ControlClient::find(options.socket,
                                    options.units.empty() ? "" : options.units.front());
  if (!client) return refused(client.error());
  if (auto sent = client->send(call); !sent) return refused(sent.error());
  int status = kOk;
  for (;;) {
    const auto seen = look_at(options);
    if (!seen) return status;  // gatevisor has ended
    if (!options.json) std::fputs(kClear, stdout);
    status = show(*seen, options);
    if (std::fflush(stdout) != 0) return kCantCreate;
    if (seen->units.empty()) return status;
    if (const auto happened = client->next(kRefreshMs); !happened) return status;
  }
}

}  // namespace

int status(const StatusOptions& options) {
  if (options.watch) return watch(options);
  const auto seen = look_at(options);
  return seen ? show(*seen, options) : refused(seen.error());
}

}  // namespace gatevisor::app
