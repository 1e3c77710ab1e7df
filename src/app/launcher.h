// What each process of a service is started with.
//
// Owns what is looked up once (the user, the capabilities, gatevisor's own environment) and makes a
// plan for each process from it. The main process's is kept where no respawn can change it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "app/refusal.h"
#include "exec/plan.h"
#include "exec/private_tmp.h"
#include "gatevisor/settings.h"
#include "os/ipc.h"

namespace gatevisor::app {

class Launcher {
 public:
  /// Everything that can be refused before anything runs is. `tmp`: what PrivateTmp= has made.
  /// `first`: nothing runs before it that could bring its program. What the user allowed to be
  /// missing becomes a warning.
  static OrRefusal<Launcher> make(const ServiceSettings& settings, const exec::PrivateTmpPaths& tmp,
                                  bool first, std::vector<Error>& warnings);

  /// '@…' for $NOTIFY_SOCKET of the processes that may use it.
  void set_notify_socket(const std::string& address) {
    notify_socket_ = address;
    keep_main_ = false;
  }

  const exec::DirectoryPlan& directories() const { return surroundings_.directories; }
  /// Delegate=: whose the cgroup of an invocation is.
  unsigned uid() const;
  unsigned gid() const;
  /// Whose IPC objects go when an invocation has ended (RemoveIPC=); nullopt: nobody's.
  const std::optional<os::IpcOwner>& ipc_owner() const { return ipc_owner_; }
  const exec::CredentialPlan& credentials() const { return surroundings_.credentials; }

  /// ExecStart= number `index`. Error: the program or an environment file is not there.
  Expected<const exec::Plan*> main(std::size_t index, const std::string& invocation,
                                   const std::vector<std::string>& variables);
  /// Of a probe or a hook: beside the main process, and without a say in $NOTIFY_SOCKET.
  Expected<exec::Plan> beside(const Command& command, const std::string& invocation,
                              const std::vector<std::string>& variables) const;
  Expected<exec::Plan> command(CommandKind kind, std::size_t index, const std::string& invocation,
                               const std::vector<std::string>& variables) const;

 private:
  /// What a process is to the unit.
  enum class Role : std::uint8_t {
    Main,
    Command,  ///< ExecStartPre= and its like
    Beside    ///< a probe's command, or a hook: it says nothing of the unit
  };
  OrRefusal<exec::Plan> plan(const Command& command,
                             const std::vector<std::string>& variables) const;
  Expected<exec::Plan> plan_as(Role role, const Command& command, const std::string& invocation,
                               const std::vector<std::string>& variables) const;
  std::vector<std::string> own_variables(const std::string& invocation, Role role) const;
  Expected<void> prepare_files();
  bool is_constant(const Command& command) const;

  ServiceSettings settings_;
  std::optional<exec::Identity> identity_;
  std::optional<os::IpcOwner> ipc_owner_;
  exec::Surroundings surroundings_;
  std::string notify_socket_;
  bool may_mount_ = false;          ///< CAP_SYS_ADMIN
  std::optional<exec::Plan> main_;  ///< of the first ExecStart=, or the last one that was made
  bool keep_main_ = false;
};

}  // namespace gatevisor::app
