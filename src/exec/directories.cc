#include "exec/directories.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>

namespace gatevisor::exec {
namespace {

constexpr int kDirectory = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
/// Each level holds a descriptor and a buffer on the stack.
constexpr int kMaxDepth = 256;

const char* setting_of(DirectoryKind kind) {
  switch (kind) {
    case DirectoryKind::Runtime: return "RuntimeDirectory=";
    case DirectoryKind::State: return "StateDirectory=";
    case DirectoryKind::Cache: return "CacheDirectory=";
    case DirectoryKind::Logs: return "LogsDirectory=";
    case DirectoryKind::Configuration: return "ConfigurationDirectory=";
  }
  return "?";
}

const char* variable_of(DirectoryKind kind) {
  switch (kind) {
    case DirectoryKind::Runtime: return "RUNTIME_DIRECTORY";
    case DirectoryKind::State: return "STATE_DIRECTORY";
    case DirectoryKind::Cache: return "CACHE_DIRECTORY";
    case DirectoryKind::Logs: return "LOGS_DIRECTORY";
    case DirectoryKind::Configuration: return "CONFIGURATION_DIRECTORY";
  }
  return "?";
}

ExecStep step_of(DirectoryKind kind) {
  switch (kind) {
    case DirectoryKind::Runtime: return ExecStep::RuntimeDirectory;
    case DirectoryKind::State: return ExecStep::StateDirectory;
    case DirectoryKind::Cache: return ExecStep::CacheDirectory;
    case DirectoryKind::Logs: return ExecStep::LogsDirectory;
    case DirectoryKind::Configuration: return ExecStep::ConfigurationDirectory;
  }
  return ExecStep::RuntimeDirectory;
}

/// From where the link is up to the base, and down again.
std::string relative_target(const std::string& link, const std::string& name) {
  std::string target;
  for (auto slashes = std::ranges::count(link, '/'); slashes > 0; --slashes) target += "../";
  return target + name;
}

/// A component of a path, as a string of its own on the stack.
struct Component {
  char text[NAME_MAX + 1];

  /// The next one of `path`, which is left behind it. False: it is too long.
  bool take(const char*& path) {
    const std::size_t length = strcspn(path, "/");
    if (length > NAME_MAX) {
      errno = ENAMETOOLONG;
      return false;
    }
    memcpy(text, path, length);
    text[length] = '\0';
    path += length;
    while (*path == '/') ++path;
    return true;
  }
};

/// Closes `fd` and keeps errno.
int close_failed(int fd) {
  const int code = errno;
  close(fd);
  errno = code;
  return -1;
}

/// The directory in which the last component of `name` is, made with its parents; `last` is that
/// component.
int open_parent(int base, const char* name, Component& last) {
  int dir = openat(base, ".", kDirectory);
  while (dir >= 0) {
    if (!last.take(name)) return close_failed(dir);
    if (*name == '\0') return dir;
    const int next = open_below(dir, last.text, true);
    if (next < 0) return close_failed(dir);
    close(dir);
    dir = next;
  }
  return -1;
}

struct Owner {
  unsigned uid;
  unsigned gid;
  bool of(const struct stat& info) const { return info.st_uid == uid && info.st_gid == gid; }
};

/// All that is in `dir`, then itself: where this is interrupted, the next time begins anew.
bool chown_tree(int dir, const Owner& owner, int depth) {
  if (depth > kMaxDepth) {
    errno = ELOOP;
    return false;
  }
  alignas(dirent64) char buffer[2048];
  for (;;) {
    const ssize_t got = getdents64(dir, buffer, sizeof buffer);
    if (got < 0) return false;
    if (got == 0) break;
    for (ssize_t at = 0; at < got;) {
      const auto* entry = reinterpret_cast<const dirent64*>(buffer + at);
      at += entry->d_reclen;
      if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
      const int child = openat(dir, entry->d_name, kDirectory | O_NOFOLLOW);
      if (child >= 0) {
        const bool done = chown_tree(child, owner, depth + 1);
        if (!done) return close_failed(child) == 0;
        close(child);
      } else if (errno == ENOTDIR || errno == ELOOP) {
        const bool done =
            fchownat(dir, entry->d_name, owner.uid, owner.gid, AT_SYMLINK_NOFOLLOW) == 0;
        if (!done && errno != ENOENT) return false;
      } else if (errno != ENOENT) {
        return false;
      }
    }
  }
  // chown(2) may clear set-user-ID and set-group-ID bits of a directory that Mode= asks for.
  struct stat info{};
  if (fstat(dir, &info) != 0 || fchown(dir, owner.uid, owner.gid) != 0) return false;
  return fchmod(dir, info.st_mode & 07777) == 0;
}

bool set_mode_and_owner(int dir, const PreparedDirectory& directory, const DirectoryPlan& plan) {
  if (fchmod(dir, static_cast<mode_t>(directory.mode)) != 0) return false;
  if (!plan.set_owner || directory.kind == DirectoryKind::Configuration) return true;
  const Owner owner{plan.uid, plan.gid};
  struct stat info{};
  if (fstat(dir, &info) != 0) return false;
  // systemd.exec(5): below a directory with the right owner everything is left as it is.
  return owner.of(info) || chown_tree(dir, owner, 0);
}

bool make_one(int base, const PreparedDirectory& directory, const DirectoryPlan& plan) {
  Component last;
  const int parent = open_parent(base, directory.name.c_str(), last);
  if (parent < 0) return false;
  const bool fresh = mkdirat(parent, last.text, static_cast<mode_t>(directory.mode)) == 0;
  if (!fresh && errno != EEXIST) return close_failed(parent) == 0;
  const int dir = openat(parent, last.text, kDirectory | O_NOFOLLOW);
  if (dir < 0) return close_failed(parent) == 0;
  close(parent);
  // A configuration directory that is there is the administrator's.
  const bool leave = directory.kind == DirectoryKind::Configuration && !fresh;
  if (!leave && !set_mode_and_owner(dir, directory, plan)) return close_failed(dir) == 0;
  close(dir);
  return true;
}

bool make_link(int base, const PreparedDirectory::Link& link) {
  Component last;
  const int parent = open_parent(base, link.name.c_str(), last);
  if (parent < 0) return false;
  bool done = symlinkat(link.target.c_str(), parent, last.text) == 0;
  if (!done && errno == EEXIST) {
    char target[PATH_MAX];
    const ssize_t length = readlinkat(parent, last.text, target, sizeof target);
    done = length >= 0 && static_cast<std::size_t>(length) == link.target.size() &&
           memcmp(target, link.target.data(), link.target.size()) == 0;
    errno = EEXIST;
  }
  if (!done) return close_failed(parent) == 0;
  close(parent);
  return true;
}

}  // namespace

Expected<DirectoryPlan> prepare_directories(const DirectorySettings& settings,
                                            const DirectoryBases& bases, unsigned uid,
                                            unsigned gid) {
  DirectoryPlan plan;
  plan.set_owner = bases.system;
  plan.uid = uid;
  plan.gid = gid;
  plan.preserve = settings.preserve;
  for (std::size_t i = 0; i < kDirectoryKinds; ++i) {
    const auto kind = static_cast<DirectoryKind>(i);
    const DirectorySettings::Kind& wanted = settings.of(kind);
    if (wanted.all.empty()) continue;
    if (bases.of(kind).empty()) {
      return fail("", std::string(setting_of(kind)) + " has no place to be in", 0,
                  kind == DirectoryKind::Runtime ? "set XDG_RUNTIME_DIR" : "set HOME");
    }
    const std::size_t first = plan.all.size();
    for (const ServiceDirectory& one : wanted.all) {
      PreparedDirectory directory{kind, bases.of(kind), one.name, wanted.mode, {}};
      for (const std::string& link : one.links) {
        directory.links.push_back({link, relative_target(link, one.name)});
      }
      plan.all.push_back(std::move(directory));
    }
    // Parents first, as systemd sorts them: with '/' before every other character.
    std::sort(plan.all.begin() + static_cast<std::ptrdiff_t>(first), plan.all.end(),
              [](const PreparedDirectory& a, const PreparedDirectory& b) {
                return std::ranges::lexicographical_compare(a.name, b.name, [](char x, char y) {
                  return x != y && (x == '/' || (y != '/' && static_cast<unsigned char>(x) <
                                                                 static_cast<unsigned char>(y)));
                });
              });
  }
  return plan;
}

std::vector<std::string> directory_environment(const DirectoryPlan& plan) {
  std::vector<std::string> all;
  for (const PreparedDirectory& directory : plan.all) {
    const std::string name = std::string(variable_of(directory.kind)) + "=";
    const std::string path = directory.base + "/" + directory.name;
    if (!all.empty() && all.back().starts_with(name)) {
      all.back() += ":" + path;
    } else {
      all.push_back(name + path);
    }
  }
  return all;
}

int open_base(const char* path) {
  int dir = open(path, kDirectory);
  if (dir >= 0 || errno != ENOENT) return dir;
  dir = open("/", kDirectory);
  while (*path == '/') ++path;
  while (dir >= 0 && *path != '\0') {
    Component component;
    if (!component.take(path)) return close_failed(dir);
    if (mkdirat(dir, component.text, 0755) != 0 && errno != EEXIST) return close_failed(dir);
    const int next = openat(dir, component.text, kDirectory);
    if (next < 0) return close_failed(dir);
    close(dir);
    dir = next;
  }
  return dir;
}

int open_below(int base, const char* name, bool make) {
  int dir = base;
  while (*name != '\0') {
    Component component;
    bool done = component.take(name);
    if (done && make) done = mkdirat(dir, component.text, 0755) == 0 || errno == EEXIST;
    const int next = done ? openat(dir, component.text, kDirectory | O_NOFOLLOW) : -1;
    if (dir != base) close_failed(dir);
    if (next < 0) return -1;
    dir = next;
  }
  return dir;
}

std::optional<DirectoryFailure> make_directories(const DirectoryPlan& plan) {
  // The modes are to be what they are said to be.
  const mode_t mask = umask(0);
  std::optional<DirectoryFailure> failure;
  for (const PreparedDirectory& directory : plan.all) {
    const int base = open_base(directory.base.c_str());
    bool done = base >= 0 && make_one(base, directory, plan);
    for (const PreparedDirectory::Link& link : directory.links) {
      done = done && make_link(base, link);
    }
    if (!done) failure = {step_of(directory.kind), errno};
    if (base >= 0) close(base);
    if (!done) break;
  }
  umask(mask);
  return failure;
}

}  // namespace gatevisor::exec
