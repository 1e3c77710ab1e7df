#include "os/main_finder.h"

#include <fcntl.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>

#include "os/cgroup_mount.h"
#include "os/file.h"

namespace gatevisor::os {
namespace {

std::optional<int> first_number(std::string_view text) {
  int pid = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), pid);
  if (error != std::errc{} || pid <= 1) return std::nullopt;
  return pid;
}

}  // namespace

bool is_in(const CgroupDir& cgroup, int pid) {
  const auto content = read_at(AT_FDCWD, ("/proc/" + std::to_string(pid) + "/cgroup").c_str());
  if (!content) return false;
  const auto path = unified_path(*content);
  if (!path) return false;
  const std::size_t at = path->find("/" + cgroup.path());
  if (at == std::string_view::npos) return false;
  const std::string_view rest = path->substr(at + 1 + cgroup.path().size());
  return rest.empty() || rest.front() == '/';
}

std::optional<int> read_pid_file(const std::string& path) {
  const auto content = read_at(AT_FDCWD, path.c_str());
  return content ? first_number(*content) : std::nullopt;
}

Expected<UniqueFd> watch_pid_file(const std::string& path) {
  UniqueFd fd(inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!fd) return fail("inotify_init1", "", errno);
  const std::string directory = path.substr(0, std::max<std::size_t>(path.rfind('/'), 1));
  if (inotify_add_watch(fd.get(), directory.c_str(), IN_CLOSE_WRITE | IN_MOVED_TO | IN_MODIFY) <
      0) {
    return fail("inotify_add_watch", directory, errno, "the PID file cannot be waited for");
  }
  return fd;
}

void drain(const UniqueFd& inotify) {
  alignas(inotify_event) std::array<char, 4096> events;
  while (read(inotify.get(), events.data(), events.size()) > 0) {
  }
}

}  // namespace gatevisor::os
