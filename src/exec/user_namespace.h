// PrivateUsers=: a user namespace of the service's own.
#pragma once

namespace gatevisor::exec {

/// Two ids that may be one: gatevisor's and the service's.
struct OwnIds {
  unsigned first;
  unsigned second;
};

/// The caller enters a new one (user_namespaces(7)) in which these ids are what they are outside;
/// all others are nobody's, and nobody sets groups. The caller has the first uid. Between clone and
/// execve; makes a process of its own meanwhile and reaps it. 0 or an errno.
int enter_user_namespace(OwnIds uids, OwnIds gids);

/// Whether a child of this process may do that. 0, or the errno of what was refused.
int try_user_namespace();

}  // namespace gatevisor::exec
