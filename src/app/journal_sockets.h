// The log sockets of the journal writer, all of them: when each is read, and when no more.
#pragma once

#include <array>
#include <optional>
#include <string_view>
#include <vector>

#include "app/journal_socket.h"
#include "os/poller.h"

namespace gatevisor::app {

class JournalSockets {
 public:
  /// What is to be in the journal before something else has an end, though more came all the time.
  static constexpr int kMostTurns = 64;

  /// All of them outlive it. `first_key`: in the poller, for kLogSockets.
  JournalSockets(JournalStore& store, JournalMemory& memory, os::Poller& poller,
                 std::uint64_t first_key, JournalConsole& console);

  /// One that gatevisor has made. `kind`: as it came, a LogSocketKind or not.
  void add(std::string_view kind, std::vector<os::UniqueFd>& fds);
  void learn(const protocol::JournalStream& stream) { senders_.learn(stream); }
  /// False: it is none of the poller's keys here.
  bool note_ready(std::uint64_t key);

  /// Appends what waits; `all`: whether it was told to be there or not.
  Expected<void> keep(bool all, Instant now);
  /// Gives up what waits; how many entries.
  std::uint64_t drop();
  bool take_critical();
  /// Waits for more, or not.
  void watch(bool wanted);
  /// Takes what waits, the last of it, and no more: who sends now is told.
  Expected<void> finish(Instant now);

 private:
  struct Place {
    std::optional<JournalSocket> socket;
    bool watched = false;
    bool ready = false;  ///< something waits, as far as is known
  };

  JournalStore& store_;
  JournalMemory& memory_;
  os::Poller& poller_;
  const std::uint64_t first_key_;
  JournalConsole& console_;
  JournalSenders senders_;
  std::array<Place, kLogSockets> places_;
};

}  // namespace gatevisor::app
