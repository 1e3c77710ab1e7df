// What goes to the journal: gatevisor's records and the outputs of services; and the life of the
// writer that takes both.
//
// Owns the writer process, the records that it has not acknowledged yet, within bounds (what does not
// fit is dropped and counted), and copies of both descriptors of each output that is not all written:
// a new writer goes on from them. Reads no byte of an output. Never waits, but for a moment at the
// very end.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>

#include "app/journal_account.h"
#include "gatevisor/console_mode.h"
#include "gatevisor/log_settings.h"
#include "gatevisor/record.h"
#include "os/channel.h"
#include "os/event_loop.h"
#include "os/shared_memory.h"
#include "os/spool.h"
#include "protocol/journal_stream.h"

namespace gatevisor::app {

struct JournalOptions {
  std::string directory;  ///< empty: no journal
  ConsoleMode console = ConsoleMode::Pass;
  JournalSettings settings;
};

/// Where a process that is to be made may write. Its own ends are closed with this.
struct NewOutput {
  os::UniqueFd write;
  os::UniqueFd read;
  os::Spool spool;
  explicit operator bool() const { return static_cast<bool>(write); }
};

class JournalSink {
 public:
  static constexpr std::size_t kMostPending = std::size_t{256} << 10;  ///< bytes
  static constexpr Duration kRestartAfter = std::chrono::seconds{1};
  static constexpr int kFinishMs = 5000;

  /// `loop` must outlive it. Without a directory nothing is done.
  JournalSink(JournalOptions options, os::EventLoop& loop);

  /// Starts the writer.
  Expected<void> start(Instant now);
  /// `unit`: the name of the one that it is about.
  void write(const Record& record, const std::string& unit, Instant now);

  /// For the output of a process; empty where no journal is written. `owner`: whom it runs as, if
  /// not as gatevisor. An error: it writes where gatevisor does.
  Expected<NewOutput> open_output(std::optional<unsigned> owner);
  /// The process is there. `stream`: all but its id and slot.
  void add_output(NewOutput output, protocol::JournalStream stream, Instant now);

  /// os::Source::Journal is ready. What the writer has to say, if it is worth telling.
  std::optional<Error> ready();
  /// Whether it was the writer that ended; then it is started again.
  bool ended(int pid, Instant now);
  /// When a writer that did not last is to be started again.
  Instant deadline() const;
  void start_if_due(Instant now);
  /// 0: none runs.
  int pid() const { return pid_; }
  /// gatevisor ends: lets the writer write what there is, for at most kFinishMs.
  void finish();

 private:
  struct Pending {
    std::uint64_t number;
    std::string bytes;
  };
  struct Output {
    os::UniqueFd read;
    os::Spool spool;
    std::string bytes;  ///< its description, as it is sent
    std::uint32_t slot;
  };
  void flush();
  bool is_all_sent() const;
  void watch(bool writable);
  void drop_channel();
  std::optional<std::uint32_t> free_slot() const;

  JournalOptions options_;
  std::string run_id_;
  os::EventLoop& loop_;
  os::SharedMemory memory_;
  os::Channel channel_;
  int pid_ = 0;
  Instant started_{};
  std::deque<Pending> pending_;
  std::size_t pending_bytes_ = 0;
  std::size_t sent_ = 0;  ///< of pending_, to this writer
  std::map<std::uint64_t, Output> outputs_;  ///< by id
  std::uint64_t last_output_ = 0;
  std::uint64_t sent_output_ = 0;  ///< the last one that this writer has got
  std::uint64_t next_number_ = 1;
  std::uint64_t dropped_ = 0;
  bool working_ = false;  ///< this writer has said so
  bool watching_writable_ = false;
};

}  // namespace gatevisor::app
