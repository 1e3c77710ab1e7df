// What goes to the journal: gatevisor's records and the outputs of services; and the life of the
// writer that takes both.
//
// Owns the writer process, the records that it has not acknowledged yet, within bounds (what does
// not fit is dropped and counted), and copies of both descriptors of each output that is not all
// written and of the log sockets: a new writer goes on from them. Reads no byte of an output or of
// a socket. Never waits, but for a moment at the very end.
#pragma once

#include <array>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "app/journal_account.h"
#include "gatevisor/console_mode.h"
#include "gatevisor/last_words.h"
#include "gatevisor/log_settings.h"
#include "gatevisor/log_socket_kind.h"
#include "gatevisor/record.h"
#include "os/channel.h"
#include "os/event_loop.h"
#include "os/log_socket.h"
#include "os/shared_memory.h"
#include "os/spool.h"
#include "protocol/journal_stream.h"

namespace gatevisor::app {

/// Where services may log beside their outputs; one of a kind at most.
struct JournalListener {
  LogSocketKind kind;
  os::LogSocket socket;
};

struct JournalOptions {
  std::string directory;  ///< empty: no journal
  ConsoleMode console = ConsoleMode::Pass;
  JournalSettings settings;
  std::vector<JournalListener> listeners;
};

/// Where a process that is to be made may write. Its own ends are closed with this.
struct NewOutput {
  os::UniqueFd write;
  os::UniqueFd read;
  os::Spool spool;
  explicit operator bool() const { return static_cast<bool>(write); }
};

/// The answer to a question. Without words: nothing was said that is known, or no answer came.
struct KnownWords {
  std::uint64_t question;
  std::optional<LastWords> last_words;
};

class JournalSink {
 public:
  static constexpr std::size_t kMostPending = std::size_t{256} << 10;  ///< bytes
  /// A writer that ends is followed by another one at once, but never by more than these in that
  /// time: one that ends for a reason of its own will do so again.
  static constexpr std::size_t kStartBurst = 5;
  static constexpr Duration kStartInterval = std::chrono::seconds{1};
  static constexpr int kFinishMs = 5000;
  static constexpr int kFinishWriters = 3;  ///< one after the other, where they are ended
  /// The writer answers at once, unless the machine has no time for it: the verdict does not wait.
  static constexpr Duration kAnswerWithin = std::chrono::milliseconds{500};

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

  /// Whether what is sent to log sockets has to be attributed.
  bool has_listeners() const { return !options_.listeners.empty(); }
  /// Before its first process is there: what the journal says of an invocation, and its cgroup.
  /// `stream`: of no process.
  void add_invocation(protocol::JournalStream stream, Instant now);

  /// Asks the writer what an invocation said at its end; the number of the question. 0: there is
  /// nobody who could know.
  std::uint64_t ask_last_words(const std::string& invocation, Instant now);
  /// The invocations whose awaited line has come, since the last call.
  std::vector<std::string> take_lines_seen() { return std::exchange(lines_seen_, {}); }
  /// Questions that were answered, or that nobody will answer any more.
  std::vector<KnownWords> take_answers(Instant now);

  /// os::Source::Journal is ready. What the writer has to say, if it is worth telling.
  std::optional<Error> ready();
  /// Whether it was the writer that ended; then it is started again.
  bool ended(int pid, Instant now);
  /// When a writer that did not last is to be started again, or a question is given up.
  Instant deadline() const;
  void start_if_due(Instant now);
  /// Why it cannot be written to now; empty: nothing is in the way that is known.
  const std::string& trouble() const { return trouble_; }
  /// What writers have done so far.
  JournalCounts counts() const;
  /// 0: none runs.
  int pid() const { return pid_; }
  /// gatevisor ends: lets the writer write what there is, for at most kFinishMs. What is left then.
  std::optional<Error> finish();

 private:
  struct Pending {
    std::uint64_t number;
    std::string bytes;
  };
  struct Question {
    std::uint64_t id;
    Instant due;
  };
  struct Output {
    os::UniqueFd read;
    os::Spool spool;
    std::string bytes;  ///< its description, as it is sent
    std::string invocation;
    std::uint32_t slot;
  };
  struct Invocation {
    std::string id;
    std::string bytes;  ///< as it is sent
    bool sent = false;  ///< to this writer
  };
  void flush();
  os::Channel::Sent send_listeners();
  os::Channel::Sent send_invocations();
  bool is_all_sent() const;
  void finish_writer(Instant deadline, std::optional<Error>& trouble);
  Instant may_start() const { return starts_[next_start_]; }
  void watch(bool writable);
  void drop_channel();
  std::optional<std::uint32_t> free_slot() const;

  JournalOptions options_;
  std::string run_id_;
  os::EventLoop& loop_;
  os::SharedMemory memory_;
  os::Channel channel_;
  int pid_ = 0;
  std::array<Instant, kStartBurst> starts_{};  ///< when each may be followed by one more
  std::size_t next_start_ = 0;
  std::deque<Pending> pending_;
  std::size_t pending_bytes_ = 0;
  std::size_t sent_ = 0;  ///< of pending_, to this writer
  std::map<std::uint64_t, Output> outputs_;  ///< by id
  std::uint64_t last_output_ = 0;
  std::uint64_t sent_output_ = 0;  ///< the last one that this writer has got
  std::size_t sent_listeners_ = 0;  ///< to this writer
  std::map<std::string, Invocation> invocations_;  ///< each unit's last one
  std::uint64_t next_number_ = 1;
  std::uint64_t dropped_ = 0;
  std::string trouble_;
  std::uint64_t last_question_ = 0;
  std::vector<Question> questions_;  ///< not answered yet
  std::vector<std::string> lines_seen_;
  std::vector<KnownWords> answers_;
  bool watching_writable_ = false;
  bool finished_ = false;  ///< the writer has said so
};

}  // namespace gatevisor::app
