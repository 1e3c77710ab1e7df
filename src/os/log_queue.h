// The datagrams that come to a log socket, on their way to somewhere else.
//
// Who takes one out of the socket and is killed takes it along. So it is looked at (MSG_PEEK) into
// memory that outlives this process, its inbox, and only then taken out. How many were taken stands
// there, too, and the kernel itself has the last word on it: recvmsg(2) tells its flags in there in
// the same call that takes the datagram, which a signal does not divide.
#pragma once

#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "gatevisor/error.h"
#include "os/unique_fd.h"

namespace gatevisor::os {

/// As the kernel says it.
struct LogSender {
  int pid = 0;  ///< 0 where it is in none of our pid namespaces
  unsigned uid = 0;
  unsigned gid = 0;
  std::uint64_t realtime_usec = 0;  ///< when it was sent
};

/// Zero at first.
struct LogInbox {
  static constexpr std::size_t kMostItems = 256;
  static constexpr std::size_t kBytes = std::size_t{256} << 10;
  struct Item {
    std::uint64_t begin;
    std::uint64_t size;
    LogSender sender;
  };
  std::uint64_t turns;  ///< twice the number of all that were taken; odd: one more is being taken
  msghdr message;       ///< and here is told whether it was
  std::uint64_t done;   ///< so many of them are not in here any more
  std::array<Item, kMostItems> items;
  std::array<char, kBytes> bytes;
};

class LogQueue {
 public:
  /// What is longer is not read: the process's memory is not the sender's to fill.
  static constexpr std::size_t kMostBytes = std::size_t{16} << 20;

  /// A socket of os/log_socket.h, from another process. `inbox` outlives it; no two of one socket
  /// live at a time. `files`: a datagram may be an open file in memory (memfd_create(2)).
  LogQueue(UniqueFd fd, LogInbox& inbox, bool files);

  int fd() const { return fd_.get(); }

  struct Datagram {
    std::uint64_t number = 0;  ///< counted from 1
    LogSender sender;
    /// Good until the next call. Empty where it is nothing that can be read.
    std::string_view bytes;
  };

  /// Into an empty inbox, as much as there is and fits; nothing into another one. Never blocks.
  Expected<void> collect();
  std::size_t count() const;
  Datagram at(std::size_t item) const;
  /// What is in the inbox is where it belongs.
  void clear();

  /// With an empty inbox: the first that waits and does not fit there, a file or a long one. It
  /// stays in the socket until take_odd(). nullopt: collect() has met none.
  Expected<std::optional<Datagram>> odd();
  Expected<void> take_odd();

 private:
  struct Received;
  Expected<std::optional<Received>> receive(std::span<char> into);
  std::string_view read_file(int fd);
  std::uint64_t taken() const;
  Expected<void> take();

  UniqueFd fd_;
  LogInbox& inbox_;
  bool files_;
  bool odd_waits_ = false;
  std::string buffer_;  ///< of an odd one
};

}  // namespace gatevisor::os
