#include "app/upstream.h"

#include <cstdlib>

#include "app/record_text.h"
#include "log/calendar.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/notify_socket.h"
#include "report/why_text.h"

namespace gatevisor::app {
namespace {

/// The wall clock of an instant.
std::uint64_t wall_usec(Instant instant) {
  const auto ago = std::chrono::duration_cast<Duration>(os::now() - instant).count();
  return os::journal_times().realtime_usec - static_cast<std::uint64_t>(ago);
}

/// What `why` says, but for what stands in the journal alone.
std::string termination_message(const Verdict& verdict) {
  DeathReport report;
  report.verdict = verdict;
  if (verdict.pid != 0) report.started_usec = wall_usec(verdict.started);
  report.ended_usec = wall_usec(verdict.ended);
  const log::UtcCalendar calendar;
  std::string text = report::why_text(report, {calendar, os::journal_times().realtime_usec, false});
  if (text.size() <= Upstream::kMostMessage) return text;
  std::size_t end = Upstream::kMostMessage;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  text.resize(end);
  return text;
}

}  // namespace

Expected<Upstream> Upstream::from_environment(std::string termination_log) {
  Upstream made;
  if (const char* socket = std::getenv("NOTIFY_SOCKET")) made.notify_socket_ = socket;
  for (const char* name : {"NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC"}) unsetenv(name);
  if (termination_log.empty()) {
    if (os::may_overwrite(kTerminationLog)) made.termination_log_ = kTerminationLog;
    return made;
  }
  if (auto may = os::may_overwrite(termination_log); !may) {
    may.error().advice = "give a file that is there, or leave --termination-log out";
    return std::unexpected(std::move(may.error()));
  }
  made.termination_log_ = std::move(termination_log);
  return made;
}

void Upstream::notify(const std::string& text) const {
  if (!notify_socket_.empty()) (void)os::notify(notify_socket_, text);
}

void Upstream::told(const Record& record) {
  if (const auto* exited = std::get_if<record::Exited>(&record)) last_ = exited->verdict;
  if (notify_socket_.empty() || level_of(record) == Level::Debug) return;
  if (const auto* stopping = std::get_if<record::Stopping>(&record)) {
    if (!stopping->for_restart) notify("STOPPING=1");
  }
  notify("STATUS=" + message_of(record));
}

void Upstream::ready() {
  if (ready_told_) return;
  ready_told_ = true;
  notify("READY=1");
}

void Upstream::end() {
  notify("STOPPING=1");
  if (!termination_log_.empty() && last_) {
    (void)os::overwrite_file(termination_log_, termination_message(*last_));
  }
}

}  // namespace gatevisor::app
