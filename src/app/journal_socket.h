// A log socket in the journal writer: datagrams that processes send, on their way to the journal.
//
// A datagram stays in the socket or in its inbox until all of its entries are in the journal's
// file; which of them are is in the account, which changes together with the file. Killed at any
// moment, it leaves each entry waiting or in the journal, and the next writer knows which.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "app/journal_console.h"
#include "app/journal_senders.h"
#include "app/journal_store.h"
#include "gatevisor/log_socket_kind.h"
#include "os/clock.h"
#include "os/log_queue.h"

namespace gatevisor::app {

class JournalSocket {
 public:
  /// All of them outlive it.
  JournalSocket(LogSocketKind kind, os::UniqueFd fd, JournalStore& store, JournalMemory& memory,
                JournalSenders& senders, JournalConsole& console);

  int fd() const { return queue_.fd(); }

  /// Appends some of what waits, and commits. False: no more of it is known to wait.
  Expected<bool> keep(const os::JournalTimes& times, Instant now);
  /// Gives up some of what waits; how many entries that is.
  std::uint64_t drop();
  /// An entry of level 2 or below has been kept since the last call.
  bool take_critical() { return std::exchange(critical_, false); }

 private:
  class Reader;

  Expected<void> keep(const os::LogQueue::Datagram& datagram, const os::JournalTimes& times,
                      Instant now);
  Expected<void> append(const Reader& reader, const os::LogSender& sender,
                        const os::JournalTimes& times, const JournalStore::Mark& mark,
                        JournalSender& from, Instant now);
  void say(const Reader& reader, const os::LogSender& sender, const JournalSender& from,
           Instant now);
  Expected<void> commit();
  void forget_said();
  std::uint64_t entries_done(std::uint64_t number) const;
  std::uint64_t entries_left(const os::LogQueue::Datagram& datagram) const;
  std::size_t index() const { return static_cast<std::size_t>(kind_); }

  LogSocketKind kind_;
  os::LogQueue queue_;
  JournalStore& store_;
  JournalSenders& senders_;
  JournalConsole& console_;
  std::string saying_;        ///< of entries that are not in the journal for certain yet
  std::uint64_t unsaid_ = 0;  ///< entries of them that are too many
  bool critical_ = false;
};

}  // namespace gatevisor::app
