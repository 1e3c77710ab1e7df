#include "os/users.h"

#include <grp.h>
#include <pwd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <memory>
#include <optional>

namespace gatevisor::os {
namespace {

constexpr const char* kPasswd = "/etc/passwd";
constexpr const char* kGroup = "/etc/group";
constexpr std::size_t kMaxGroups = 65536;  // NGROUPS_MAX of limits.h

struct Close {
  void operator()(FILE* file) const { fclose(file); }
};
using File = std::unique_ptr<FILE, Close>;

std::optional<unsigned> as_number(const std::string& text) {
  unsigned number = 0;
  const char* end = text.data() + text.size();
  auto [stop, error] = std::from_chars(text.data(), end, number);
  // (uid_t) -1 means 'leave it' to setresuid(2) and names nobody.
  if (error != std::errc{} || stop != end || number == ~0U) return std::nullopt;
  return number;
}

}  // namespace

Expected<User> find_user(const std::string& name_or_number) {
  const auto number = as_number(name_or_number);
  if (File file{fopen(kPasswd, "re")}) {
    while (const passwd* entry = fgetpwent(file.get())) {
      if (number ? entry->pw_uid == *number : name_or_number == entry->pw_name) {
        return User{entry->pw_uid, entry->pw_gid, entry->pw_name, entry->pw_dir, entry->pw_shell};
      }
    }
  } else if (!number) {
    return fail("open", kPasswd, errno,
                "give the user as a number where there is no " + std::string(kPasswd));
  }
  if (number) return User{*number, *number, {}, {}, {}};
  return fail("", "User=" + name_or_number + ": no such user in " + kPasswd, 0,
              "create it, or give its number");
}

Expected<unsigned> find_group(const std::string& name_or_number) {
  if (const auto number = as_number(name_or_number)) return *number;
  File file{fopen(kGroup, "re")};
  if (!file) {
    return fail("open", kGroup, errno,
                "give the group as a number where there is no " + std::string(kGroup));
  }
  while (const group* entry = fgetgrent(file.get())) {
    if (name_or_number == entry->gr_name) return entry->gr_gid;
  }
  return fail("", "Group=" + name_or_number + ": no such group in " + kGroup, 0,
              "create it, or give its number");
}

bool is_login_shell(std::string_view shell) {
  if (!shell.starts_with('/')) return false;
  const std::string_view name = shell.substr(shell.rfind('/') + 1);
  return name != "nologin" && name != "false" && name != "true";
}

Expected<std::vector<unsigned>> groups_of(const std::string& user, unsigned gid) {
  std::vector<unsigned> groups{gid};
  if (user.empty()) return groups;
  File file{fopen(kGroup, "re")};
  if (!file) return groups;
  while (const group* entry = fgetgrent(file.get())) {
    for (char** member = entry->gr_mem; *member != nullptr; ++member) {
      if (user != *member) continue;
      if (std::ranges::find(groups, entry->gr_gid) == groups.end() && groups.size() < kMaxGroups) {
        groups.push_back(entry->gr_gid);
      }
      break;
    }
  }
  return groups;
}

}  // namespace gatevisor::os
