#include "report/why_text.h"

#include <algorithm>
#include <array>

#include "core/advice.h"
#include "core/format.h"
#include "report/flight_text.h"
#include "report/words.h"

namespace gatevisor::report {
namespace {

constexpr std::size_t kLabel = 12;  // 'Ruled out' and its like stand in that many columns
constexpr std::size_t kBar = 32;
constexpr std::size_t kMostLine = 160;  // characters of a line that it wrote
constexpr std::size_t kWidth = 100;     // of the advice, which is the only long prose

class Text {
 public:
  /// `label` in front of the first of its lines only.
  void row(std::string_view label, std::string_view value) {
    std::string start = label == label_ ? "" : std::string(label);
    label_ = label;
    start.resize(kLabel, ' ');
    text_ += start + std::string(value) + "\n";
  }

  void wrapped(std::string_view label, std::string_view value) {
    while (!value.empty()) {
      std::size_t end = value.size();
      if (end > kWidth - kLabel) {
        end = value.rfind(' ', kWidth - kLabel);
        if (end == value.npos || end == 0) end = std::min(value.find(' '), value.size());
      }
      row(label, value.substr(0, end));
      value.remove_prefix(std::min(end + 1, value.size()));
    }
  }

  void blank() {
    text_ += "\n";
    label_.clear();
  }
  void raw(const std::string& line) { text_ += line + "\n"; }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
  std::string label_;
};

/// Filled in eighths; a peak above its limit (it is read a moment late) is full.
std::string bar(std::uint64_t peak, std::uint64_t limit) {
  constexpr std::string_view kParts[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  const double share = std::min(1.0, static_cast<double>(peak) / static_cast<double>(limit));
  const auto eighths = static_cast<std::size_t>(share * static_cast<double>(kBar * 8));
  std::string text;
  for (std::size_t i = 0; i < eighths / 8; ++i) text += "█";
  text += kParts[eighths % 8];
  const std::size_t used = eighths / 8 + (eighths % 8 != 0 ? 1 : 0);
  for (std::size_t i = used; i < kBar; ++i) text += "·";
  return text + " ";
}

std::string memory(const Verdict& verdict, bool draw) {
  const auto peak = verdict.memory_peak;
  const auto limit = verdict.memory_limit;
  if (!peak && !limit) return {};
  std::string text;
  if (draw && peak && limit && *limit > 0) text = bar(*peak, *limit);
  text += peak ? "peak " + format_bytes(*peak) : "peak not known";
  if (!limit) return text + ", no limit of its own";
  text += " of a limit of " + format_bytes(*limit);
  if (!verdict.limit_path.empty()) text += " (" + line(verdict.limit_path) + ")";
  if (peak && *limit > 0) {
    const double percent = 100.0 * static_cast<double>(*peak) / static_cast<double>(*limit);
    if (percent < 1000) text += ", " + std::to_string(static_cast<int>(percent)) + " %";
  }
  return text;
}

std::string how(const Verdict& verdict) {
  std::string text = cause_words(verdict);
  if (verdict.status) {
    text += verdict.status->by_signal() ? ", " + signal_name(verdict.status->value)
                                        : ", exit code " + std::to_string(verdict.status->value);
  }
  if (verdict.scope) text += ", " + std::string(to_string(*verdict.scope));
  if (verdict.victim) text += ", victim: " + std::string(to_string(*verdict.victim));
  if (verdict.sender) text += ", sender: " + std::string(to_string(*verdict.sender));
  return text;
}

std::string next(const DeathReport& report, const WhyView& view) {
  const Next& planned = report.verdict.next;
  const std::string reason = planned.reason.empty() ? "" : " (" + line(planned.reason) + ")";
  std::string text;
  switch (planned.action) {
    case NextAction::Respawn:
      if (!report.next_start) {
        return "to be respawned after " + format_duration(planned.delay) + reason +
               "; no start is recorded since";
      }
      text = "respawned" + reason;
      break;
    case NextAction::Stop:
    case NextAction::GiveUp:
      text = (planned.action == NextAction::Stop ? "not respawned" : "gave up") + reason;
      if (!report.next_start) return text;
      text += "; started again later";
      break;
  }
  return text + ": pid " + std::to_string(report.next_start->pid) + " at " +
         time_of_day(view.calendar, report.next_start->usec) + ", after " +
         length(report.ended_usec, report.next_start->usec);
}

std::string headline(const DeathReport& report, const WhyView& view) {
  const Verdict& verdict = report.verdict;
  std::string text = line(verdict.unit);
  if (verdict.pid != 0) text += " (pid " + std::to_string(verdict.pid) + ")";
  text += core::death_class(verdict.cause) == core::DeathClass::Fine ? " ended "
          : verdict.cause == Cause::ExecFailure                      ? " could not be started "
                                                                     : " died ";
  text += ago(report.ended_usec, view.now_usec) + ", on " +
          log::format_timestamp(view.calendar, report.ended_usec, false);
  if (verdict.cause != Cause::ExecFailure) {
    text += "; it had lived " + length(report.started_usec, report.ended_usec);
  }
  if (report.exits_in_window > 1) {
    text += "; end number " + std::to_string(report.exits_in_window) + " within " +
            format_duration(report.window);
  }
  return text;
}

/// The numbers of a victim stand in the kernel's line too; apart they are for programs.
bool is_in_kernel_line(const Evidence& fact) {
  constexpr std::array<std::string_view, 8> kNames = {"killed",   "pid",          "total-vm",
                                                      "anon-rss", "file-rss",     "shmem-rss",
                                                      "pgtables", "oom_score_adj"};
  return fact.source == "kmsg" && std::ranges::find(kNames, fact.name) != kNames.end();
}

void near(Text& text, const std::vector<NearRecord>& records, const WhyView& view) {
  for (const NearRecord& record : records) {
    text.row("Around it", time_of_day(view.calendar, record.usec) + " " + line(record.message));
  }
}

/// What the recorder saw before the death. The plot is for a terminal.
void flight(Text& text, const DeathReport& report, const WhyView& view) {
  if (view.bar) {
    for (const std::string& each : memory_plot(report, view.calendar)) text.row("Curve", each);
  }
  const auto row = [&text](std::string_view label, const std::string& words) {
    if (!words.empty()) text.row(label, words);
  };
  row("Before it", memory_trend(report));
  row("Biggest", biggest_processes(report.samples));
  row("Load", load(report.samples));
}

}  // namespace

std::string why_text(const DeathReport& report, const WhyView& view) {
  const Verdict& verdict = report.verdict;
  Text text;
  text.raw(headline(report, view));
  text.blank();
  text.row("Because", line(verdict.summary));
  text.row("Verdict", how(verdict));
  for (const Evidence& fact : verdict.evidence) {
    if (is_in_kernel_line(fact)) continue;
    text.row("Evidence", line(fact.source) + " " + line(fact.name) + ": " + line(fact.value));
  }
  for (const RuledOut& other : verdict.ruled_out) {
    text.row("Ruled out", std::string(to_string(other.cause)) + ": " + line(other.because));
  }
  if (verdict.cause != Cause::ExecFailure) {
    if (const std::string words = memory(verdict, view.bar); !words.empty()) {
      text.row("Memory", words);
    }
    flight(text, report, view);
  }
  for (const OutputLine& output : report.last_lines) {
    text.row("Last lines", time_of_day(view.calendar, output.usec) + " " +
                               shortened(line(output.text), kMostLine));
  }
  text.row("Next", next(report, view));
  near(text, report.before, view);
  if (!report.before.empty() || !report.after.empty()) {
    text.row("Around it", time_of_day(view.calendar, report.ended_usec) + " *** this death");
  }
  near(text, report.after, view);
  if (!verdict.invocation.empty()) text.row("Invocation", line(verdict.invocation));
  if (const std::string todo = core::advice(verdict); !todo.empty()) {
    text.blank();
    text.wrapped("What to do", line(todo));
  }
  return text.take();
}

}  // namespace gatevisor::report
