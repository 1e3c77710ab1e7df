#include "os/cgroup_mount.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "os/file.h"

namespace gatevisor::os {
namespace {

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(separator), text.size());
    if (end > 0) parts.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

/// mountinfo writes space, tab, newline and backslash as \040 and so on.
std::string unescape(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size()) {
      plain += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 +
                                 (text[i + 3] - '0'));
      i += 3;
    } else {
      plain += text[i];
    }
  }
  return plain;
}

bool has_option(std::string_view options, std::string_view option) {
  const auto parts = split(options, ',');
  return std::ranges::find(parts, option) != parts.end();
}

struct Mount {
  std::string root;  ///< which part of the hierarchy is mounted there
  std::string point;
  bool read_only;
};

std::optional<Mount> parse_mount(std::string_view line) {
  const auto fields = split(line, ' ');
  const auto dash = std::ranges::find(fields, "-");
  if (fields.size() < 6 || fields.end() - dash < 4 || dash[1] != "cgroup2") return std::nullopt;
  return Mount{unescape(fields[3]), unescape(fields[4]),
               has_option(fields[5], "ro") || has_option(dash[3], "ro")};
}

}  // namespace

std::optional<std::string_view> unified_path(std::string_view cgroup) {
  for (const std::string_view line : split(cgroup, '\n')) {
    if (line.starts_with("0::")) return line.substr(3);
  }
  return std::nullopt;
}

bool is_unified() {
  struct statfs info{};
  return statfs("/sys/fs/cgroup", &info) == 0 && info.f_type == CGROUP2_SUPER_MAGIC;
}

Expected<CgroupPlace> find_cgroup_place(std::string_view mountinfo, std::string_view cgroup) {
  const auto path = unified_path(cgroup);
  if (!path) return fail("", "/proc/self/cgroup has no cgroup v2 line (0::)", 0);
  if (path->starts_with("/..")) {
    return fail("", "the cgroup of this process lies outside its cgroup namespace", 0);
  }
  bool any = false;
  for (const std::string_view line : split(mountinfo, '\n')) {
    const auto mount = parse_mount(line);
    if (!mount) continue;
    any = true;
    std::string_view below = *path;
    if (mount->root != "/") {
      // Only a part of the hierarchy is mounted: a container without a cgroup namespace.
      if (!below.starts_with(mount->root)) continue;
      below.remove_prefix(mount->root.size());
      if (!below.empty() && below.front() != '/') continue;
    }
    while (below.starts_with('/')) below.remove_prefix(1);
    return CgroupPlace{mount->point, std::string(below), mount->read_only};
  }
  return fail(
      "",
      any ? "the mounted part of cgroup v2 does not hold this process" : "cgroup v2 is not mounted",
      0);
}

Expected<CgroupPlace> own_cgroup_place() {
  auto mountinfo = read_at(AT_FDCWD, "/proc/self/mountinfo");
  if (!mountinfo) return std::unexpected(std::move(mountinfo.error()));
  auto cgroup = read_at(AT_FDCWD, "/proc/self/cgroup");
  if (!cgroup) return std::unexpected(std::move(cgroup.error()));
  return find_cgroup_place(*mountinfo, *cgroup);
}

}  // namespace gatevisor::os
