#include "app/journal_socket.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>
#include <string>
#include <vector>

#include "protocol/line_text.h"
#include "protocol/native_log.h"
#include "protocol/syslog_message.h"

namespace gatevisor::app {
namespace {

/// Of a longer text the console shows no more: the longest line of a stream (LineMax= of
/// journald.conf(5)).
constexpr std::size_t kMostShown = std::size_t{48} << 10;
/// And of the entries of one commit no more than that: a datagram of 16 MiB may be a million of
/// them.
constexpr std::size_t kMostSaid = std::size_t{1} << 20;

/// A name as the console shows it: what a client calls itself is any bytes.
std::string shown_name(std::string_view name) {
  constexpr std::size_t kMostName = 64;
  std::string shown(name.substr(0, kMostName));
  std::ranges::replace_if(
      shown, [](unsigned char c) { return c < 0x20 || c == 0x7f; }, '?');
  return shown.empty() ? "unknown" : shown;
}

}  // namespace

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
  /// Of the field, the first of that name; empty: there is none.
  std::string_view value_of(std::string_view name) const {
    const auto field = std::ranges::find(fields_, name, &journal::Field::name);
    if (field == fields_.end()) return {};
    return {reinterpret_cast<const char*>(field->value.data()), field->value.size()};
  }

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
                             JournalMemory& memory, JournalSenders& senders,
                             JournalConsole& console)
    : kind_(kind),
      queue_(std::move(fd), memory.inboxes[index()], kind == LogSocketKind::Journal),
      store_(store),
      senders_(senders),
      console_(console) {}

std::uint64_t JournalSocket::entries_done(std::uint64_t number) const {
  const StreamPlace& kept = store_.account().datagrams[index()];
  if (number < kept.id) return std::numeric_limits<std::uint64_t>::max();
  return number == kept.id ? kept.offset : 0;
}

/// What is appended anew after a failure is shown then. The queue is cleared behind it: it has to
/// be in the file.
Expected<void> JournalSocket::commit() {
  auto done = store_.commit(false);
  if (done) done = store_.finish_commit();
  if (!done) return done;
  if (unsaid_ > 0) saying_ += "gatevisor: " + std::to_string(unsaid_) + " entries were not shown\n";
  console_.say(saying_);
  forget_said();
  return done;
}

void JournalSocket::forget_said() {
  saying_.clear();
  unsaid_ = 0;
}

Expected<bool> JournalSocket::keep(const os::JournalTimes& times, Instant now) {
  forget_said();
  if (auto done = queue_.collect(); !done) return std::unexpected(std::move(done.error()));
  const std::size_t count = queue_.count();
  for (std::size_t i = 0; i < count; ++i) {
    auto kept = keep(queue_.at(i), times, now);
    if (!kept) return std::unexpected(std::move(kept.error()));
  }
  if (auto done = commit(); !done) return std::unexpected(std::move(done.error()));
  queue_.clear();
  if (count != 0) return true;
  const auto odd = queue_.odd();
  if (!odd) return std::unexpected(odd.error());
  if (!*odd) return false;
  auto kept = keep(**odd, times, now);
  if (kept) kept = commit();
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
                       {&place.offset, entry, &place.id, datagram.number}, *sender, now);
    if (!kept) return kept;
  }
  return {};
}

Expected<void> JournalSocket::append(const Reader& reader, const os::LogSender& sender,
                                     const os::JournalTimes& times, const JournalStore::Mark& mark,
                                     JournalSender& from, Instant now) {
  std::vector<journal::Field> fields = reader.fields();
  const std::string sent = std::to_string(sender.realtime_usec);
  if (sender.realtime_usec != 0) fields.push_back({"_SOURCE_REALTIME_TIMESTAMP", bytes_of(sent)});
  auto done =
      store_.append({times.realtime_usec, times.monotonic_usec}, fields, mark, &from.fields);
  // One that no journal file takes would be in the way for ever.
  const bool never = !done && (done.error().code == EMSGSIZE || done.error().code == EINVAL ||
                               done.error().code == E2BIG);
  if (never) return store_.skip(mark);
  critical_ |= done && reader.level() <= kCriticalLevel;
  if (done) say(reader, sender, from, now);
  return done;
}

// Line by line where the form is one of lines: none is to look like another service's.
void JournalSocket::say(const Reader& reader, const os::LogSender& sender,
                        const JournalSender& from, Instant now) {
  std::string_view text = reader.value_of("MESSAGE").substr(0, kMostShown);
  if (console_.mode() == ConsoleMode::None || text.empty()) return;
  if (saying_.size() >= kMostSaid) {
    ++unsaid_;
    return;
  }
  std::string_view identifier = reader.value_of("SYSLOG_IDENTIFIER");
  if (identifier.empty()) identifier = from.comm;
  const std::string name = shown_name(identifier);
  const protocol::LineOrigin origin{
      .unit = from.unit,
      .stream = kind_ == LogSocketKind::Journal ? "journal" : "syslog",
      .invocation = from.invocation,
      .pid = static_cast<std::uint64_t>(std::max(sender.pid, 0)),
      .identifier = name};
  const bool plain = console_.mode() == ConsoleMode::Pass;
  const std::string time = plain ? std::string() : os::wall_time(now);
  if (console_.mode() == ConsoleMode::Json) {
    return protocol::append_json(saying_, origin, time, reader.level(), text);
  }
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    if (plain) {
      protocol::append_said(saying_, origin, line);
    } else {
      protocol::append_prefixed(saying_, origin, time, line);
    }
    text.remove_prefix(std::min(line.size() + 1, text.size()));
  }
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
