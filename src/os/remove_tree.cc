#include "os/remove_tree.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "os/file.h"
#include "os/invocation.h"
#include "os/unique_fd.h"

namespace gatevisor::os {
namespace {

constexpr int kDirectory = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
/// A level holds a descriptor. What is deeper is moved up and comes later.
constexpr int kMaxDepth = 64;

struct Place {
  UniqueFd parent;
  std::string name;  ///< in it
};

Expected<Place> find_place(const std::string& base, const std::string& name) {
  UniqueFd dir(open(base.c_str(), kDirectory));
  if (!dir) return fail("open", base, errno);
  std::string rest = name;
  for (std::size_t slash = rest.find('/'); slash != std::string::npos; slash = rest.find('/')) {
    UniqueFd next(openat(dir.get(), rest.substr(0, slash).c_str(), kDirectory | O_NOFOLLOW));
    if (!next) return fail("open", base + "/" + name, errno);
    dir = std::move(next);
    rest.erase(0, slash + 1);
  }
  return Place{std::move(dir), std::move(rest)};
}

std::string new_name() { return ".gatevisor-removes-" + new_invocation_id(); }

class Remover {
 public:
  Remover(int top, dev_t device) : top_(top), device_(device) {}

  /// Everything in `dir`. False: something stays; code() says why.
  bool empty(int dir, int depth) {
    bool all = true;
    for (const std::string& name : names_at(dir, ".")) {
      all = remove(dir, name, depth) && all;
    }
    return all;
  }
  bool moved_up() { return std::exchange(moved_up_, false); }
  int code() const { return code_; }

 private:
  bool remove(int dir, const std::string& name, int depth) {
    if (unlinkat(dir, name.c_str(), 0) == 0 || errno == ENOENT) return true;
    if (errno != EISDIR && errno != EPERM) return failed();
    UniqueFd child(openat(dir, name.c_str(), kDirectory | O_NOFOLLOW));
    struct stat info{};
    if (!child || fstat(child.get(), &info) != 0) return failed();
    if (info.st_dev != device_) {
      errno = EXDEV;
      return failed();
    }
    if (depth >= kMaxDepth) {
      moved_up_ = renameat(dir, name.c_str(), top_, new_name().c_str()) == 0;
      return moved_up_ || failed();
    }
    const bool emptied = empty(child.get(), depth + 1);
    if (unlinkat(dir, name.c_str(), AT_REMOVEDIR) == 0 || errno == ENOENT) return true;
    return emptied ? failed() : false;
  }

  bool failed() {
    if (code_ == 0) code_ = errno;
    return false;
  }

  int top_;
  dev_t device_;
  bool moved_up_ = false;
  int code_ = 0;
};

/// Of a mount point, which cannot be renamed: all that is in it goes into a new directory there.
Expected<std::optional<SetAside>> set_content_aside(const Place& place, const std::string& base,
                                                    const std::string& name) {
  const UniqueFd dir(openat(place.parent.get(), place.name.c_str(), kDirectory | O_NOFOLLOW));
  if (!dir) return fail("open", base + "/" + name, errno);
  const std::string aside = new_name();
  if (mkdirat(dir.get(), aside.c_str(), 0700) != 0) return fail("mkdir", name, errno);
  const UniqueFd to(openat(dir.get(), aside.c_str(), kDirectory | O_NOFOLLOW));
  for (const std::string& each : names_at(dir.get(), ".")) {
    if (each != aside) renameat(dir.get(), each.c_str(), to.get(), each.c_str());
  }
  return SetAside{base, name + "/" + aside};
}

}  // namespace

Expected<std::optional<SetAside>> set_aside(const std::string& base, const std::string& name) {
  auto place = find_place(base, name);
  if (!place) {
    if (place.error().code == ENOENT) return std::nullopt;
    return std::unexpected(std::move(place.error()));
  }
  const int parent = place->parent.get();
  const std::string aside = new_name();
  if (renameat(parent, place->name.c_str(), parent, aside.c_str()) == 0) {
    return SetAside{base, name.substr(0, name.size() - place->name.size()) + aside};
  }
  if (errno == ENOENT) return std::nullopt;
  if (errno == EBUSY) return set_content_aside(*place, base, name);
  return fail("remove", base + "/" + name, errno);
}

Expected<void> remove_tree(const std::string& base, const std::string& name) {
  const std::string whole = base + "/" + name;
  auto place = find_place(base, name);
  if (!place) {
    if (place.error().code == ENOENT) return {};
    return std::unexpected(std::move(place.error()));
  }
  const int parent = place->parent.get();
  const UniqueFd dir(openat(parent, place->name.c_str(), kDirectory | O_NOFOLLOW));
  if (!dir) {
    // A file or a link that has taken its place.
    if (errno == ENOENT || unlinkat(parent, place->name.c_str(), 0) == 0) return {};
    return fail("remove", whole, errno);
  }
  struct stat info{};
  if (fstat(dir.get(), &info) != 0) return fail("stat", whole, errno);
  Remover remover(dir.get(), info.st_dev);
  bool emptied = remover.empty(dir.get(), 0);
  while (remover.moved_up()) emptied = remover.empty(dir.get(), 0);
  if (unlinkat(parent, place->name.c_str(), AT_REMOVEDIR) == 0 || errno == ENOENT) return {};
  return fail("remove", whole, emptied || remover.code() == 0 ? errno : remover.code());
}

void remove_link(const std::string& base, const std::string& name) {
  const auto place = find_place(base, name);
  if (!place) return;
  struct stat info{};
  const int parent = place->parent.get();
  const char* link = place->name.c_str();
  const bool there = fstatat(parent, link, &info, AT_SYMLINK_NOFOLLOW) == 0;
  if (there && S_ISLNK(info.st_mode)) unlinkat(parent, link, 0);
}

}  // namespace gatevisor::os
