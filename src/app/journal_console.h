// A service's output on gatevisor's own standard output and standard error, from the journal writer.
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

namespace gatevisor::app {

class JournalConsole {
 public:
  static constexpr Duration kPatience = std::chrono::seconds{5};
  /// 0 is standard output, 1 standard error.
  static constexpr std::size_t kOutputs = 2;

  explicit JournalConsole(ConsoleMode mode) : mode_(mode) {}

  ConsoleMode mode() const { return mode_; }

  /// What of `text` is done with, from its start.
  std::size_t offer(std::size_t output, std::string_view text, Instant now);
  /// Something was offered and not taken: to be offered again when fd() is writable, or at the
  /// deadline.
  bool waits(std::size_t output) const { return outputs_[output].since.has_value(); }
  Instant deadline(std::size_t output) const;
  int fd(std::size_t output) const { return outputs_[output].out.fd(); }

 private:
  struct Output {
    explicit Output(int fd) : out(fd) {}
    os::ConsoleOut out;
    std::optional<Instant> since;  ///< nothing was taken
    std::uint64_t skipped = 0;     ///< bytes
  };

  ConsoleMode mode_;
  std::array<Output, kOutputs> outputs_{Output(1), Output(2)};
};

}  // namespace gatevisor::app
