#include "app/journal_records.h"

#include <algorithm>
#include <cerrno>
#include <iterator>

namespace gatevisor::app {

JournalRecords::JournalRecords(JournalStore& store, int owner_pid) : store_(store) {
  own_fields_ = {"_TRANSPORT=journal", "_PID=" + std::to_string(owner_pid), "_COMM=gatevisor"};
  std::ranges::copy(store.host_fields(), std::back_inserter(own_fields_));
}

bool JournalRecords::tells_later_of(const std::string& invocation) const {
  return std::ranges::any_of(records_, [&](const protocol::JournalRecord& record) {
    const auto has = [&record](const std::string& field) {
      return std::ranges::find(record.fields, field) != record.fields.end();
    };
    return has("GATEVISOR_EVENT=started") && has("INVOCATION_ID=" + invocation);
  });
}

std::vector<journal::Field> JournalRecords::with_own_fields(
    const std::vector<std::string>& fields) const {
  std::vector<journal::Field> all;
  for (const auto* part : {&fields, &own_fields_}) {
    for (const std::string& field : *part) all.push_back({{}, std::as_bytes(std::span(field))});
  }
  return all;
}

Expected<void> JournalRecords::keep_first() {
  const protocol::JournalRecord& record = records_.front();
  std::uint64_t& last = store_.next_account().records;
  // An earlier writer's last act may have been to keep it.
  if (record.number > last) {
    auto kept = store_.append({record.realtime_usec, record.monotonic_usec},
                              with_own_fields(record.fields), {&last, record.number});
    // One that no journal takes is not tried for ever.
    const bool never = !kept && (kept.error().code == EMSGSIZE || kept.error().code == EINVAL);
    if (!kept && !never) return kept;
  }
  appended_.push_back(std::move(records_.front()));
  records_.pop_front();
  return {};
}

Expected<void> JournalRecords::tell_dropped(std::uint64_t lines, const os::JournalTimes& times) {
  const std::string count = std::to_string(lines);
  std::uint64_t& same = store_.next_account().records;
  const std::vector<std::string> fields = {
      "MESSAGE=" + count + " lines were not kept: the journal could not be written", "PRIORITY=4",
      "SYSLOG_IDENTIFIER=gatevisor", "GATEVISOR_EVENT=dropped", "GATEVISOR_DROPPED=" + count};
  return store_.append({times.realtime_usec, times.monotonic_usec}, with_own_fields(fields),
                       {&same, same});
}

std::optional<std::uint64_t> JournalRecords::committed() {
  if (appended_.empty()) return std::nullopt;
  const std::uint64_t number = appended_.back().number;
  appended_.clear();
  return number;
}

void JournalRecords::go_back() {
  while (!appended_.empty()) {
    records_.push_front(std::move(appended_.back()));
    appended_.pop_back();
  }
}

}  // namespace gatevisor::app
