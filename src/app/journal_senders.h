// Who has sent an entry to a log socket: the fields that are known for certain, beside those that
// the sender gives.
//
// From the kernel's credentials, from /proc as long as the process is there, and from what the
// writer has been told of invocations and streams: a process in the cgroup of one is of its unit. Without
// cgroups it is one that descends from a process that gatevisor has started.
// systemd.journal-fields(7).
#pragma once

#include <deque>
#include <span>
#include <string>
#include <vector>

#include "gatevisor/time.h"
#include "journal/writer.h"
#include "os/log_queue.h"
#include "protocol/journal_stream.h"

namespace gatevisor::app {

struct JournalSender {
  journal::CommonFields fields;
  unsigned most_level = 7;  ///< what is above it is not kept (LogLevelMax=)
  // For the console.
  std::string unit;        ///< its name; empty: it is of none that gatevisor has started
  std::string invocation;
  std::string comm;
};

class JournalSenders {
 public:
  /// What was read is good for so long, as in journald: a process may change its name or its
  /// cgroup.
  static constexpr Duration kFresh = std::chrono::seconds{1};
  /// Senders that are remembered, and processes that gatevisor has started.
  static constexpr std::size_t kMost = 256;

  /// `host`: fields that each entry has.
  explicit JournalSenders(std::span<const std::string> host) : host_(host.begin(), host.end()) {}

  /// A process that gatevisor has started; where its pid is 0, an invocation.
  void learn(const protocol::JournalStream& stream);
  /// Good until the next call.
  JournalSender& of(const os::LogSender& sender, Instant now);

 private:
  struct Known {
    int pid = 0;
    std::string name;  ///< of its unit
    std::string invocation;
    std::string cgroup;  ///< as _SYSTEMD_CGROUP= has it; empty: none
    std::string comm;
    unsigned most_level = 7;
    std::vector<std::string> process;  ///< fields of this one
    std::vector<std::string> unit;     ///< fields of all in its unit
  };
  struct Remembered {
    int pid;
    unsigned uid;
    unsigned gid;
    Instant until;
    JournalSender sender;
  };
  const Known* in_cgroup(std::string& path) const;
  const Known* started(int pid) const;
  const Known* descends_from(int pid) const;
  JournalSender look(const os::LogSender& sender) const;

  std::vector<std::string> host_;
  std::deque<Known> known_;  ///< the last one first
  std::deque<Remembered> remembered_;
};

}  // namespace gatevisor::app
