// How far a journal has got: what a new writer goes on from when the one before it was killed.
//
// In memory that gatevisor makes and never writes to: only writers do, one after the other.
#pragma once

#include <array>
#include <cstdint>

#include "journal/redo_log.h"
#include "os/log_queue.h"

namespace gatevisor::app {

/// More outputs are not kept at a time: of lives whose processes have outlived them, mostly.
inline constexpr std::size_t kMostStreams = 256;

/// Up to where a stream is done with. `id` tells whose number it is: slots are used again.
struct StreamPlace {
  std::uint64_t id = 0;
  std::uint64_t offset = 0;
};
using StreamPlaces = std::array<StreamPlace, kMostStreams>;

/// --journal-socket and --syslog-socket.
inline constexpr std::size_t kLogSockets = 2;

/// Changes together with the journal's file (journal/redo_log.h).
struct JournalAccount {
  std::uint64_t entries = 0;   ///< of this run; the last one's sequence number
  std::uint64_t records = 0;   ///< the number of the last of gatevisor's own
  std::uint64_t bytes = 0;     ///< of the lines among them, without their fields
  StreamPlaces streams{};      ///< in the journal
  /// Datagrams of each log socket: the number of the last one that has entries in the journal,
  /// counted from 1, and how many.
  std::array<StreamPlace, kLogSockets> datagrams{};
};

/// For whoever wants to know how much there was. gatevisor looks at it.
struct JournalCounts {
  std::uint64_t entries = 0;
  std::uint64_t bytes = 0;    ///< as JournalAccount has them
  std::uint64_t dropped = 0;  ///< lines
};

/// All of the memory.
struct JournalMemory {
  /// A commit's changes; the store's buffer is a quarter of it.
  static constexpr std::size_t kChanges = std::size_t{8} << 20;

  StreamPlaces shown{};    ///< on the console
  JournalCounts counts{};
  StreamPlaces dropped{};  ///< given up, because there was no room (JournalFull=drop)
  StreamPlaces awaited{};  ///< offset 1: the line that was awaited has come
  std::array<os::LogInbox, kLogSockets> inboxes{};  ///< of the log sockets
  alignas(8) std::array<std::byte, journal::RedoLog::memory_for(sizeof(JournalAccount), kChanges)>
      redo{};

  journal::RedoLog redo_log() { return {redo, sizeof(JournalAccount)}; }
};

}  // namespace gatevisor::app
