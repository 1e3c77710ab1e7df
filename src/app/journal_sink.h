// gatevisor's records to the journal writer, and the writer's life.
//
// Owns the writer process and what it has not acknowledged yet, within bounds: what does not fit is
// dropped and counted. Never waits, but for a moment at the very end.
#pragma once

#include <deque>
#include <optional>
#include <string>

#include "gatevisor/record.h"
#include "os/channel.h"
#include "os/event_loop.h"

namespace gatevisor::app {

class JournalSink {
 public:
  static constexpr std::size_t kMostPending = std::size_t{256} << 10;  ///< bytes
  static constexpr Duration kRestartAfter = std::chrono::seconds{1};
  static constexpr int kFinishMs = 2000;

  /// `loop` must outlive it. An empty directory: no journal, and nothing is done.
  JournalSink(std::string directory, os::EventLoop& loop);

  /// Starts the writer.
  Expected<void> start(Instant now);
  /// `unit`: the name of the one that it is about.
  void write(const Record& record, const std::string& unit, Instant now);
  /// os::Source::Journal is ready. What the writer has to say, if it is worth telling.
  std::optional<Error> ready();
  /// Whether it was the writer that ended; then it is started again.
  bool ended(int pid, Instant now);
  /// 0: none runs.
  int pid() const { return pid_; }
  /// gatevisor ends: lets the writer end too, for at most kFinishMs.
  void finish();

 private:
  struct Pending {
    std::uint64_t number;
    std::string bytes;
  };
  void flush();
  void watch(bool writable);
  void drop_channel();

  std::string directory_;
  std::string run_id_;
  os::EventLoop& loop_;
  os::Channel channel_;
  int pid_ = 0;
  Instant started_{};
  std::deque<Pending> pending_;
  std::size_t pending_bytes_ = 0;
  std::size_t sent_ = 0;  ///< of pending_, to this writer
  std::uint64_t next_number_ = 1;
  std::uint64_t dropped_ = 0;
  bool watching_writable_ = false;
};

}  // namespace gatevisor::app
