// What the child will do, prepared whole in the parent.
//
// Everything that allocates is done here; between clone and execve the child only reads this.
#pragma once

#include <sys/resource.h>

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "exec/credentials.h"
#include "exec/mount_plan.h"
#include "exec/syscall_filter.h"
#include "gatevisor/error.h"
#include "gatevisor/settings.h"

namespace gatevisor::exec {

/// Whom the gateway runs as, looked up.
struct Identity {
  unsigned uid = 0;
  unsigned gid = 0;
  std::vector<unsigned> groups;
  std::string user;   ///< for $USER and $LOGNAME; may be empty
  std::string home;   ///< for $HOME and WorkingDirectory=~; may be empty
  std::string shell;  ///< for $SHELL; may be empty
};

/// What the parent knows of itself.
struct Surroundings {
  std::vector<std::string> environment;  ///< NAME=VALUE, gatevisor's own
  std::string working_directory;
  /// The command's words, their variables replaced by those of the whole environment.
  std::function<Expected<std::vector<std::string>>(const Command& command,
                                                   const std::vector<std::string>& environment)>
      expand_arguments;
  std::optional<int> oom_score_adj;  ///< what the gateway gets where no setting says otherwise
  std::optional<std::uint64_t> drop_bounding;  ///< of the bounding set; nullopt: nothing
  /// Of the unit, shared by all of its commands. nullptr: none.
  std::shared_ptr<const SyscallFilters> syscall_filters{};
  MountPlan namespaces{};                  ///< the same for the mounts
  MountPlan full_namespaces{};             ///< and for a command with '+'
  bool implied_no_new_privileges = false;  ///< by another setting
  DirectoryPlan directories{};             ///< of the unit
  CredentialPlan credentials{};            ///< of the unit
  bool system = false;  ///< gatevisor is root: defaults as those of a system service
};

class Plan {
 public:
  /// `identity`: nullopt where neither User= nor Group= asks for a change. `own_variables`:
  /// NAME=VALUE, what gatevisor tells this process; the unit's Environment= wins over them. Error:
  /// the command is not there, its words are too long with the variables in them.
  static Expected<Plan> make(const ExecSettings& settings, const Command& command,
                             std::optional<Identity> identity, const Surroundings& surroundings,
                             std::vector<std::string> file_environment,
                             const std::vector<std::string>& own_variables = {});
  Plan(Plan&&) = default;
  Plan& operator=(Plan&&) = default;

  /// 32 hexadecimal digits, for this invocation's $INVOCATION_ID.
  void set_invocation(const std::string& id);

  // What child.cc reads. Pointers into the storage below.
  std::string program;  ///< what execve(2) gets
  std::vector<char*> argv;
  std::vector<char*> envp;
  /// Where the child writes its own pid, in envp: room for ten digits and a NUL.
  std::vector<char*> pid_slots;
  std::optional<Identity> identity;
  std::optional<std::vector<unsigned>> groups;  ///< supplementary; nullopt: as they are
  std::optional<std::uint64_t> drop_bounding;  ///< capabilities to drop; nullopt: none
  std::uint64_t ambient = 0;
  unsigned umask = 0022;
  std::string working_directory;  ///< empty: as it is
  bool working_directory_optional = false;
  std::vector<std::pair<int, rlimit>> rlimits;
  std::string oom_score_adj;  ///< text; empty: as it is
  bool no_new_privileges = false;
  std::shared_ptr<const SyscallFilters> syscall_filters;  ///< nullptr: none
  bool ignore_sigpipe = false;
  SchedulingSettings scheduling;
  MountPlan namespaces;
  DirectoryPlan directories;
  CredentialPlan credentials;
  ProcessSettings process;
  KeyringMode keyring = KeyringMode::Inherit;
  std::array<unsigned char, 16> invocation{};
  StandardInput standard_input = StandardInput::Null;
  std::string input_path;
  std::string input_data;
  bool input_is_output = false;  ///< StandardOutput= names the same file
  bool input_is_error = false;   ///< StandardError= does
  StandardOutput standard_output;
  StandardOutput standard_error;
  bool die_with_parent = true;  ///< PR_SET_PDEATHSIG
  int parent_pid = 0;

 private:
  Plan() = default;

  std::vector<std::string> arguments_;
  std::vector<std::string> environment_;
  std::size_t invocation_slot_ = SIZE_MAX;
};

/// `name` where it has a slash, else the first executable file of that name in `path`; with
/// RootDirectory= in there. Where the service sees other files, a path is taken as it is.
/// Error: ENOENT or EACCES with the directories that were searched.
Expected<std::string> find_program(const std::string& name, const std::string& path,
                                   const std::string& working_directory,
                                   const MountSettings& mounts = {});

}  // namespace gatevisor::exec
