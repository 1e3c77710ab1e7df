#include "exec/credentials.h"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>

namespace gatevisor::exec {
namespace {

constexpr int kMaxDepth = 32;
/// systemd.exec(5): where the name of a credential is looked for.
constexpr const char* kStores[] = {"/etc/credstore/", "/run/credstore/",
                                   "/usr/local/lib/credstore/", "/usr/lib/credstore/"};

/// A name that is joined of others, on the stack.
struct Name {
  char text[NAME_MAX + 1];
  std::size_t size = 0;

  bool append(const char* more) {
    const std::size_t length = strlen(more);
    if (size + length > NAME_MAX) return false;
    memcpy(text + size, more, length + 1);
    size += length;
    return true;
  }
};

class Writer {
 public:
  Writer(const CredentialPlan& plan, int directory) : plan_(plan), directory_(directory) {}

  int load(const CredentialPlan::Load& load) {
    for (const std::string& path : load.paths) {
      const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
      if (fd < 0 && errno == ENOENT) continue;
      if (fd < 0) return errno;
      Name name;
      const int code = name.append(load.id.c_str()) ? copy(fd, name, 0) : ENAMETOOLONG;
      close(fd);
      return code;
    }
    return load.optional ? 0 : ENOENT;
  }

  int own(int fd) const {
    if (!plan_.set_owner) return 0;
    return fchown(fd, plan_.uid, static_cast<gid_t>(-1)) == 0 ? 0 : errno;
  }

  int set(const SetCredential& credential) {
    const int fd = create(credential.id.c_str());
    if (fd < 0) return errno == EEXIST ? 0 : errno;  // it was loaded
    int code = put(fd, credential.value.data(), credential.value.size());
    if (code == 0) code = seal(fd);
    close(fd);
    return code;
  }

 private:
  int create(const char* name) {
    const int fd =
        openat(directory_, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd >= 0) left_ -= std::min(left_, strlen(name));
    return fd;
  }

  int put(int fd, const char* bytes, std::size_t size) {
    if (size > left_) return E2BIG;
    left_ -= size;
    while (size > 0) {
      const ssize_t put = write(fd, bytes, size);
      if (put < 0 && errno == EINTR) continue;
      if (put <= 0) return put < 0 ? errno : EIO;
      bytes += put;
      size -= static_cast<std::size_t>(put);
    }
    return 0;
  }

  int seal(int fd) const {
    // The mode first: without CAP_FOWNER it is the owner's to change.
    if (fchmod(fd, 0400) != 0) return errno;
    return own(fd);
  }

  /// A file, or what is in a directory.
  int copy(int from, const Name& name, int depth) {
    struct stat info{};
    if (fstat(from, &info) != 0) return errno;
    if (S_ISDIR(info.st_mode)) return depth < kMaxDepth ? copy_directory(from, name, depth) : ELOOP;
    if (!is_credential_name({name.text, name.size})) return EINVAL;
    const int to = create(name.text);
    if (to < 0) return errno == EEXIST ? 0 : errno;  // the first of a name counts
    char buffer[4096];
    int code = 0;
    while (code == 0) {
      const ssize_t got = read(from, buffer, sizeof buffer);
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) {
        code = got < 0 ? errno : seal(to);
        break;
      }
      code = put(to, buffer, static_cast<std::size_t>(got));
    }
    close(to);
    return code;
  }

  int copy_directory(int from, const Name& prefix, int depth) {
    alignas(dirent64) char buffer[2048];
    for (;;) {
      const ssize_t got = getdents64(from, buffer, sizeof buffer);
      if (got <= 0) return got < 0 ? errno : 0;
      for (ssize_t at = 0; at < got;) {
        const auto* entry = reinterpret_cast<const dirent64*>(buffer + at);
        at += entry->d_reclen;
        if (entry->d_name[0] == '.') continue;
        // systemd.exec(5): symbolic links in it are left out.
        const int fd =
            openat(from, entry->d_name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        if (fd < 0 && (errno == ELOOP || errno == ENXIO)) continue;
        if (fd < 0) return errno;
        Name name = prefix;
        const bool fits = name.append("_") && name.append(entry->d_name);
        const int code = fits ? copy(fd, name, depth + 1) : ENAMETOOLONG;
        close(fd);
        if (code != 0) return code;
      }
    }
  }

  const CredentialPlan& plan_;
  int directory_;
  std::size_t left_ = kMaxCredentials;
};

/// What an invocation has left that could not take it away. There are no directories in it.
void clear(int directory) {
  alignas(dirent64) char buffer[2048];
  for (;;) {
    const ssize_t got = getdents64(directory, buffer, sizeof buffer);
    if (got <= 0) break;
    for (ssize_t at = 0; at < got;) {
      const auto* entry = reinterpret_cast<const dirent64*>(buffer + at);
      at += entry->d_reclen;
      unlinkat(directory, entry->d_name, 0);
    }
  }
}

/// ramfs is never swapped; where it may not be had, tmpfs. False: neither, or no namespace.
bool mount_own(const char* path) {
  if (unshare(CLONE_NEWNS) != 0) return false;
  // What is mounted here stays here, what others mount comes here.
  if (mount(nullptr, "/", nullptr, MS_SLAVE | MS_REC, nullptr) != 0) return false;
  constexpr unsigned long kFlags = MS_NODEV | MS_NOEXEC | MS_NOSUID;
  return mount("ramfs", path, "ramfs", kFlags, "mode=0700") == 0 ||
         mount("tmpfs", path, "tmpfs", kFlags, "mode=0700,size=2m") == 0;
}

int open_directory(const CredentialPlan& plan) {
  const int base = open_base(plan.base.c_str());
  if (base < 0) return -1;
  const int directory = open_below(base, plan.name.c_str(), true);
  const int code = errno;
  close(base);
  errno = code;
  return directory;
}

int fill(const CredentialPlan& plan, int directory) {
  if (fchmod(directory, 0700) != 0) return errno;
  clear(directory);
  Writer writer(plan, directory);
  for (const CredentialPlan::Load& load : plan.load) {
    if (const int code = writer.load(load); code != 0) return code;
  }
  for (const SetCredential& credential : plan.set) {
    if (const int code = writer.set(credential); code != 0) return code;
  }
  if (fchmod(directory, 0500) != 0) return errno;
  return writer.own(directory);
}

bool is_socket(const std::string& path) {
  struct stat info{};
  return stat(path.c_str(), &info) == 0 && S_ISSOCK(info.st_mode);
}

}  // namespace

Expected<CredentialPlan> prepare_credentials(const CredentialSettings& settings,
                                             const DirectoryBases& bases, const std::string& unit,
                                             const std::string& own_directory, unsigned uid,
                                             bool mount) {
  CredentialPlan plan;
  if (settings.load.empty() && settings.set.empty()) return plan;
  plan.base = bases.of(DirectoryKind::Runtime);
  if (plan.base.empty()) {
    return fail("", "credentials have no place to be in", 0, "set XDG_RUNTIME_DIR");
  }
  plan.name = "credentials/" + unit;
  plan.path = plan.base + "/" + plan.name;
  plan.set = settings.set;
  plan.mount = mount;
  plan.set_owner = bases.system;
  plan.uid = uid;
  for (const LoadedCredential& wanted : settings.load) {
    CredentialPlan::Load load{wanted.id, {}, true};
    if (wanted.path.starts_with('/')) {
      if (is_socket(wanted.path)) {
        return fail("", "LoadCredential=" + wanted.id + ":" + wanted.path + ": it is a socket", 0,
                    "expected a file or a directory");
      }
      load.paths = {wanted.path};
      load.optional =
          std::ranges::find(settings.set, wanted.id, &SetCredential::id) != settings.set.end();
    } else {
      if (!own_directory.empty()) load.paths.push_back(own_directory + "/" + wanted.path);
      for (const char* store : kStores) load.paths.push_back(store + wanted.path);
    }
    plan.load.push_back(std::move(load));
  }
  return plan;
}

int make_credentials(const CredentialPlan& plan) {
  if (plan.name.empty()) return 0;
  const mode_t mask = umask(0);
  int directory = open_directory(plan);
  int code = directory < 0 ? errno : 0;
  bool mounted = false;
  if (code == 0 && plan.mount && mount_own(plan.path.c_str())) {
    mounted = true;
    close(directory);
    directory = open_directory(plan);
    if (directory < 0) code = errno;
  }
  if (code == 0) code = fill(plan, directory);
  if (directory >= 0) close(directory);
  constexpr unsigned long kReadOnly =
      MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NODEV | MS_NOEXEC | MS_NOSUID;
  if (code == 0 && mounted && mount(nullptr, plan.path.c_str(), nullptr, kReadOnly, nullptr) != 0) {
    code = errno;
  }
  umask(mask);
  return code;
}

}  // namespace gatevisor::exec
