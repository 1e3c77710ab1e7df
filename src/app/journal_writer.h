// The journal writer: a process of its own, so that no disk ever makes PID 1 wait.
//
// It gets records over a channel, appends them to a journal file, and acknowledges what is on the
// disk. What it cannot write it keeps and tries again, and reads no more until then.
//
// It answers as protocol/journal_record has it; what is in the way is told once, until something is
// written again.
#pragma once

#include <string>

#include "os/channel.h"

namespace gatevisor::app {

struct JournalWriterParts {
  os::Channel channel;
  std::string directory;
  /// 32 hexadecimal digits, of this run of gatevisor: the id of its sequence numbers. A record's
  /// number is its sequence number, so that a new writer knows what an earlier one has written.
  std::string run_id;
  int owner_pid = 0;  ///< gatevisor's, for _PID=
};

/// Until the channel's other end is closed and everything is written. The exit status.
int journal_writer_main(void* parts);

}  // namespace gatevisor::app
