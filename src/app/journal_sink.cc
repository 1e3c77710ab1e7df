#include "app/journal_sink.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <utility>

#include "app/journal_writer.h"
#include "app/record_text.h"
#include "os/clock.h"
#include "os/invocation.h"
#include "protocol/journal_answer.h"
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
  starts_[next_start_] = after(now, kStartInterval);
  next_start_ = (next_start_ + 1) % kStartBurst;
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
                           reinterpret_cast<JournalMemory*>(memory_.bytes().data()),
                           !options_.listeners.empty()};
  auto pid = os::start_helper(parts.channel.fd(), "journal-writer", journal_writer_main, &parts);
  if (!pid) return std::unexpected(std::move(pid.error()));
  pid_ = *pid;
  channel_ = std::move(pair->ours);
  sent_ = 0;
  sent_output_ = 0;
  sent_listeners_ = 0;
  for (auto& [unit, invocation] : invocations_) invocation.sent = false;
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
  if (pid_ == 0 && now >= may_start()) {
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
                   Output{std::move(output.read), std::move(output.spool), std::move(bytes),
                          std::move(stream.invocation), *slot});
  start_if_due(now);
}

void JournalSink::add_invocation(protocol::JournalStream stream, Instant now) {
  Invocation& last = invocations_[stream.unit];
  if (options_.directory.empty() || last.id == stream.invocation) return;
  stream.id = 1;  // none is 0
  last.id = stream.invocation;
  last.bytes = static_cast<char>(protocol::ToWriter::Invocation) + protocol::encode(stream);
  last.sent = false;
  start_if_due(now);
}

std::optional<std::uint32_t> JournalSink::free_slot() const {
  for (std::uint32_t slot = 0; slot < kMostStreams; ++slot) {
    const auto has_it = [slot](const auto& output) { return output.second.slot == slot; };
    if (std::ranges::none_of(outputs_, has_it)) return slot;
  }
  return std::nullopt;
}

os::Channel::Sent JournalSink::send_listeners() {
  for (; sent_listeners_ < options_.listeners.size(); ++sent_listeners_) {
    const JournalListener& listener = options_.listeners[sent_listeners_];
    const char bytes[] = {static_cast<char>(protocol::ToWriter::Socket),
                          static_cast<char>(listener.kind)};
    const int fds[] = {listener.socket.fd()};
    const auto sent = channel_.send({bytes, sizeof bytes}, fds);
    if (sent != os::Channel::Sent::Done) return sent;
  }
  return os::Channel::Sent::Done;
}

os::Channel::Sent JournalSink::send_invocations() {
  for (auto& [unit, invocation] : invocations_) {
    if (invocation.sent) continue;
    const auto sent = channel_.send(invocation.bytes);
    if (sent != os::Channel::Sent::Done) return sent;
    invocation.sent = true;
  }
  return os::Channel::Sent::Done;
}

// An output before the records that came after it: its lines are asked for with them.
void JournalSink::flush() {
  if (!channel_) return;
  auto sent = send_listeners();
  if (sent == os::Channel::Sent::Done) sent = send_invocations();
  switch (sent) {
    case os::Channel::Sent::Done: break;
    case os::Channel::Sent::Full: return watch(true);
    case os::Channel::Sent::Gone: return;
  }
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
    if (told.well && !trouble_.empty()) {
      trouble_.clear();
      news = Error{"journal", "it is written to again", 0, "what waited is in it"};
    }
    if (!told.trouble.empty() && told.trouble != trouble_) {  // every new writer says it
      trouble_ = told.trouble;
      news = Error{"journal", trouble_, 0, "the records wait until it can be written"};
    }
    if (!told.note.empty()) news = Error{"journal", told.note, 0, "the writer stays who it is"};
    finished_ |= told.finished;
    if (const auto seen = told.line_seen ? outputs_.find(*told.line_seen) : outputs_.end();
        seen != outputs_.end()) {
      lines_seen_.push_back(seen->second.invocation);
    }
    if (told.stream_done) outputs_.erase(*told.stream_done);
    if (told.question && std::erase_if(questions_, [&](const Question& question) {
          return question.id == *told.question;
        }) > 0) {
      answers_.push_back({*told.question, told.last_words});
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

std::uint64_t JournalSink::ask_last_words(const std::string& invocation, Instant now) {
  flush();
  if (!channel_ || !is_all_sent()) return 0;
  std::string bytes(1, static_cast<char>(protocol::ToWriter::Ask));
  bytes += protocol::encode(protocol::JournalQuestion{last_question_ + 1, invocation});
  if (channel_.send(bytes) != os::Channel::Sent::Done) return 0;
  questions_.push_back({++last_question_, after(now, kAnswerWithin)});
  return last_question_;
}

std::vector<KnownWords> JournalSink::take_answers(Instant now) {
  std::erase_if(questions_, [&](const Question& question) {
    const bool never = !channel_ || now >= question.due;
    if (never) answers_.push_back({question.id, std::nullopt});
    return never;
  });
  return std::exchange(answers_, {});
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
  start_if_due(now);
  return true;
}

std::optional<Error> JournalSink::finish() {
  for (JournalListener& listener : options_.listeners) listener.socket.remove();
  const Instant deadline = after(os::now(), std::chrono::milliseconds{kFinishMs});
  std::optional<Error> trouble;
  for (int writers = 0; writers < kFinishWriters && !finished_; ++writers) {
    if (!channel_) {
      if (pending_.empty() && outputs_.empty() && options_.listeners.empty()) return std::nullopt;
      if (os::now() >= deadline || !start(os::now())) break;
    }
    finish_writer(deadline, trouble);
  }
  if (finished_) return std::nullopt;
  if (trouble) return trouble;
  return Error{"journal", "the last lines and records", 0, "they may not be in it"};
}

/// Until it has finished, has ended, or the time is over.
void JournalSink::finish_writer(Instant deadline, std::optional<Error>& trouble) {
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
}

JournalCounts JournalSink::counts() const {
  if (memory_.bytes().empty()) return {};
  JournalCounts& counts = reinterpret_cast<JournalMemory*>(memory_.bytes().data())->counts;
  return {std::atomic_ref(counts.entries).load(), std::atomic_ref(counts.bytes).load(),
          std::atomic_ref(counts.dropped).load()};
}

bool JournalSink::is_all_sent() const {
  return sent_listeners_ == options_.listeners.size() && sent_ == pending_.size() &&
         outputs_.upper_bound(sent_output_) == outputs_.end();
}

Instant JournalSink::deadline() const {
  const bool idle = pending_.empty() && outputs_.empty() && options_.listeners.empty();
  Instant due = pid_ != 0 || idle ? Instant::max() : may_start();
  for (const Question& question : questions_) due = std::min(due, question.due);
  return due;
}

}  // namespace gatevisor::app
