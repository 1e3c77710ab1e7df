// The journal writer: a process of its own, so that no disk ever makes PID 1 wait.
//
// It gets gatevisor's records and the outputs of services over a channel, appends them to journal
// files, shows the outputs, and tells what is done. What it cannot write it tries again; until then
// records wait here and outputs in their pipes. Killed at any moment, it leaves all that a new one
// needs to go on: bytes in pipes and spools, and the account of how far it had got.
//
// It answers as protocol/journal_answer has it; what is in the way is told once, until something is
// written again. It outlives gatevisor until nobody writes to the outputs any more.
#pragma once

#include <string>

#include "app/journal_account.h"
#include "gatevisor/console_mode.h"
#include "gatevisor/log_settings.h"
#include "os/channel.h"

namespace gatevisor::app {

struct JournalWriterParts {
  os::Channel channel;
  std::string directory;
  /// 32 hexadecimal digits, of this run of gatevisor: the id of its sequence numbers.
  std::string run_id;
  int owner_pid = 0;  ///< gatevisor's, for _PID=
  JournalSettings settings;
  ConsoleMode console = ConsoleMode::Pass;
  JournalMemory* memory = nullptr;  ///< shared by all writers of the run
  bool log_sockets = false;         ///< some will come over the channel
};

/// The exit status.
int journal_writer_main(void* parts);

}  // namespace gatevisor::app
