// RuntimeDirectory= and its like: prepared in the parent, made by the child while it is root still.
//
// Never follows a symbolic link below a base: what is in a directory belongs to the service's user,
// who may put there what he likes.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "gatevisor/directories.h"
#include "gatevisor/error.h"
#include "gatevisor/exec_step.h"

namespace gatevisor::exec {

struct PreparedDirectory {
  DirectoryKind kind = DirectoryKind::Runtime;
  std::string base;  ///< absolute
  std::string name;  ///< below it
  unsigned mode = 0755;
  struct Link {
    std::string name;    ///< below the base
    std::string target;  ///< relative to where the link is
  };
  std::vector<Link> links;
};

struct DirectoryPlan {
  std::vector<PreparedDirectory> all;  ///< parents first
  bool set_owner = false;
  unsigned uid = 0;
  unsigned gid = 0;
  RuntimePreserve preserve = RuntimePreserve::No;
};

/// Error: a kind that has no base here ('set XDG_RUNTIME_DIR').
Expected<DirectoryPlan> prepare_directories(const DirectorySettings& settings,
                                            const DirectoryBases& bases, unsigned uid,
                                            unsigned gid);

/// 'RUNTIME_DIRECTORY=/run/a:/run/b' and its like, of those that there are.
std::vector<std::string> directory_environment(const DirectoryPlan& plan);

struct DirectoryFailure {
  ExecStep step;
  int code;  ///< errno
};

/// In the child; allocates nothing. nullopt: all are there. ELOOP, ENOTDIR: something else has the
/// place of a directory; EEXIST: of a link.
std::optional<DirectoryFailure> make_directories(const DirectoryPlan& plan);

/// Opens a base, made with its parents where a small container does not have it: its own path is
/// the administrator's and may have links in it. In the child too. -1: errno tells why.
int open_base(const char* path);

/// Opens `name` below the open directory `base`, component by component, through no symbolic link.
/// `make`: what is missing is made, with 0755. In the child too. -1: errno tells why.
int open_below(int base, const char* name, bool make);

}  // namespace gatevisor::exec
