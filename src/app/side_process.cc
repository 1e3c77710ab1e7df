#include "app/side_process.h"

#include "exec/child.h"
#include "os/children.h"
#include "os/invocation.h"

namespace gatevisor::app {

SideProcess::End SideProcess::collect(WaitStatus status) {
  End end{status, ""};
  exec::ChildFailure failure{};
  if (os::read_message(exec_pipe_, &failure, sizeof failure) == os::Message::Whole) {
    end.problem = std::string(to_string(failure.step)) +
                  to_string(Error{"", "", failure.code, ""});
  }
  os::reap(child_.pid);
  *this = SideProcess();
  return end;
}

void SideProcess::kill(const os::ProcessMaker& maker) const {
  // Before its setsid(2) it has no group of its own.
  if (child_.pid != 0 && !os::signal_group(child_.pid, os::kKillSignal)) {
    (void)maker.signal(child_, os::kKillSignal);
  }
}

}  // namespace gatevisor::app
