#include "app/told.h"

#include <cstdio>

#include "app/exit_code.h"
#include "app/journal_place.h"
#include "config/text.h"
#include "log/format.h"
#include "log/selection.h"
#include "log/timestamp.h"
#include "os/clock.h"
#include "os/mapped_file.h"
#include "os/pager.h"

namespace gatevisor::app {
namespace {

constexpr const char* kOurs = "SYSLOG_IDENTIFIER=gatevisor";
/// What nobody else's entries have: a client of a log socket gives its identifier itself.
constexpr const char* kOurComm = "_COMM=gatevisor";

LogOptions log_options(const ToldOptions& options) {
  LogOptions log;
  log.directories = options.directories;
  log.files = options.files;
  return log;
}

/// 0: it is no time.
std::uint64_t usec_of(const std::string& time) {
  const log::UtcCalendar utc;
  return log::parse_timestamp(time, utc, os::journal_times().realtime_usec).value_or(0);
}

}  // namespace

ToldJournal::ToldJournal(const ToldOptions& options, std::string command)
    : command_(std::move(command)),
      unit_(options.unit.empty() ? "" : log::unit_name(options.unit)),
      calendar_(options.utc ? static_cast<const log::Calendar&>(utc_) : local_),
      set_([this](const std::string& path, const Error& error) {
        if (!damaged_.insert(path).second) return;
        complain(path + ": " + to_string(error) + "; going on behind it");
      }) {
  const LogOptions log = log_options(options);
  const std::vector<std::string> directories = log_directories(log);
  (void)open_log_files(set_, log_files(log, directories),
                       [this](const std::string& line) { complain(line); });
  places_ = !options.directories.empty() ? options.directories : options.files;
}

std::optional<int> ToldJournal::trouble() {
  if (set_.size() == 0) {
    complain(places_.empty()
                 ? std::string("no journal in ") + kJournalDirectory +
                       ", /run/log/journal or /var/log/journal: name it with -D DIR, and write one "
                       "with gatevisor run --journal-dir=DIR"
                 : config::printable(places_.front()) +
                       ": there is no journal file that can be read");
    return kNoSuch;
  }
  if (any({})) return std::nullopt;
  complain(unit_.empty() ? "there is no record of gatevisor in these files"
                         : "there is no record of a unit " + config::quoted(unit_) + " here");
  return kNoSuch;
}

void ToldJournal::match(std::vector<std::string> payloads) {
  payloads.emplace_back(kOurs);
  payloads.emplace_back(kOurComm);
  if (!unit_.empty()) payloads.push_back("UNIT=" + unit_);
  journal::Matches matches;
  // Every payload has a name: none is refused.
  for (const std::string& payload : payloads) (void)matches.add(payload);
  set_.set_matches(std::move(matches));
}

void ToldJournal::match_output(const std::string& invocation, int pid) {
  journal::Matches matches;
  (void)matches.add("_TRANSPORT=stdout");
  (void)matches.add("_SYSTEMD_INVOCATION_ID=" + invocation);
  if (pid != 0) (void)matches.add("_PID=" + std::to_string(pid));
  set_.set_matches(std::move(matches));
}

std::optional<OutputLine> ToldJournal::read_line() {
  if (!set_.entry(entry_)) return std::nullopt;
  return OutputLine{set_.meta().realtime_usec, std::string(log::value_of(entry_, "MESSAGE"))};
}

bool ToldJournal::any(std::vector<std::string> payloads) {
  match(std::move(payloads));
  return set_.next();
}

std::optional<Told> ToldJournal::read() {
  if (!set_.entry(entry_)) return std::nullopt;
  auto record = protocol::read_record(log::value_of(entry_, "GATEVISOR_RECORD"));
  if (record && (record->event != "exited" || record->death)) {
    return Told{std::move(*record), set_.meta().realtime_usec};
  }
  complain("the record at " + wall_text(set_.meta().realtime_usec) +
           " cannot be read; it may be of a newer gatevisor");
  return std::nullopt;
}

void ToldJournal::complain(const std::string& line) const {
  std::fprintf(stderr, "gatevisor: %s: %s\n", command_.c_str(), line.c_str());
}

DeathReport death_of(const Told& told) {
  const protocol::ToldDeath& death = *told.record.death;
  DeathReport report;
  report.verdict = death.verdict;
  report.verdict.unit = told.record.unit;
  report.verdict_json = death.json;
  report.started_usec = usec_of(death.started);
  report.ended_usec = usec_of(death.ended);
  if (report.ended_usec == 0) report.ended_usec = told.usec;
  report.exits_in_window = death.exits_in_window;
  report.window = death.window;
  return report;
}

std::string wall_text(std::uint64_t usec) {
  const log::UtcCalendar utc;
  const log::CivilTime time = utc.civil(static_cast<std::int64_t>(usec / 1'000'000));
  char text[64];
  std::snprintf(text, sizeof text, "%04lld-%02d-%02dT%02d:%02d:%02d.%06uZ",
                static_cast<long long>(time.year), time.month, time.day, time.hour, time.minute,
                time.second, static_cast<unsigned>(usec % 1'000'000));
  return text;
}

int put_out(const std::string& text, int status, const ToldJournal& journal) {
  os::TextOut out;
  out.text() = text;
  return finish(out, status, [&journal](const std::string& line) { journal.complain(line); });
}

}  // namespace gatevisor::app
