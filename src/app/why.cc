#include "app/why.h"

#include <algorithm>
#include <charconv>

#include "app/exit_code.h"
#include "config/text.h"
#include "core/advice.h"
#include "log/cursor.h"
#include "log/selection.h"
#include "os/clock.h"
#include "os/pager.h"
#include "report/why_text.h"

namespace gatevisor::app {
namespace {

constexpr std::size_t kBefore = 6;
constexpr std::size_t kAfter = 4;
constexpr std::size_t kLines = 10;
constexpr std::size_t kStack = 1000;  // lines that are looked at

struct Found {
  Told told;
  std::string cursor;
};

int status_of(Cause cause) {
  switch (core::death_class(cause)) {
    case core::DeathClass::Fine: return kOk;
    case core::DeathClass::Program: return kDiedProgram;
    case core::DeathClass::Memory: return kDiedMemory;
    case core::DeathClass::Start: return kDiedStart;
    case core::DeathClass::Limit: return kDiedLimit;
  }
  return kDiedProgram;
}

/// The newest first.
std::vector<Found> last_deaths(ToldJournal& journal, const WhyOptions& options) {
  std::vector<std::string> payloads = {"GATEVISOR_EVENT=exited"};
  if (!options.invocation.empty()) payloads.push_back("INVOCATION_ID=" + options.invocation);
  journal.match(std::move(payloads));
  std::vector<Found> found;
  journal.set().seek_tail();
  while (found.size() < options.count && journal.set().previous()) {
    if (auto told = journal.read(); told && told->record.death) {
      found.push_back({std::move(*told), journal.set().cursor()});
    }
  }
  return found;
}

/// The record without the unit's name, which stands above.
NearRecord near(const Told& told) {
  std::string message = told.record.message;
  const std::string prefix = "[" + told.record.unit + "] ";
  if (message.starts_with(prefix)) message.erase(0, prefix.size());
  return {told.usec, told.record.event, std::move(message)};
}

/// Goes to the death's own entry, or to the first one behind it that is asked for.
bool go_to(ToldJournal& journal, const Found& found) {
  const auto cursor = log::parse_cursor(found.cursor);
  if (!cursor) return false;
  journal.set().seek_cursor(*cursor);
  return journal.set().next();
}

/// What was seen of its memory is told just before its end.
std::vector<Sample> flight_of(ToldJournal& journal, const Found& found) {
  const auto cursor = log::parse_cursor(found.cursor);
  const std::string& invocation = found.told.record.invocation;
  if (!cursor || invocation.empty()) return {};
  journal.match({"GATEVISOR_EVENT=flight", "INVOCATION_ID=" + invocation});
  journal.set().seek_cursor(*cursor);
  if (!journal.set().previous()) return {};
  auto told = journal.read();
  return told ? std::move(told->record.samples) : std::vector<Sample>{};
}

/// The line with which its run-time gave up; empty: it did not.
std::string_view said_by_runtime(const Verdict& verdict) {
  for (const Evidence& fact : verdict.evidence) {
    if (verdict.cause == Cause::RuntimeOom && fact.source == "output") return fact.value;
  }
  return {};
}

/// What it wrote last; of a run-time that gave up without the stack behind that, of a command that
/// failed before the main process was there what that wrote.
std::vector<OutputLine> last_lines_of(ToldJournal& journal, const Verdict& verdict) {
  std::vector<OutputLine> lines;
  if (verdict.invocation.empty()) return lines;
  for (const int pid : {verdict.pid, 0}) {
    journal.match_output(verdict.invocation, pid);
    journal.set().seek_tail();
    std::string_view said = said_by_runtime(verdict);
    for (std::size_t seen = 0; seen < kStack && journal.set().previous(); ++seen) {
      if (said.empty() && lines.size() == kLines) break;
      auto line = journal.read_line();
      if (!line) continue;
      if (!said.empty() && line->text.starts_with(said)) {
        lines.clear();
        said = {};
      }
      if (lines.size() < kLines) lines.push_back(std::move(*line));
    }
    if (!lines.empty()) break;
  }
  std::ranges::reverse(lines);
  return lines;
}

/// Of this life before it, and until the next start after it.
void look_around(ToldJournal& journal, const Found& found, DeathReport& report) {
  const std::string unit = "UNIT=" + log::unit_name(report.verdict.unit);
  const auto collect = [&journal](std::vector<NearRecord>& into, std::size_t most, bool back) {
    while (into.size() < most && (back ? journal.set().previous() : journal.set().next())) {
      const auto told = journal.read();
      if (!told) continue;
      if (told->record.event == "exited") break;
      if (told->record.event == "flight") continue;
      into.push_back(near(*told));
      if (told->record.event == "started") break;
    }
  };
  journal.match({unit});
  if (!go_to(journal, found)) return;
  collect(report.before, kBefore, true);
  std::ranges::reverse(report.before);
  if (!go_to(journal, found)) return;
  collect(report.after, kAfter, false);
  journal.match({unit, "GATEVISOR_EVENT=started"});
  if (!go_to(journal, found)) return;
  if (const auto told = journal.read()) {
    report.next_start = NextStart{told->usec, told->record.pid, told->record.invocation};
  }
}

/// As journalctl's: 0 is the last life, -1 the one before, 1 the first.
std::optional<int> offset_of(const std::string& text) {
  int offset = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data() + text.starts_with('+'), end, offset);
  if (text.empty() || text.size() > 8 || error != std::errc{} || stop != end) return std::nullopt;
  return offset;
}

/// Empty: there are not so many.
std::string invocation_at(ToldJournal& journal, int offset) {
  journal.match({"GATEVISOR_EVENT=started"});
  const bool back = offset <= 0;
  if (back) journal.set().seek_tail();
  for (int left = back ? -offset : offset - 1; back ? journal.set().previous() : journal.set().next();
       --left) {
    if (left > 0) continue;
    const auto told = journal.read();
    return told ? told->record.invocation : std::string();
  }
  return {};
}

int nothing_died(ToldJournal& journal, const WhyOptions& options) {
  if (!options.invocation.empty()) {
    if (!journal.any({"INVOCATION_ID=" + options.invocation})) {
      journal.complain("there is no record of an invocation " + options.invocation + " here");
      return kNoSuch;
    }
    journal.complain("no end of the invocation " + options.invocation + " is recorded");
    return kOk;
  }
  journal.complain(options.unit.empty()
                       ? "no death is recorded"
                       : "no death of " + config::printable(journal.unit()) + " is recorded");
  return kOk;
}

}  // namespace

int why(const WhyOptions& asked) {
  ToldJournal journal(asked, "why");
  WhyOptions options = asked;
  const auto offset = offset_of(options.invocation);
  if (!options.invocation.empty() && !offset &&
      (options.invocation.size() != 32 || !log::parse_id(options.invocation))) {
    journal.complain("--invocation=" + config::printable(options.invocation) +
                     ": expected 32 hexadecimal digits or a number, as log --list-invocations shows "
                     "them");
    return kUsage;
  }
  if (const auto status = journal.trouble()) return *status;
  if (offset) {
    options.invocation = invocation_at(journal, *offset);
    if (options.invocation.empty()) {
      journal.complain("--invocation=" + asked.invocation + ": there are not so many here");
      return kNoSuch;
    }
  }
  const std::vector<Found> deaths = last_deaths(journal, options);
  if (deaths.empty()) return nothing_died(journal, options);

  const std::uint64_t now = os::journal_times().realtime_usec;
  const report::WhyView view{journal.calendar(), now, os::is_terminal()};
  std::string text;
  for (auto found = deaths.rbegin(); found != deaths.rend(); ++found) {
    DeathReport report = death_of(found->told);
    look_around(journal, *found, report);
    report.samples = flight_of(journal, *found);
    report.last_lines = last_lines_of(journal, report.verdict);
    if (options.json) {
      const Verdict& verdict = report.verdict;
      text += protocol::death_json(report, core::advice(verdict),
                                   to_string(core::death_class(verdict.cause)), now, wall_text) +
              "\n";
    } else {
      if (!text.empty()) text += "\n";
      text += report::why_text(report, view);
    }
  }
  return put_out(text, status_of(deaths.front().told.record.death->verdict.cause), journal);
}

}  // namespace gatevisor::app
