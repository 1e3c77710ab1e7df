// One death and its verdict, for the tests of both.
#pragma once

#include "core/death.h"
#include "core_testing.h"
#include "fake_cgroups.h"

namespace gatevisor::core {

/// A life of 40 s that began before anything in `groups` happened, and ends with `status`.
inline Death death_by(WaitStatus status, const FakeCgroups& groups = FakeCgroups()) {
  Death death;
  death.pid = 42;
  death.invocation = "0123456789abcdef0123456789abcdef";
  death.started = at(100s);
  death.ended = at(140s);
  death.status = status;
  death.baseline = FakeCgroups(groups.rung(), groups.pids()).baseline();
  death.after = groups.now();
  return death;
}

inline const WaitStatus kKilled = WaitStatus::killed(SIGKILL);

inline Verdict judged(const Death& death) { return judge(death, loop_settings()); }

}  // namespace gatevisor::core
