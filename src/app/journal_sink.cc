#include "app/journal_sink.h"

#include <unistd.h>

#include "app/journal_writer.h"
#include "app/record_text.h"
#include "os/clock.h"
#include "os/invocation.h"
#include "protocol/journal_record.h"
#include "protocol/record_json.h"

namespace gatevisor::app {
namespace {

constexpr std::size_t kMostAnswer = 1024;

/// syslog(3).
int priority_of(Level level) {
  switch (level) {
    case Level::Critical: return 2;
    case Level::Error: return 3;
    case Level::Warning: return 4;
    case Level::Notice: return 5;
    case Level::Info: return 6;
    case Level::Debug: return 7;
  }
  return 6;
}

}  // namespace

JournalSink::JournalSink(std::string directory, os::EventLoop& loop)
    : directory_(std::move(directory)),
      run_id_(os::new_invocation_id()),
      loop_(loop) {}

Expected<void> JournalSink::start(Instant now) {
  if (directory_.empty()) return {};
  started_ = now;
  auto pair = os::Channel::make();
  if (!pair) return std::unexpected(std::move(pair.error()));
  JournalWriterParts parts{std::move(pair->theirs), directory_, run_id_,
                           static_cast<int>(getpid())};
  auto pid = os::start_helper(parts.channel.fd(), "journal-writer", journal_writer_main, &parts);
  if (!pid) return std::unexpected(std::move(pid.error()));
  pid_ = *pid;
  channel_ = std::move(pair->ours);
  sent_ = 0;
  watching_writable_ = false;
  if (auto watched = loop_.watch(channel_.fd(), os::kReadable, os::Source::Journal); !watched) {
    return watched;
  }
  flush();
  return {};
}

void JournalSink::write(const Record& record, const std::string& unit, Instant now) {
  if (directory_.empty()) return;
  const Level level = level_of(record);
  const std::string message = message_of(record);
  const std::string json =
      protocol::to_json(record, unit, to_string(level), message, now, os::wall_time);
  const os::JournalTimes times = os::journal_times();
  std::string bytes = protocol::encode(
      {next_number_, times.realtime_usec, times.monotonic_usec,
       protocol::journal_fields(record, unit, priority_of(level), message, json)});
  if (bytes.size() > protocol::kMaxJournalRecord || pending_bytes_ + bytes.size() > kMostPending) {
    ++dropped_;
    return;
  }
  pending_bytes_ += bytes.size();
  pending_.push_back({next_number_++, std::move(bytes)});
  if (pid_ == 0 && now - started_ >= kRestartAfter) {
    (void)start(now);
  } else {
    flush();
  }
}

void JournalSink::flush() {
  if (!channel_) return;
  bool full = false;
  while (sent_ < pending_.size() && !full) {
    switch (channel_.send(pending_[sent_].bytes)) {
      case os::Channel::Sent::Done: ++sent_; break;
      case os::Channel::Sent::Full: full = true; break;
      case os::Channel::Sent::Gone: return;  // its end is told by SIGCHLD
    }
  }
  watch(full);
}

void JournalSink::watch(bool writable) {
  if (writable == watching_writable_) return;
  watching_writable_ = writable;
  const std::uint32_t events = writable ? os::kReadable | os::kWritable : os::kReadable;
  (void)loop_.rewatch(channel_.fd(), events, os::Source::Journal);
}

std::optional<Error> JournalSink::ready() {
  std::optional<Error> news;
  std::string answer;
  for (;;) {
    const auto received =
        channel_ ? channel_.receive(answer, kMostAnswer) : os::Channel::Received::End;
    if (received == os::Channel::Received::Nothing) break;
    if (received == os::Channel::Received::End) {
      drop_channel();
      return news;
    }
    const protocol::JournalAnswer told = protocol::decode_answer(answer);
    if (!told.trouble.empty()) {
      news = Error{"journal", told.trouble, 0, "the records wait until it can be written"};
    }
    if (!told.written) continue;
    while (!pending_.empty() && pending_.front().number <= *told.written) {
      pending_bytes_ -= pending_.front().bytes.size();
      pending_.pop_front();
      if (sent_ > 0) --sent_;
    }
  }
  flush();
  if (dropped_ > 0 && pending_.empty()) {
    news = Error{"journal", std::to_string(dropped_) + " records were not kept", 0,
                 "the writer was behind, or the disk was full"};
    dropped_ = 0;
  }
  return news;
}

void JournalSink::drop_channel() {
  if (channel_) loop_.unwatch(channel_.fd());
  channel_.close();
}

bool JournalSink::ended(int pid, Instant now) {
  if (pid_ == 0 || pid != pid_) return false;
  (void)ready();  // what it had acknowledged is not sent again
  drop_channel();
  pid_ = 0;
  sent_ = 0;
  // One that ends at once is tried again with the next record.
  if (now - started_ >= kRestartAfter) (void)start(now);
  return true;
}

void JournalSink::finish() {
  if (!channel_) return;
  flush();
  channel_.finish_sending();
  const Instant deadline = os::now() + std::chrono::milliseconds{kFinishMs};
  while (channel_) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - os::now());
    if (left.count() <= 0 || !channel_.wait(static_cast<int>(left.count()))) return;
    (void)ready();
  }
}

}  // namespace gatevisor::app
