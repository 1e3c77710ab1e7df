#include "os/cgroup_dir.h"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <memory>

#include "os/file.h"

namespace gatevisor::os {
namespace {

// A gateway may make cgroups below its leaf; deeper than this nobody does, and a bound is a bound.
constexpr int kMaxDepth = 8;

/// What a victim of the OOM killer had comes back a moment after its death is told. Whatever needs
/// memory meanwhile fails with ENOMEM, since gatevisor itself is not to be taken (privileges.h).
constexpr int kTries = 100;
bool may_try_again(int error, int tries) {
  if (error != ENOMEM || tries >= kTries) return false;
  sched_yield();
  return true;
}

MemoryEvents parse_events(std::string_view content) {
  const auto value = [&](std::string_view key) { return keyed_value(content, key).value_or(0); };
  return {value("high"), value("max"), value("oom"), value("oom_kill"), value("oom_group_kill")};
}

bool has_word(std::string_view text, std::string_view word) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find_first_of(" \n"), text.size());
    if (text.substr(0, end) == word) return true;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return false;
}

/// The process behind `pid` cannot change under our hands: hold it, look whether it is still one
/// of the cgroup's, then signal what is held.
void signal_held(const CgroupDir& cgroup, const std::vector<int>& pids, int signal) {
  std::vector<std::pair<int, UniqueFd>> held;
  held.reserve(pids.size());
  for (const int pid : pids) {
    UniqueFd fd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
    if (fd) held.emplace_back(pid, std::move(fd));
  }
  const auto still = cgroup.processes();
  if (!still) return;
  for (const auto& [pid, fd] : held) {
    if (std::ranges::find(*still, pid) == still->end()) continue;
    syscall(SYS_pidfd_send_signal, fd.get(), signal, nullptr, 0);
  }
}

// More pidfds than this at once could reach RLIMIT_NOFILE.
constexpr std::size_t kHeldAtOnce = 64;

Expected<void> signal_below(const CgroupDir& cgroup, int signal, bool with_pidfd, int except,
                            int depth) {
  auto pids = cgroup.processes();
  if (!pids) return std::unexpected(std::move(pids.error()));
  std::erase(*pids, 0);
  std::erase(*pids, except);
  if (with_pidfd) {
    for (std::size_t first = 0; first < pids->size(); first += kHeldAtOnce) {
      const auto begin = pids->begin() + static_cast<std::ptrdiff_t>(first);
      const auto count = std::min(kHeldAtOnce, pids->size() - first);
      signal_held(cgroup, {begin, begin + static_cast<std::ptrdiff_t>(count)}, signal);
    }
  } else {
    for (const int pid : *pids) kill(pid, signal);
  }
  if (depth == 0) return {};
  for (const std::string& name : cgroup.children()) {
    if (auto child = cgroup.open_child(name)) {
      if (auto sent = signal_below(*child, signal, with_pidfd, except, depth - 1); !sent)
        return sent;
    }
  }
  return {};
}

Expected<void> remove_below(const CgroupDir& parent, const std::string& name, int depth) {
  if (unlinkat(parent.fd(), name.c_str(), AT_REMOVEDIR) == 0 || errno == ENOENT) return {};
  const int first_error = errno;
  if (depth > 0 && first_error == EBUSY) {
    if (auto child = parent.open_child(name)) {
      for (const std::string& below : child->children()) {
        if (auto removed = remove_below(*child, below, depth - 1); !removed) return removed;
      }
    }
    if (unlinkat(parent.fd(), name.c_str(), AT_REMOVEDIR) == 0 || errno == ENOENT) return {};
  }
  return fail("rmdir", parent.path() + "/" + name, errno);
}

std::string join(const std::string& path, std::string_view name) {
  return path.empty() ? std::string(name) : path + "/" + std::string(name);
}

/// The rest of the line that begins with it; empty: none does.
std::string_view behind_key(std::string_view content, std::string_view key) {
  while (!content.empty()) {
    const std::size_t end = std::min(content.find('\n'), content.size());
    const std::string_view line = content.substr(0, end);
    if (line.size() > key.size() && line.starts_with(key) && line[key.size()] == ' ') {
      return line.substr(key.size() + 1);
    }
    content.remove_prefix(std::min(end + 1, content.size()));
  }
  return {};
}

/// What follows on 'name=' in a line.
std::string_view behind_name(std::string_view line, std::string_view name) {
  const std::size_t at = line.find(std::string(name) + "=");
  return at == line.npos ? std::string_view() : line.substr(at + name.size() + 1);
}

}  // namespace

std::optional<std::uint64_t> number_of(std::string_view content) {
  std::uint64_t number = 0;
  const auto [end, error] =
      std::from_chars(content.data(), content.data() + content.size(), number);
  if (error != std::errc{}) return std::nullopt;
  return number;
}

std::optional<std::uint64_t> keyed_value(std::string_view content, std::string_view key) {
  return number_of(behind_key(content, key));
}

std::optional<std::uint64_t> stalled_total(std::string_view content, std::string_view kind) {
  return number_of(behind_name(behind_key(content, kind), "total"));
}

std::optional<std::uint64_t> stalled_average(std::string_view content, std::string_view kind,
                                             std::string_view time) {
  const std::string_view average = behind_name(behind_key(content, kind), time);
  const std::size_t dot = average.find('.');
  const auto whole = number_of(average);
  if (!whole || dot == average.npos) return std::nullopt;
  return *whole * 100 + number_of(average.substr(dot + 1)).value_or(0);
}

Expected<CgroupDir> CgroupDir::open(int parent, const char* name, std::string path) {
  auto fd = open_at(parent, name, O_RDONLY | O_DIRECTORY);
  if (!fd) return fail("open", std::move(path), fd.error().code);
  return CgroupDir(std::move(*fd), std::move(path));
}

Expected<CgroupDir> CgroupDir::make_child(const std::string& name) const {
  if (mkdirat(fd(), name.c_str(), 0755) != 0) return fail("mkdir", join(path_, name), errno);
  return open_child(name);
}

Expected<CgroupDir> CgroupDir::open_child(const std::string& name) const {
  return open(fd(), name.c_str(), join(path_, name));
}

bool CgroupDir::has(const char* file) const {
  for (int tries = 1;; ++tries) {
    if (exists_at(fd(), file)) return true;
    if (may_try_again(errno, tries)) continue;
    return errno == ENOMEM;  // to read it tells
  }
}

Expected<std::string> CgroupDir::read(const char* file) const {
  auto content = read_small_at(fd(), file);
  for (int tries = 1; !content && may_try_again(content.error().code, tries); ++tries) {
    content = read_small_at(fd(), file);
  }
  if (!content) content.error().subject = join(path_, file);
  return content;
}

Expected<void> CgroupDir::write(const char* file, std::string_view text) const {
  auto written = write_at(fd(), file, text);
  if (!written) written.error().subject = join(path_, file);
  return written;
}

Expected<void> CgroupDir::chown(const char* file, unsigned uid, unsigned gid) const {
  if (fchownat(fd(), file, uid, gid, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW) == 0) return {};
  return fail("chown", join(path_, file), errno);
}

Expected<std::vector<int>> CgroupDir::processes() const {
  auto content = read_at(fd(), "cgroup.procs");  // as long as there are processes
  if (!content) return std::unexpected(std::move(content.error()));
  std::vector<int> pids;
  std::string_view rest = *content;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    if (const auto pid = number_of(rest.substr(0, end))) pids.push_back(static_cast<int>(*pid));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return pids;
}

std::vector<std::string> CgroupDir::children() const {
  std::vector<std::string> names;
  auto copy = open_at(fd(), ".", O_RDONLY | O_DIRECTORY);
  if (!copy) return names;
  struct Close {
    void operator()(DIR* directory) const { closedir(directory); }
  };
  std::unique_ptr<DIR, Close> directory(fdopendir(copy->get()));
  if (!directory) return names;
  (void)copy->release();
  while (const dirent* entry = readdir(directory.get())) {
    const std::string_view name = entry->d_name;
    if (entry->d_type == DT_DIR && name != "." && name != "..") names.emplace_back(name);
  }
  return names;
}

Expected<bool> CgroupDir::populated() const {
  auto content = read("cgroup.events");
  if (!content) return std::unexpected(std::move(content.error()));
  return keyed_value(*content, "populated").value_or(0) != 0;
}

bool CgroupDir::has_controller(std::string_view name) const {
  const auto content = read("cgroup.controllers");
  return content && has_word(*content, name);
}

bool CgroupDir::enables_controller(std::string_view name) const {
  const auto content = read("cgroup.subtree_control");
  return content && has_word(*content, name);
}

Expected<UniqueFd> CgroupDir::open_events(const char* file) const {
  auto opened = open_at(fd(), file, O_RDONLY);
  if (!opened) opened.error().subject = join(path_, file);
  return opened;
}

UniqueFd CgroupDir::open_procs() const {
  auto opened = open_at(fd(), "cgroup.procs", O_WRONLY);
  return opened ? std::move(*opened) : UniqueFd();
}

CgroupLevel CgroupDir::counters(Reading reading) const {
  if (!has_memory_) has_memory_ = has("memory.events");
  if (!has_pids_) has_pids_ = has("pids.events");
  CgroupLevel level;
  level.path = path_;
  if (*has_memory_) {
    if (auto content = read("memory.events.local")) level.local = parse_events(*content);
    if (reading == Reading::Nearest) {
      if (auto content = read("memory.events")) level.hierarchical = parse_events(*content);
    }
    if (reading != Reading::Baseline) {
      if (auto content = read("memory.max")) level.memory_max = number_of(*content);
    }
  }
  if (*has_pids_) {
    // Since Linux 6.12 pids.events counts what happened below, too, and .local what was here.
    auto content = read("pids.events.local");
    if (!content) content = read("pids.events");
    if (content) level.pids_max_hit = keyed_value(*content, "max");
  }
  return level;
}

Expected<void> CgroupDir::signal_all(int signal, bool with_pidfd, int except) const {
  return signal_below(*this, signal, with_pidfd, except, kMaxDepth);
}

Expected<void> CgroupDir::kill_all(bool with_pidfd) const {
  auto killed = write("cgroup.kill", "1");
  if (killed || killed.error().code != ENOENT) return killed;
  return freeze_and_kill(with_pidfd);
}

Expected<void> CgroupDir::freeze_and_kill(bool with_pidfd) const {
  auto frozen = write("cgroup.freeze", "1");
  auto sent = signal_all(SIGKILL, with_pidfd);
  auto thawed = write("cgroup.freeze", "0");
  if (!sent) return sent;
  return frozen ? thawed : frozen;
}

Expected<void> CgroupDir::remove_child(const std::string& name) const {
  return remove_below(*this, name, kMaxDepth);
}

}  // namespace gatevisor::os
