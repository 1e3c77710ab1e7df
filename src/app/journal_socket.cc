#include "app/journal_socket.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>
#include <string>
#include <vector>

#include "protocol/native_log.h"
#include "protocol/syslog_message.h"

namespace gatevisor::app {

/// The entries of one datagram, of either kind, with the fields that its sender gives.
class JournalSocket::Reader {
 public:
  Reader(LogSocketKind kind, std::string_view datagram)
      : kind_(kind), datagram_(datagram), native_(datagram) {}

  bool next() {
    switch (kind_) {
      case LogSocketKind::Journal: return next_native();
      case LogSocketKind::Syslog: return std::exchange(first_, false) && next_syslog();
    }
    return false;
  }
  const std::vector<journal::Field>& fields() const { return fields_; }
  unsigned level() const { return level_; }

 private:
  void add(std::string_view name, std::string_view value) {
    fields_.push_back({name, bytes_of(value)});
  }

  bool next_native() {
    if (!native_.next()) return false;
    fields_.clear();
    add("_TRANSPORT", "journal");
    for (const protocol::LogField& field : native_.fields()) add(field.name, field.value);
    level_ = native_.level();
    return true;
  }

  bool next_syslog() {
    if (datagram_.empty()) return false;
    const protocol::SyslogMessage message = protocol::parse_syslog(datagram_);
    numbers_ = {std::to_string(message.level), std::to_string(message.facility)};
    add("_TRANSPORT", "syslog");
    add("PRIORITY", numbers_[0]);
    if (message.facility != 0) add("SYSLOG_FACILITY", numbers_[1]);
    if (message.identifier) add("SYSLOG_IDENTIFIER", *message.identifier);
    if (message.pid) add("SYSLOG_PID", *message.pid);
    if (!message.timestamp.empty()) add("SYSLOG_TIMESTAMP", message.timestamp);
    add("MESSAGE", message.text);
    if (message.raw) add("SYSLOG_RAW", datagram_);
    level_ = message.level;
    return true;
  }

  LogSocketKind kind_;
  std::string_view datagram_;
  protocol::NativeLog native_;
  bool first_ = true;
  std::array<std::string, 2> numbers_;
  std::vector<journal::Field> fields_;
  unsigned level_ = 0;
};

JournalSocket::JournalSocket(LogSocketKind kind, os::UniqueFd fd, JournalStore& store,
                             JournalMemory& memory, JournalSenders& senders)
    : kind_(kind),
      queue_(std::move(fd), memory.inboxes[index()], kind == LogSocketKind::Journal),
      store_(store),
      senders_(senders) {}

std::uint64_t JournalSocket::entries_done(std::uint64_t number) const {
  const StreamPlace& kept = store_.account().datagrams[index()];
  if (number < kept.id) return std::numeric_limits<std::uint64_t>::max();
  return number == kept.id ? kept.offset : 0;
}

Expected<bool> JournalSocket::keep(const os::JournalTimes& times, Instant now) {
  if (auto done = queue_.collect(); !done) return std::unexpected(std::move(done.error()));
  const std::size_t count = queue_.count();
  for (std::size_t i = 0; i < count; ++i) {
    auto kept = keep(queue_.at(i), times, now);
    if (!kept) return std::unexpected(std::move(kept.error()));
  }
  if (auto done = store_.commit(false); !done) return std::unexpected(std::move(done.error()));
  queue_.clear();
  if (count != 0) return true;
  const auto odd = queue_.odd();
  if (!odd) return std::unexpected(odd.error());
  if (!*odd) return false;
  auto kept = keep(**odd, times, now);
  if (kept) kept = store_.commit(false);
  if (kept) kept = queue_.take_odd();
  if (!kept) return std::unexpected(std::move(kept.error()));
  return true;
}

Expected<void> JournalSocket::keep(const os::LogQueue::Datagram& datagram,
                                   const os::JournalTimes& times, Instant now) {
  const std::uint64_t done = entries_done(datagram.number);
  if (done == std::numeric_limits<std::uint64_t>::max()) return {};
  Reader reader(kind_, datagram.bytes);
  JournalSender* sender = nullptr;
  for (std::uint64_t entry = 1; reader.next(); ++entry) {
    if (entry <= done) continue;
    if (sender == nullptr) sender = &senders_.of(datagram.sender, now);
    if (reader.level() > sender->most_level) continue;
    StreamPlace& place = store_.next_account().datagrams[index()];
    auto kept = append(reader, datagram.sender, times,
                       {&place.offset, entry, &place.id, datagram.number}, sender->fields);
    if (!kept) return kept;
  }
  return {};
}

Expected<void> JournalSocket::append(const Reader& reader, const os::LogSender& sender,
                                     const os::JournalTimes& times, const JournalStore::Mark& mark,
                                     journal::CommonFields& common) {
  std::vector<journal::Field> fields = reader.fields();
  const std::string sent = std::to_string(sender.realtime_usec);
  if (sender.realtime_usec != 0) fields.push_back({"_SOURCE_REALTIME_TIMESTAMP", bytes_of(sent)});
  auto done = store_.append({times.realtime_usec, times.monotonic_usec}, fields, mark, &common);
  // One that no journal file takes would be in the way for ever.
  const bool never = !done && (done.error().code == EMSGSIZE || done.error().code == EINVAL ||
                               done.error().code == E2BIG);
  if (never) return store_.skip(mark);
  critical_ |= done && reader.level() <= kCriticalLevel;
  return done;
}

std::uint64_t JournalSocket::entries_left(const os::LogQueue::Datagram& datagram) const {
  std::uint64_t entries = 0;
  for (Reader reader(kind_, datagram.bytes); reader.next();) ++entries;
  return entries - std::min(entries, entries_done(datagram.number));
}

std::uint64_t JournalSocket::drop() {
  (void)queue_.collect();
  std::uint64_t entries = 0;
  for (std::size_t i = 0; i < queue_.count(); ++i) entries += entries_left(queue_.at(i));
  queue_.clear();
  if (const auto odd = queue_.odd(); odd && *odd) {
    entries += entries_left(**odd);
    (void)queue_.take_odd();
  }
  return entries;
}

}  // namespace gatevisor::app
