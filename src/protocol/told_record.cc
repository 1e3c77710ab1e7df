#include "protocol/told_record.h"

#include <algorithm>

#include "protocol/flight.h"
#include "protocol/journal_record.h"
#include "protocol/json.h"

namespace gatevisor::protocol {
namespace {

/// None is longer (kMaxJournalRecord); a file may have been written by anybody.
constexpr std::size_t kMaxSize = kMaxJournalRecord;

std::optional<std::int64_t> whole(const ordered_json& json, const char* name) {
  const ordered_json& value = member(json, name);
  if (!value.is_number_integer()) return std::nullopt;
  return value.get<std::int64_t>();
}

std::optional<std::uint64_t> size(const ordered_json& json, const char* name) {
  const ordered_json& value = member(json, name);
  if (!value.is_number_unsigned()) return std::nullopt;
  return value.get<std::uint64_t>();
}

/// The value from `first` to `last` that is called so.
template <typename T>
std::optional<T> named(const std::string& name, T first, T last) {
  for (int value = static_cast<int>(first); value <= static_cast<int>(last); ++value) {
    if (to_string(static_cast<T>(value)) == name) return static_cast<T>(value);
  }
  return std::nullopt;
}

std::optional<WaitStatus> wait_status(const ordered_json& json) {
  if (const auto code = whole(json, "exit_code"); code && *code >= 0 && *code <= 255) {
    return WaitStatus::exited(static_cast<int>(*code));
  }
  std::string name = text(json, "signal");
  // A signal without a name is written 'signal 77'.
  if (name.starts_with("signal ")) name.erase(0, 7);
  const int signal = signal_from_name(name);
  if (signal == 0) return std::nullopt;
  const ordered_json& dumped = member(json, "core_dumped");
  return dumped.is_boolean() && dumped.get<bool>() ? WaitStatus::dumped(signal)
                                                   : WaitStatus::killed(signal);
}

void read_lists(const ordered_json& json, Verdict& verdict) {
  if (const ordered_json& list = member(json, "evidence"); list.is_array()) {
    for (const ordered_json& fact : list) {
      verdict.evidence.push_back({text(fact, "source"), text(fact, "name"), text(fact, "value")});
    }
  }
  if (const ordered_json& list = member(json, "ruled_out"); list.is_array()) {
    for (const ordered_json& other : list) {
      if (const auto cause = cause_from_name(text(other, "cause"))) {
        verdict.ruled_out.push_back({*cause, text(other, "because")});
      }
    }
  }
}

std::optional<ToldDeath> read_death(const ordered_json& record) {
  const ordered_json& json = member(record, "verdict");
  const auto cause = cause_from_name(text(json, "cause"));
  if (!cause) return std::nullopt;
  ToldDeath death;
  Verdict& verdict = death.verdict;
  verdict.cause = *cause;
  verdict.unit = text(json, "unit");
  verdict.invocation = text(json, "invocation");
  verdict.pid = number<int>(json, "pid");
  verdict.scope = named(text(json, "scope"), Scope::OwnLimit, Scope::OutsideView);
  verdict.victim = named(text(json, "victim"), Victim::Main, Victim::Group);
  verdict.sender = named(text(json, "sender"), Sender::Gatevisor, Sender::Itself);
  verdict.status = wait_status(json);
  if (const ordered_json& failure = member(json, "exec_failure"); failure.is_object()) {
    if (const auto step = named(text(failure, "step"), ExecStep::Clone, ExecStep::Exec)) {
      verdict.exec_failure = ExecFailure{*step, number<int>(failure, "errno")};
    }
  }
  verdict.command = text(json, "command");
  verdict.runtime = text(json, "runtime");
  verdict.shell_status = number<int>(json, "status");
  verdict.confidence = named(text(json, "confidence"), Confidence::Certain, Confidence::Unknown)
                           .value_or(Confidence::Unknown);
  verdict.summary = text(json, "summary");
  read_lists(json, verdict);
  const ordered_json& memory = member(json, "memory");
  verdict.memory_peak = size(memory, "peak");
  verdict.memory_limit = size(memory, "limit");
  verdict.limit_path = text(memory, "limit_path");
  const ordered_json& next = member(json, "next");
  verdict.next.action = named(text(next, "action"), NextAction::Respawn, NextAction::GiveUp)
                            .value_or(NextAction::Stop);
  verdict.next.delay = Duration{whole(next, "delay_usec").value_or(0)};
  verdict.next.reason = text(next, "reason");
  death.json = dump(json);
  death.started = text(json, "started");
  death.ended = text(json, "ended");
  death.exits_in_window = static_cast<unsigned>(number<int>(record, "exits_in_window"));
  death.window = Duration{whole(record, "window_usec").value_or(0)};
  return death;
}

std::vector<ProcessMemory> read_biggest(const ordered_json& list) {
  std::vector<ProcessMemory> biggest;
  if (!list.is_array()) return biggest;
  for (const ordered_json& each : list) {
    if (biggest.size() == Sample::kMostBiggest) break;
    if (!each.is_array() || each.size() != 3 || !each[0].is_number_unsigned() ||
        !each[1].is_string() || !each[2].is_number_unsigned() || each[0] > INT32_MAX) {
      continue;
    }
    biggest.push_back({each[0].get<int>(), each[1].get<std::string>(),
                       each[2].get<std::uint64_t>()});
  }
  return biggest;
}

/// By the names of its columns: another gatevisor may have more of them, or less.
std::vector<Sample> read_samples(const ordered_json& record) {
  constexpr std::uint64_t kMostValue = std::uint64_t{1} << 62;
  std::vector<Sample> samples;
  const ordered_json& columns = member(record, "columns");
  const ordered_json& rows = member(record, "rows");
  if (!columns.is_array() || !rows.is_array()) return samples;
  for (const ordered_json& row : rows) {
    Sample sample;
    for (std::size_t i = 0; i < columns.size() && row.is_array() && i < row.size(); ++i) {
      if (columns[i] == kBiggest) sample.biggest = read_biggest(row[i]);
      if (!row[i].is_number_unsigned() || row[i] > kMostValue) continue;
      const auto column = std::ranges::find_if(
          kFlightColumns, [&](const FlightColumn& each) { return columns[i] == each.name; });
      if (column != kFlightColumns.end()) column->set(sample, row[i].get<std::uint64_t>());
    }
    // In the order of time: what is not was never recorded so.
    if (samples.empty() || samples.back().age <= sample.age) samples.push_back(std::move(sample));
  }
  return samples;
}

ordered_json flight_json(const std::vector<Sample>& samples) {
  ordered_json list = ordered_json::array();
  for (const Sample& sample : samples) {
    ordered_json look;
    for (const FlightColumn& column : kFlightColumns) {
      if (const auto value = column.get(sample)) look[column.name] = *value;
    }
    look[kBiggest] = ordered_json::array();
    for (const ProcessMemory& process : sample.biggest) {
      look[kBiggest].push_back(
          {{"pid", process.pid}, {"name", process.name}, {"resident", process.resident}});
    }
    list.push_back(std::move(look));
  }
  return list;
}

ordered_json near_json(const std::vector<NearRecord>& records, WallText time_text) {
  ordered_json list = ordered_json::array();
  for (const NearRecord& record : records) {
    list.push_back(
        {{"time", time_text(record.usec)}, {"event", record.event}, {"message", record.message}});
  }
  return list;
}

void put_life(ordered_json& json, const DeathReport& report, WallText time_text) {
  json["unit"] = report.verdict.unit;
  json["invocation"] = report.verdict.invocation;
  json["pid"] = report.verdict.pid;
  if (report.started_usec != 0) json["started"] = time_text(report.started_usec);
  if (report.ended_usec == 0) return;
  json["ended"] = time_text(report.ended_usec);
  if (report.started_usec != 0 && report.started_usec <= report.ended_usec) {
    json["lived_usec"] = report.ended_usec - report.started_usec;
  }
}

}  // namespace

std::optional<ToldRecord> read_record(std::string_view bytes) {
  if (bytes.size() > kMaxSize) return std::nullopt;
  const ordered_json json = parse_json(bytes);
  ToldRecord record;
  record.event = text(json, "event");
  record.unit = text(json, "unit");
  if (record.event.empty() || record.unit.empty()) return std::nullopt;
  record.message = text(json, "message");
  record.pid = number<int>(json, "pid");
  record.invocation = text(json, "invocation");
  if (record.event == "exited") record.death = read_death(json);
  if (record.event == "flight") record.samples = read_samples(json);
  if (record.death) {
    record.invocation = record.death->verdict.invocation;
    record.pid = record.death->verdict.pid;
  }
  return record;
}

std::string death_json(const DeathReport& report, std::string_view advice,
                       std::string_view death_class, std::uint64_t now_usec, WallText time_text) {
  ordered_json json;
  put_life(json, report, time_text);
  if (now_usec >= report.ended_usec) json["ago_usec"] = now_usec - report.ended_usec;
  json["class"] = death_class;
  json["exits_in_window"] = report.exits_in_window;
  json["window_usec"] = report.window.count();
  json["verdict"] = ordered_json::parse(report.verdict_json, nullptr, false);
  if (report.next_start) {
    json["next_start"] = {{"time", time_text(report.next_start->usec)},
                          {"pid", report.next_start->pid},
                          {"invocation", report.next_start->invocation}};
  }
  json["advice"] = advice.empty() ? ordered_json() : ordered_json(advice);
  json["last_lines"] = ordered_json::array();
  for (const OutputLine& line : report.last_lines) {
    json["last_lines"].push_back({{"time", time_text(line.usec)}, {"message", line.text}});
  }
  json["flight"] = flight_json(report.samples);
  json["before"] = near_json(report.before, time_text);
  json["after"] = near_json(report.after, time_text);
  return dump(json);
}

std::string invocation_json(const DeathReport& report, WallText time_text) {
  ordered_json json;
  put_life(json, report, time_text);
  if (report.ended_usec != 0) {
    const Verdict& verdict = report.verdict;
    json["cause"] = to_string(verdict.cause);
    json["confidence"] = to_string(verdict.confidence);
    json["summary"] = verdict.summary;
    if (verdict.memory_peak) json["memory_peak"] = *verdict.memory_peak;
    json["next"] = {{"action", to_string(verdict.next.action)},
                    {"delay_usec", verdict.next.delay.count()},
                    {"reason", verdict.next.reason}};
  }
  return dump(json);
}

}  // namespace gatevisor::protocol
