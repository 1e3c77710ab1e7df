// What the journal says of a process beside each line of its output.
#pragma once

#include <string>

#include "exec/plan.h"
#include "gatevisor/settings.h"
#include "protocol/journal_stream.h"

namespace gatevisor::app {

struct OutputOf {
  int pid;
  const std::string& invocation;
  std::string cgroup;  ///< below the mount, without a leading slash; may be empty
  bool is_error;
};

/// systemd.journal-fields(7), as far as it is known when the process is made: what is executed, and as
/// whom. Its children's lines are told as its own.
protocol::JournalStream journal_stream(const ServiceSettings& settings, const exec::Plan& plan,
                                       const OutputOf& of);

}  // namespace gatevisor::app
