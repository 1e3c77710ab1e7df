#include "report/history_text.h"

#include <algorithm>

#include "core/format.h"
#include "report/words.h"

namespace gatevisor::report {
namespace {

struct Row {
  std::string unit;
  std::string start;
  std::string length;
  std::string verdict;
  std::string peak;
  std::string next;
};

/// Padded to `width`, and never without a space behind.
std::string column(std::string text, std::size_t width) {
  text.resize(std::max(text.size() + 1, width), ' ');
  return text;
}

std::string write(const Row& row, bool with_unit) {
  return (with_unit ? column(row.unit, 17) : "") + column(row.start, 29) + column(row.length, 13) +
         column(row.verdict, 27) + column(row.peak, 9) + row.next + "\n";
}

std::string next(const Next& planned) {
  switch (planned.action) {
    case NextAction::Respawn: return "respawn after " + format_duration(planned.delay);
    case NextAction::Stop: return "none (" + line(planned.reason) + ")";
    case NextAction::GiveUp: return "given up (" + line(planned.reason) + ")";
  }
  return {};
}

}  // namespace

std::string history_title(bool with_unit) {
  return write({"UNIT", "START", "LENGTH", "VERDICT", "PEAK", "NEXT"}, with_unit);
}

std::string history_line(const DeathReport& report, const log::Calendar& calendar, bool with_unit) {
  const Verdict& verdict = report.verdict;
  Row row;
  row.unit = line(verdict.unit);
  row.start =
      report.started_usec == 0 ? "-" : log::format_timestamp(calendar, report.started_usec, false);
  if (report.ended_usec == 0) {
    row.length = row.verdict = row.peak = "-";
    row.next = "no end is recorded";
    return write(row, with_unit);
  }
  row.length = length(report.started_usec, report.ended_usec);
  row.verdict = cause_words(verdict);
  row.peak = verdict.memory_peak ? format_bytes(*verdict.memory_peak) : "-";
  row.next = next(verdict.next);
  return write(row, with_unit);
}

}  // namespace gatevisor::report
