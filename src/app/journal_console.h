// A service's output on gatevisor's own standard output and standard error, from the journal
// writer.
//
// Owns both. Waits for a slow reader, and for one that takes nothing for kPatience no longer: what
// comes then is not shown, and counted. The journal never waits for it, but for what fits a spool.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "gatevisor/console_mode.h"
#include "gatevisor/time.h"
#include "os/console_out.h"
#include "os/poller.h"

namespace gatevisor::app {

class JournalConsole {
 public:
  static constexpr Duration kPatience = std::chrono::seconds{5};
  /// 0 is standard output, 1 standard error.
  static constexpr std::size_t kOutputs = 2;
  static constexpr std::size_t kSaid = 0;

  explicit JournalConsole(ConsoleMode mode) : mode_(mode) {}

  ConsoleMode mode() const { return mode_; }

  /// Text of nobody's stream, for standard output: kept here until it is done with.
  void say(std::string_view text) { said_ += text; }
  /// Offers it; once a reader takes something again, or a time-out is over.
  void show_said(Instant now);
  std::size_t waiting() const { return said_.size(); }

  /// What of `text` is done with, from its start; nothing while what was said before waits.
  std::size_t offer(std::size_t output, std::string_view text, Instant now);
  /// Has itself told by `poller` when what was offered and not taken may be offered again.
  /// `first_key`: its keys there, one for each output.
  void watch(os::Poller& poller, std::uint64_t first_key);
  /// When it is to be offered again in any case.
  Instant deadline() const;

 private:
  struct Output {
    explicit Output(int fd) : out(fd) {}
    os::ConsoleOut out;
    std::optional<Instant> since;  ///< nothing was taken
    std::uint64_t skipped = 0;     ///< bytes
    bool watched = false;
  };

  std::size_t give(std::size_t output, std::string_view text, Instant now);

  ConsoleMode mode_;
  std::string said_;
  std::array<Output, kOutputs> outputs_{Output(1), Output(2)};
};

}  // namespace gatevisor::app
