#include "report/flight_text.h"

#include <algorithm>
#include <array>

#include "core/format.h"
#include "report/words.h"

namespace gatevisor::report {
namespace {

constexpr std::size_t kWidth = 60;
constexpr std::size_t kHeight = 5;
constexpr std::size_t kScale = 7;  // '1023.9M'
/// What is said of the end is measured over this time before it, where it was seen that long.
constexpr Duration kTail = std::chrono::seconds{60};

/// The look from which the end is measured.
const Sample& tail_of(const std::vector<Sample>& samples) {
  const auto since = samples.back().age - kTail;
  const auto late = std::ranges::find_if(samples, [&](const Sample& each) { return each.age >= since; });
  // One more before it rather than a moment only.
  return late == samples.begin() || late + 1 != samples.end() ? *late : *(late - 1);
}

/// From its start to its death; 0 where that is not known, or the wall clock went back.
Duration lived(const DeathReport& report) {
  if (report.started_usec == 0 || report.ended_usec < report.started_usec) return Duration{0};
  return Duration{static_cast<std::int64_t>(report.ended_usec - report.started_usec)};
}

double seconds(Duration span) { return std::chrono::duration<double>(span).count(); }

/// '1.02'
std::string hundredths(double value) {
  const auto all = static_cast<std::uint64_t>(std::clamp(value, 0.0, 1e6) * 100 + 0.5);
  const std::string part = std::to_string(all % 100);
  return std::to_string(all / 100) + (part.size() < 2 ? ".0" : ".") + part;
}

/// The most in each column; a column in which nobody looked is as the one before.
std::array<std::uint64_t, kWidth> columns_of(const std::vector<Sample>& samples, Duration from,
                                             Duration to) {
  std::array<std::uint64_t, kWidth> columns{};
  std::array<bool, kWidth> seen{};
  const double width = std::max(seconds(to - from), 1e-6);
  for (const Sample& sample : samples) {
    const double place = seconds(sample.age - from) / width * static_cast<double>(kWidth);
    const auto at = static_cast<std::size_t>(std::clamp(place, 0.0, kWidth - 1.0));
    columns[at] = std::max(columns[at], sample.memory());
    seen[at] = true;
  }
  for (std::size_t i = 1; i < kWidth; ++i) {
    if (!seen[i]) columns[i] = columns[i - 1];
  }
  return columns;
}

std::string right(std::string text) {
  return text.size() < kScale ? std::string(kScale - text.size(), ' ') + text : text;
}

}  // namespace

std::vector<std::string> memory_plot(const DeathReport& report, const log::Calendar& calendar) {
  constexpr std::string_view kParts[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  const std::vector<Sample>& samples = report.samples;
  if (samples.size() < 2) return {};
  const Duration from = samples.front().age;
  const Duration to = std::max(samples.back().age, lived(report));
  const auto columns = columns_of(samples, from, to);
  std::uint64_t top = *std::ranges::max_element(columns);
  if (report.verdict.memory_limit && *report.verdict.memory_limit >= top) {
    top = *report.verdict.memory_limit;
  }
  if (top == 0) return {};
  std::vector<std::string> lines;
  for (std::size_t row = 0; row < kHeight; ++row) {
    const std::size_t floor = (kHeight - 1 - row) * 8;
    std::string text = row == 0            ? right(format_bytes(top)) + " ┤"
                       : row + 1 < kHeight ? std::string(kScale, ' ') + " │"
                                           : right("0") + " ┤";
    for (const std::uint64_t value : columns) {
      const double share = static_cast<double>(value) / static_cast<double>(top);
      auto eighths = static_cast<std::size_t>(share * static_cast<double>(kHeight * 8) + 0.5);
      if (value > 0) eighths = std::max<std::size_t>(eighths, 1);
      text += kParts[eighths <= floor ? 0 : std::min<std::size_t>(eighths - floor, 8)];
    }
    text.erase(text.find_last_not_of(' ') + 1);
    lines.push_back(std::move(text));
  }
  const auto length = static_cast<std::uint64_t>((to - from).count());
  if (report.ended_usec > length) {
    std::string times =
        std::string(kScale + 2, ' ') + time_of_day(calendar, report.ended_usec - length);
    const std::string end = time_of_day(calendar, report.ended_usec);
    times.resize(std::max(times.size() + 1, kScale + 2 + kWidth - end.size()), ' ');
    lines.push_back(times + end);
  }
  return lines;
}

std::string memory_trend(const DeathReport& report) {
  const std::vector<Sample>& samples = report.samples;
  if (samples.empty()) return {};
  const Sample& last = samples.back();
  const Sample& first = tail_of(samples);
  const std::uint64_t now = last.memory();
  const std::uint64_t before = first.memory();
  const Duration span = last.age - first.age;
  const std::uint64_t change = now > before ? now - before : before - now;
  std::string text;
  if (span == Duration{0}) {
    text = format_bytes(now);
  } else if (change < std::max<std::uint64_t>(now, before) / 20) {
    text = "steady at " + format_bytes(now) + " for the last " + format_duration(span);
  } else {
    text = "from " + format_bytes(before) + " to " + format_bytes(now) + " in the last " +
           format_duration(span);
    const double speed = std::min(static_cast<double>(change) / seconds(span), 1e18);
    text += now > before ? " (" + format_bytes(static_cast<std::uint64_t>(speed)) + " a second)" : ", falling";
  }
  // While nothing is tight it looks seldom.
  if (const Duration unseen = lived(report) - last.age; unseen > std::chrono::seconds{1}) {
    text += ", up to " + format_duration(unseen) + " before the death";
  }
  if (!last.current) return text + ", the sum of its processes";
  std::string parts;
  const auto add = [&](const char* what, const std::optional<std::uint64_t>& bytes) {
    // A hundredth of it explains nothing.
    if (bytes && *bytes > now / 100) {
      parts += (parts.empty() ? "" : ", ") + std::string(what) + " " + format_bytes(*bytes);
    }
  };
  add("anonymous", last.anonymous);
  add("file", last.file);
  add("kernel", last.kernel);
  add("sockets", last.socket);
  add("swap", last.swap);
  return parts.empty() ? text : text + ": " + parts;
}

std::string biggest_processes(const std::vector<Sample>& samples) {
  if (samples.empty()) return {};
  const Sample& first = tail_of(samples);
  std::string text;
  for (const ProcessMemory& process : samples.back().biggest) {
    text += (text.empty() ? "" : "; ") + line(process.name) + " (pid " +
            std::to_string(process.pid) + ") " + format_bytes(process.resident);
    const auto before = std::ranges::find(first.biggest, process.pid, &ProcessMemory::pid);
    if (before != first.biggest.end() && process.resident > before->resident) {
      const std::uint64_t more = process.resident - before->resident;
      if (more > process.resident / 20) text += ", " + format_bytes(more) + " of it new";
    }
  }
  return text;
}

std::string load(const std::vector<Sample>& samples) {
  if (samples.empty()) return {};
  const Sample& last = samples.back();
  const Sample& first = tail_of(samples);
  const double span = seconds(last.age - first.age);
  std::string text;
  const auto add = [&text](const std::string& part) { text += (text.empty() ? "" : ", ") + part; };
  if (span > 0 && first.cpu && last.cpu) {
    add(hundredths(seconds(*last.cpu - *first.cpu) / span) + " processors busy");
  }
  if (last.tasks) add(std::to_string(*last.tasks) + (*last.tasks == 1 ? " task" : " tasks"));
  if (span > 0 && first.stalled && last.stalled) {
    const double share = 100.0 * seconds(*last.stalled - *first.stalled) / span;
    if (share >= 1) {
      const int whole = static_cast<int>(std::min(share, 1e6) + 0.5);
      add(std::to_string(whole) + " % of the time stalled for memory");
    }
  }
  return text;
}

}  // namespace gatevisor::report
