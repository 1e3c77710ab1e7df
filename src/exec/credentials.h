// $CREDENTIALS_DIRECTORY: prepared in the parent, filled by the child while it is root still.
//
// On a file system of its own that is never swapped (ramfs), in a mount namespace of the service's
// own, where CAP_SYS_ADMIN allows that; else a directory like any other. Either way its mode is
// 0500, its files' is 0400, and both are the user's.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "exec/directories.h"
#include "gatevisor/credentials.h"

namespace gatevisor::exec {

struct CredentialPlan {
  struct Load {
    std::string id;
    std::vector<std::string> paths;  ///< the first that is there counts
    bool optional = false;           ///< none need be
  };
  std::string base;  ///< absolute
  std::string name;  ///< below it; empty: there are no credentials
  std::string path;  ///< both
  std::vector<Load> load;
  std::vector<SetCredential> set;
  bool mount = false;
  bool set_owner = false;
  unsigned uid = 0;
};

/// `unit`: 'gw.service'. `own_directory`: $CREDENTIALS_DIRECTORY of gatevisor itself, or empty.
/// `mount`: CAP_SYS_ADMIN is there. Error: no base here, or what is named is a socket.
Expected<CredentialPlan> prepare_credentials(const CredentialSettings& settings,
                                             const DirectoryBases& bases, const std::string& unit,
                                             const std::string& own_directory, unsigned uid,
                                             bool mount);

/// In the child; allocates nothing. 0, or an errno: ENOENT where one is not there, E2BIG above
/// kMaxCredentials. What the files hold is read here, anew for each invocation.
int make_credentials(const CredentialPlan& plan);

}  // namespace gatevisor::exec
