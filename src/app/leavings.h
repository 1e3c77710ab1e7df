// What an invocation leaves on the file system: its runtime directories and credentials.
//
// They are out of the way at once, so that the next invocation finds none of them; a helper
// process removes them while gatevisor goes on.
#pragma once

#include <vector>

#include "exec/credentials.h"
#include "exec/directories.h"
#include "os/remove_tree.h"

namespace gatevisor::app {

class Leavings {
 public:
  /// At the end of an invocation, when none of its processes is left (action::Release). Does not
  /// wait for the removal.
  Expected<void> release(const exec::DirectoryPlan& directories,
                         const exec::CredentialPlan& credentials);
  /// At the end of the service, when nothing else is left to be done (action::Exit): removes what
  /// RuntimeDirectoryPreserve=restart has kept, and waits for it and for the helper, which lives in
  /// gatevisor's cgroup.
  void end(const exec::DirectoryPlan& directories);
  /// The helper's, which is no process of the service; 0: there is none.
  int pid() const { return pid_; }
  /// This child is reaped.
  void reaped(int pid) {
    if (pid == pid_) pid_ = 0;
  }

 private:
  Expected<void> set_aside(const std::string& base, const std::string& name);
  Expected<void> set_runtime_aside(const exec::DirectoryPlan& directories);
  static int remove_all(void* leavings);

  std::vector<os::SetAside> aside_;  ///< also what an earlier helper may not be through with
  int pid_ = 0;
};

}  // namespace gatevisor::app
