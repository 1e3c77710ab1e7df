// Users and groups from /etc/passwd and /etc/group.
//
// Read with fgetpwent(3) and fgetgrent(3): the name service switch (LDAP, systemd-homed) loads
// shared objects, which a static binary cannot.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gatevisor/error.h"

namespace gatevisor::os {

struct User {
  unsigned uid = 0;
  unsigned gid = 0;
  std::string name;   ///< empty where a number has no entry
  std::string home;   ///< likewise
  std::string shell;  ///< likewise
};

/// `name_or_number`; a number without an entry is itself, with gid equal to uid.
/// Error: no such user (ENOENT), the file cannot be read.
Expected<User> find_user(const std::string& name_or_number);

Expected<unsigned> find_group(const std::string& name_or_number);

/// False for those that let nobody in (/usr/sbin/nologin, /bin/false and their like): systemd
/// leaves SHELL unset for them.
bool is_login_shell(std::string_view shell);

/// The groups that list `user` as a member, as initgroups(3) would; `gid` is the first.
Expected<std::vector<unsigned>> groups_of(const std::string& user, unsigned gid);

}  // namespace gatevisor::os
