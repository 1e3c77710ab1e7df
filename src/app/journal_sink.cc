#include "app/journal_sink.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "app/journal_writer.h"
#include "app/record_text.h"
#include "os/clock.h"
#include "os/invocation.h"
#include "protocol/journal_record.h"
#include "protocol/record_json.h"

namespace gatevisor::app {
namespace {

constexpr std::size_t kMostAnswer = 1024;
/// So much a service writes at once without waiting, while the writer does something else.
constexpr int kPipeSize = 512 << 10;

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

JournalSink::JournalSink(JournalOptions options, os::EventLoop& loop)
    : options_(std::move(options)), run_id_(os::new_invocation_id()), loop_(loop) {}

Expected<void> JournalSink::start(Instant now) {
  if (options_.directory.empty()) return {};
  started_ = now;
  if (memory_.bytes().empty()) {
    auto memory = os::SharedMemory::make(sizeof(JournalMemory));
    if (!memory) return std::unexpected(std::move(memory.error()));
    memory_ = std::move(*memory);
  }
  auto pair = os::Channel::make();
  if (!pair) return std::unexpected(std::move(pair.error()));
  JournalWriterParts parts{std::move(pair->theirs),
                           options_.directory,
                           run_id_,
                           static_cast<int>(getpid()),
                           options_.settings,
                           options_.console,
                           reinterpret_cast<JournalMemory*>(memory_.bytes().data())};
  auto pid = os::start_helper(parts.channel.fd(), "journal-writer", journal_writer_main, &parts);
  if (!pid) return std::unexpected(std::move(pid.error()));
  pid_ = *pid;
  channel_ = std::move(pair->ours);
  sent_ = 0;
  sent_output_ = 0;
  working_ = false;
  watching_writable_ = false;
  if (auto watched = loop_.watch(channel_.fd(), os::kReadable, os::Source::Journal); !watched) {
    return watched;
  }
  flush();
  return {};
}

void JournalSink::write(const Record& record, const std::string& unit, Instant now) {
  if (options_.directory.empty()) return;
  const Level level = level_of(record);
  const std::string message = message_of(record);
  const std::string json =
      protocol::to_json(record, unit, to_string(level), message, now, os::wall_time);
  const os::JournalTimes times = os::journal_times();
  std::string bytes(1, static_cast<char>(protocol::ToWriter::Record));
  bytes += protocol::encode(
      {next_number_, times.realtime_usec, times.monotonic_usec,
       protocol::journal_fields(record, unit, priority_of(level), message, json)});
  if (bytes.size() > protocol::kMaxJournalRecord || pending_bytes_ + bytes.size() > kMostPending) {
    ++dropped_;
    return;
  }
  pending_bytes_ += bytes.size();
  pending_.push_back({next_number_++, std::move(bytes)});
  start_if_due(now);
}

void JournalSink::start_if_due(Instant now) {
  if (pid_ == 0 && now - started_ >= kRestartAfter) {
    (void)start(now);
  } else {
    flush();
  }
}

Expected<NewOutput> JournalSink::open_output(std::optional<unsigned> owner) {
  NewOutput output;
  if (options_.directory.empty()) return output;
  if (!free_slot()) {
    return fail("journal", "output", EMFILE,
                std::to_string(kMostStreams) + " outputs are still being written to");
  }
  auto spool = os::Spool::make(options_.directory);
  if (!spool) return std::unexpected(std::move(spool.error()));
  auto pipe = os::make_output_pipe(kPipeSize, owner);
  if (!pipe) return std::unexpected(std::move(pipe.error()));
  output.write = std::move(pipe->write);
  output.read = std::move(pipe->read);
  output.spool = std::move(*spool);
  return output;
}

void JournalSink::add_output(NewOutput output, protocol::JournalStream stream, Instant now) {
  const auto slot = free_slot();
  if (!output || !slot) return;
  stream.id = ++last_output_;
  stream.slot = *slot;
  std::string bytes(1, static_cast<char>(protocol::ToWriter::Stream));
  bytes += protocol::encode(stream);
  outputs_.emplace(stream.id,
                   Output{std::move(output.read), std::move(output.spool), std::move(bytes), *slot});
  start_if_due(now);
}

std::optional<std::uint32_t> JournalSink::free_slot() const {
  for (std::uint32_t slot = 0; slot < kMostStreams; ++slot) {
    const auto has_it = [slot](const auto& output) { return output.second.slot == slot; };
    if (std::ranges::none_of(outputs_, has_it)) return slot;
  }
  return std::nullopt;
}

// An output before the records that came after it: its lines are asked for with them.
void JournalSink::flush() {
  if (!channel_) return;
  for (auto next = outputs_.upper_bound(sent_output_); next != outputs_.end(); ++next) {
    const int fds[] = {next->second.read.get(), next->second.spool.fd()};
    switch (channel_.send(next->second.bytes, fds)) {
      case os::Channel::Sent::Done: sent_output_ = next->first; break;
      case os::Channel::Sent::Full: return watch(true);
      case os::Channel::Sent::Gone: return;  // its end is told by SIGCHLD
    }
  }
  while (sent_ < pending_.size()) {
    switch (channel_.send(pending_[sent_].bytes)) {
      case os::Channel::Sent::Done: ++sent_; break;
      case os::Channel::Sent::Full: return watch(true);
      case os::Channel::Sent::Gone: return;
    }
  }
  watch(false);
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
    working_ |= told.working;
    if (!told.note.empty()) news = Error{"journal", told.note, 0, "the writer stays who it is"};
    if (told.stream_done) outputs_.erase(*told.stream_done);
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
  sent_output_ = 0;
  // One that ends at once will do so again.
  if (working_ || now - started_ >= kRestartAfter) (void)start(now);
  return true;
}

std::optional<Error> JournalSink::finish() {
  // One that is to be started again is, now: it has something to do.
  if (pid_ == 0 && (!pending_.empty() || !outputs_.empty())) (void)start(os::now());
  if (!channel_) return std::nullopt;
  const Instant deadline = os::now() + std::chrono::milliseconds{kFinishMs};
  std::optional<Error> trouble;
  const auto answers = [&] {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - os::now());
    if (left.count() <= 0 || !channel_.wait(static_cast<int>(left.count()))) return false;
    if (auto news = ready()) trouble = std::move(news);
    return static_cast<bool>(channel_);
  };
  flush();
  const std::string finish(1, static_cast<char>(protocol::ToWriter::Finish));
  while (channel_ && (!is_all_sent() || channel_.send(finish) == os::Channel::Sent::Full)) {
    if (!answers()) break;
  }
  if (channel_) channel_.finish_sending();
  while (channel_ && answers()) {
  }
  if (pending_.empty() && !channel_) return std::nullopt;
  if (trouble) return trouble;
  return Error{"journal", "the last lines and records", 0, "they may not be in it"};
}

bool JournalSink::is_all_sent() const {
  return sent_ == pending_.size() && outputs_.upper_bound(sent_output_) == outputs_.end();
}

Instant JournalSink::deadline() const {
  const bool idle = pending_.empty() && outputs_.empty();
  return pid_ != 0 || idle ? Instant::max() : after(started_, kRestartAfter);
}

}  // namespace gatevisor::app
