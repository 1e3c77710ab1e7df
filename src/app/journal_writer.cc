#include "app/journal_writer.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <deque>
#include <iterator>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "app/ended_words.h"
#include "app/journal_confine.h"
#include "app/journal_console.h"
#include "app/journal_output.h"
#include "app/journal_records.h"
#include "app/journal_sockets.h"
#include "app/journal_store.h"
#include "os/clock.h"
#include "os/invocation.h"
#include "os/memory.h"
#include "os/poller.h"
#include "protocol/journal_answer.h"
#include "protocol/journal_record.h"
#include "protocol/journal_stream.h"

namespace gatevisor::app {
namespace {

constexpr Duration kRetry = std::chrono::seconds{1};
/// gatevisor is gone and nothing can be written: how often it is tried nevertheless.
constexpr int kLastTries = 5;
constexpr std::size_t kMostMessages = 64;  ///< at a time
/// Some four times what a file of 32 MiB takes while it is written to.
constexpr int kKeptMemory = 8 << 20;

// The poller's numbers, behind those of the slots.
constexpr std::uint64_t kChannel = kMostStreams;
constexpr std::uint64_t kConsole = kMostStreams + 1;
constexpr std::uint64_t kLogSocket = kConsole + JournalConsole::kOutputs;
constexpr std::uint64_t kWritten = kLogSocket + kLogSockets;
constexpr std::size_t kMostReady = kWritten + 1;

class JournalWriter {
 public:
  JournalWriter(JournalWriterParts& parts, os::Poller poller)
      : parts_(parts),
        poller_(std::move(poller)),
        store_(parts.directory, parts.run_id, parts.settings, parts.memory->redo_log()),
        records_(store_, parts.owner_pid),
        console_(parts.console),
        sockets_(store_, *parts.memory, poller_, kLogSocket, console_),
        window_(JournalOutput::kWindow),
        outputs_(kMostStreams),
        watched_(kMostStreams, false),
        not_taken_(kMostStreams, false) {}

  int run() {
    (void)poller_.watch(parts_.channel.fd(), os::kReadable, kChannel);
    (void)poller_.watch(store_.written_fd(), os::kReadable, kWritten);
    // The console is open by now, and this machine's name is known.
    if (auto become = become_journal_user(parts_.directory); !become) {
      (void)answer(protocol::encode_note(to_string(become.error())));
    }
    confine_journal_writer(parts_.directory, parts_.log_sockets);
    // At once, not with the first line: a reader sees what the one before has left.
    if (auto recovered = store_.recover(); !recovered) failed(recovered.error());
    for (;;) {
      const auto ready = poller_.wait(time_left());
      now_ = os::now();
      bool told = false;
      std::vector<bool> has_bytes(kMostStreams, false);
      for (const os::Poller::Ready& each : ready) {
        told |= each.key == kChannel;
        if (each.key == kWritten) store_.note_written();
        (void)sockets_.note_ready(each.key);
        if (each.key < kMostStreams) has_bytes[each.key] = true;
      }
      if (told) read_channel();
      take(has_bytes);
      tell_last_words();
      show();  // no disk makes it late
      write();
      if (console_.waiting() > 0) show();
      settle();
      if (is_finished()) return status_;
    }
  }

 private:
  // ---- in ----------------------------------------------------------------------------------

  void read_channel() {
    std::vector<os::UniqueFd> fds;
    for (std::size_t i = 0; i < kMostMessages && parts_.channel; ++i) {
      fds.clear();
      const auto received =
          parts_.channel.receive(datagram_, protocol::kMaxJournalRecord + 1, &fds);
      if (received == os::Channel::Received::Nothing) return;
      if (received == os::Channel::Received::End) return gone();
      if (!datagram_.empty()) take_message(std::string_view(datagram_), fds);
    }
  }

  void take_message(std::string_view message, std::vector<os::UniqueFd>& fds) {
    const auto kind = static_cast<protocol::ToWriter>(message.front());
    message.remove_prefix(1);
    switch (kind) {
      case protocol::ToWriter::Record:
        if (auto record = protocol::decode(message)) records_.add(std::move(*record));
        return;
      case protocol::ToWriter::Stream:
        if (auto stream = protocol::decode_stream(message)) add(std::move(*stream), fds);
        return;
      case protocol::ToWriter::Invocation:
        if (auto invocation = protocol::decode_stream(message)) sockets_.learn(*invocation);
        return;
      case protocol::ToWriter::Socket: return sockets_.add(message, fds);
      case protocol::ToWriter::Ask:
        if (auto question = protocol::decode_question(message)) {
          questions_.push_back(std::move(*question));
        }
        return;
      case protocol::ToWriter::Finish: finishing_ = true; return;
    }
  }

  void add(protocol::JournalStream stream, std::vector<os::UniqueFd>& fds) {
    const std::uint32_t slot = stream.slot;
    if (slot >= kMostStreams || fds.size() != 2) return;
    unwatch(slot);
    sockets_.learn(stream);
    outputs_[slot] = std::make_unique<JournalOutput>(std::move(stream), std::move(fds[0]),
                                                     os::Spool(std::move(fds[1])), store_,
                                                     *parts_.memory);
    // What an earlier writer has moved to the spool.
    added_ = true;
  }

  void gone() {
    poller_.unwatch(parts_.channel.fd());
    gone_ = true;
  }

  /// From the pipes to the spools. What was written before a record was sent comes before it: then
  /// all of the pipes are emptied, whether they were ready or not.
  void take(const std::vector<bool>& has_bytes) {
    const bool all = !records_.empty() || !questions_.empty() || finishing_ || gone_ || added_;
    added_ = false;
    for (std::uint32_t slot = 0; slot < kMostStreams; ++slot) {
      JournalOutput* const output = outputs_[slot].get();
      if (output == nullptr || !(all || has_bytes[slot])) continue;
      for (;;) {
        const auto more = output->take();
        if (!more) {
          not_taken_[slot] = true;
          failed(more.error());
        }
        if (!more || !*more || !all) break;
      }
    }
  }

  // ---- what was said at the end ------------------------------------------------------------

  void tell_last_words() {
    for (const protocol::JournalQuestion& question : questions_) {
      (void)answer(protocol::encode_last_words(question.id, last_words_of(question.invocation)));
    }
    questions_.clear();
  }

  std::optional<LastWords> last_words_of(const std::string& invocation) {
    for (const auto& output : outputs_) {
      if (!output || output->stream().invocation != invocation) continue;
      if (auto words = output->last_words(window_)) return words;
    }
    return ended_.of(invocation);
  }

  // ---- to the journal ----------------------------------------------------------------------

  void write() {
    if (retry_at_ && now_ < *retry_at_) {
      if (parts_.settings.full == JournalFull::Drop) drop();
      return;
    }
    std::fill(not_taken_.begin(), not_taken_.end(), false);
    const os::JournalTimes times = os::journal_times();
    const std::uint64_t before = store_.next_account().entries;
    const auto done = keep(times);
    if (store_.next_account().entries != before && !unsynced_since_) unsynced_since_ = now_;
    const bool sync = records_.appended() || critical_ || telling_dropped_ > 0;
    auto committed = store_.commit(sync && done);
    // That nothing is in the way any more is known when it has been written.
    if (committed && !well_) committed = store_.finish_commit();
    if (committed && sync && done) unsynced_since_.reset();
    if (!done || !committed) {
      failed(done ? committed.error() : done.error());
      return go_back();
    }
    retry_at_.reset();
    std::atomic_ref(parts_.memory->counts.entries).store(store_.account().entries);
    std::atomic_ref(parts_.memory->counts.bytes).store(store_.account().bytes);
    telling_dropped_ = 0;
    told_ = false;
    if (!well_) well_ = answer(protocol::encode_well());
    last_tries_ = 0;
    critical_ = false;
    // Where it is not told, it is with the next one.
    if (const auto number = records_.committed()) (void)answer(protocol::encode_written(*number));
    if (unsynced_since_ && now_ >= after(*unsynced_since_, parts_.settings.sync_interval)) {
      if (auto synced = store_.commit(true); !synced) {
        failed(synced.error());
        go_back();
      }
      unsynced_since_.reset();
      store_.vacuum();
      store_.rest();
      os::release_freed_memory();
    }
  }

  /// Lines and records, in the order in which they came about.
  Expected<void> keep(const os::JournalTimes& times) {
    if (dropped_ > 0) {
      if (auto told = records_.tell_dropped(dropped_, times); !told) return told;
      telling_dropped_ = std::exchange(dropped_, 0);
    }
    auto sent = has_room_to_say() ? sockets_.keep(!records_.empty(), now_) : Expected<void>{};
    if (sent && (finishing_ || gone_)) sent = sockets_.finish(now_);
    critical_ |= sockets_.take_critical();
    if (!sent) return sent;
    for (;;) {
      if (auto kept = keep_outputs(times); !kept) return kept;
      if (records_.empty()) return {};
      if (auto kept = records_.keep_first(); !kept) return kept;
    }
  }

  Expected<void> keep_outputs(const os::JournalTimes& times) {
    for (const auto& output : outputs_) {
      if (!output || records_.tells_later_of(output->stream().invocation)) continue;
      auto kept = output->keep(window_, times);
      critical_ |= output->take_critical();
      if (!kept) return kept;
    }
    return {};
  }

  void drop() {
    std::uint64_t lines = sockets_.drop();
    for (const auto& output : outputs_) {
      if (output && !output->has_room()) lines += output->drop(window_);
    }
    dropped_ += lines;
    std::atomic_ref(parts_.memory->counts.dropped).fetch_add(lines);
  }

  /// Back to what is certain to be there: the rest is appended anew.
  void go_back() {
    (void)store_.finish_commit();  // what of it is on its way
    dropped_ += std::exchange(telling_dropped_, 0);
    for (const auto& output : outputs_) {
      if (output) output->go_back();
    }
    records_.go_back();
  }

  void failed(const Error& error) {
    retry_at_ = after(now_, kRetry);
    if (gone_ || finishing_) ++last_tries_;
    if (!told_) told_ = answer(protocol::encode_trouble(to_string(error)));
    well_ = false;
  }

  /// False: the channel is full. Also where gatevisor sends no more: it waits for the last answers.
  bool answer(const std::string& bytes) {
    return !parts_.channel || parts_.channel.send(bytes) != os::Channel::Sent::Full;
  }

  // ---- to the console ----------------------------------------------------------------------

  void show() {
    console_.show_said(now_);
    for (const auto& output : outputs_) {
      if (output) output->show(console_, window_, now_);
    }
    console_.watch(poller_, kConsole);
  }

  /// A console that takes nothing makes clients of the log sockets wait, as it does with streams.
  bool has_room_to_say() const { return console_.waiting() < JournalOutput::kMostWaiting; }

  // ---- what is done ------------------------------------------------------------------------

  void settle() {
    for (std::uint32_t slot = 0; slot < kMostStreams; ++slot) {
      if (!outputs_[slot]) continue;
      JournalOutput& output = *outputs_[slot];
      output.tidy();
      if (output.take_line_seen()) (void)answer(protocol::encode_line_seen(output.stream().id));
      if (output.is_done()) {
        if (auto words = output.last_words(window_)) {
          ended_.put(output.stream().invocation, std::move(*words));
        }
        unwatch(slot);
        done_.push_back(output.stream().id);
        outputs_[slot].reset();
        continue;
      }
      const bool watch = !output.ended() && output.has_room() && !not_taken_[slot];
      if (watch == watched_[slot]) continue;
      if (!watch) {
        unwatch(slot);
      } else {
        watched_[slot] = poller_.watch(output.pipe(), os::kReadable, slot).has_value();
      }
    }
    sockets_.watch(has_room_to_say() && (!retry_at_ || parts_.settings.full == JournalFull::Drop));
    while (!done_.empty() && answer(protocol::encode_stream_done(done_.front()))) done_.pop_front();
  }

  void unwatch(std::uint32_t slot) {
    if (watched_[slot]) poller_.unwatch(outputs_[slot]->pipe());
    watched_[slot] = false;
  }

  /// Whether nothing is left to be done. Once all that was there when gatevisor ended is written, it
  /// need not wait any longer.
  bool is_finished() {
    if (!gone_ && !finishing_) return false;
    if (last_tries_ > kLastTries) {
      status_ = 1;  // what is left has nowhere to go
      return true;
    }
    const auto is_settled = [this](const auto& output) {
      return !output || (output->is_kept() && output->is_shown(console_.mode()));
    };
    if (retry_at_ || !records_.empty() || console_.waiting() > 0) return false;
    if (!std::ranges::all_of(outputs_, is_settled)) return false;
    const bool none = std::ranges::none_of(outputs_, [](const auto& output) { return output != nullptr; });
    if (finishing_ || none) {
      store_.close();
      if (!gone_) gone();
      (void)answer(protocol::encode_finished());
      parts_.channel.close();
      finishing_ = false;
    }
    return none;
  }

  std::optional<Duration> time_left() const {
    Instant next = Instant::max();
    if (retry_at_) next = std::min(next, *retry_at_);
    if (unsynced_since_) next = std::min(next, after(*unsynced_since_, parts_.settings.sync_interval));
    next = std::min(next, console_.deadline());
    if (next == Instant::max()) return std::nullopt;
    return std::max(next - os::now(), Duration{0});
  }

  JournalWriterParts& parts_;
  os::Poller poller_;
  JournalStore store_;
  JournalRecords records_;
  JournalConsole console_;
  JournalSockets sockets_;
  std::vector<char> window_;
  std::vector<std::unique_ptr<JournalOutput>> outputs_;  ///< by slot
  std::vector<bool> watched_;
  std::vector<bool> not_taken_;     ///< its spool takes no more now
  std::deque<std::uint64_t> done_;  ///< ids of streams, to be told
  std::string datagram_;
  std::vector<protocol::JournalQuestion> questions_;  ///< at most kMostMessages
  EndedWords ended_;
  Instant now_{};
  std::optional<Instant> retry_at_;  ///< something is in the way
  std::optional<Instant> unsynced_since_;
  std::uint64_t dropped_ = 0;          ///< lines that are not told of
  std::uint64_t telling_dropped_ = 0;  ///< and those that are about to be
  int last_tries_ = 0;
  int status_ = 0;
  bool told_ = false;  ///< what is in the way
  bool well_ = false;  ///< and that nothing is; the first time for what stopped an earlier writer
  bool critical_ = false;
  bool added_ = false;
  bool finishing_ = false;
  bool gone_ = false;
};

}  // namespace

int journal_writer_main(void* argument) {
  auto& parts = *static_cast<JournalWriterParts*>(argument);
  os::keep_freed_memory(kKeptMemory);
  auto poller = os::Poller::create(kMostReady);
  if (!poller) {
    (void)parts.channel.send(protocol::encode_trouble(to_string(poller.error())));
    return 1;
  }
  return JournalWriter(parts, std::move(*poller)).run();
}

}  // namespace gatevisor::app
