#include "gatevisor.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "cgroup_home.h"

namespace gatevisor::testing {
namespace {

using Clock = std::chrono::steady_clock;

std::string program_directory() {
  return std::filesystem::canonical("/proc/self/exe").parent_path();
}

[[noreturn]] void child_failed(const char* what) {
  std::perror(what);
  _exit(126);
}

/// In the new PID and mount namespace: its own cgroup is the root of what it sees.
void become_container(const std::string& cgroup_mount) {
  if (unshare(CLONE_NEWCGROUP) != 0) child_failed("unshare");
  if (mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) child_failed("private /");
  if (mount("proc", "/proc", "proc", 0, nullptr) != 0) child_failed("mount /proc");
  if (cgroup_mount.empty()) return;
  // One file system is not mounted twice on one directory.
  umount2(cgroup_mount.c_str(), MNT_DETACH);
  if (mount("cgroup2", cgroup_mount.c_str(), "cgroup2", 0, nullptr) != 0) {
    child_failed("mount cgroup2");
  }
}

/// Until no process lives in the cgroup: a change of cgroup.events is told with POLLPRI.
void wait_unpopulated(const std::string& cgroup) {
  const int events = open((cgroup + "/cgroup.events").c_str(), O_RDONLY | O_CLOEXEC);
  const auto deadline = Clock::now() + patience();
  char content[256] = {};
  while (pread(events, content, sizeof content - 1, 0) > 0 &&
         std::string_view(content).find("populated 1") != std::string_view::npos) {
    const auto left = std::chrono::duration_cast<Milliseconds>(deadline - Clock::now());
    pollfd changed{events, POLLPRI, 0};
    if (left <= 0ms || poll(&changed, 1, static_cast<int>(left.count())) != 1) break;
  }
  close(events);
}

}  // namespace

int slowness() {
  const char* text = std::getenv("GATEVISOR_TEST_SLOW");
  return text != nullptr ? std::max(1, std::atoi(text)) : 1;
}

Milliseconds patience(Milliseconds span) { return span * slowness(); }

std::string gatevisor_program() {
  const char* path = std::getenv("GATEVISOR_BIN");
  return path != nullptr ? path : program_directory() + "/../../gatevisor";
}

std::string fixture(const std::string& name) { return program_directory() + "/" + name; }

namespace {

/// Fails the run at once, instead of each case after its patience.
class Programs final : public ::testing::Environment {
 public:
  void SetUp() override {
    for (const std::string& program :
         {gatevisor_program(), fixture("misbehave"), fixture("sandbox")}) {
      if (access(program.c_str(), X_OK) != 0) {
        FAIL() << program << ": " << std::strerror(errno) << " (GATEVISOR_BIN names gatevisor)";
      }
    }
  }
};

[[maybe_unused]] const auto* const kPrograms = ::testing::AddGlobalTestEnvironment(new Programs);

}  // namespace

Gatevisor::Gatevisor(Launch launch) {
  static std::atomic<int> count = 0;
  // The same suites under the sandbox, but for cases that say themselves where gatevisor runs.
  const char* place = std::getenv("GATEVISOR_TEST_PLACE");
  const bool anywhere = launch.place == Place::Plain && launch.uid == 0 &&
                        launch.drop_capability < 0 && launch.cgroup.empty();
  if (anywhere && place != nullptr && std::string(place) == "sandbox") {
    launch.place = Place::Sandbox;
  }
  CgroupHome& home = CgroupHome::get();
  cgroup_ = launch.cgroup == "none" ? std::string() : launch.cgroup;
  if (launch.cgroup.empty() && launch.place != Place::Sandbox) {
    cgroup_ = home.make("case-" + std::to_string(++count));
    own_cgroup_ = !cgroup_.empty();
  }
  start(launch, arguments(launch));
}

std::vector<std::string> Gatevisor::arguments(const Launch& launch) const {
  std::vector<std::string> words;
  if (launch.place == Place::Sandbox) words.push_back(fixture("sandbox"));
  words.insert(words.end(), {gatevisor_program(), "run", "--log-format=json"});
  for (const std::string& property : launch.properties) {
    words.emplace_back("-p");
    words.push_back(property);
  }
  words.insert(words.end(), launch.options.begin(), launch.options.end());
  if (!launch.unit.empty()) {
    words.push_back(launch.unit);
    return words;
  }
  words.emplace_back("--");
  if (launch.raw_command.empty()) words.push_back(fixture("misbehave"));
  const auto& command = launch.raw_command.empty() ? launch.command : launch.raw_command;
  words.insert(words.end(), command.begin(), command.end());
  return words;
}

void Gatevisor::start(const Launch& launch, const std::vector<std::string>& words) {
  int pipe[2];
  ASSERT_EQ(pipe2(pipe, O_CLOEXEC), 0);
  output_ = pipe[0];
  std::vector<char*> argv;
  for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  const bool container = launch.place == Place::Container;
  const unsigned long flags = SIGCHLD | (container ? CLONE_NEWPID | CLONE_NEWNS : 0);
  pid_ = static_cast<int>(syscall(SYS_clone, flags, nullptr, nullptr, nullptr, nullptr));
  ASSERT_GE(pid_, 0) << strerror(errno);
  if (pid_ == 0) {
    if (!cgroup_.empty() && !write_file(cgroup_ + "/cgroup.procs", "0")) child_failed("join");
    if (container) become_container(cgroup_.empty() ? "" : CgroupHome::get().mount_point());
    setpgid(0, 0);
    if (launch.prepare) launch.prepare();
    for (const auto& [name, value] : launch.environment) setenv(name.c_str(), value.c_str(), 1);
    if (launch.drop_capability >= 0) prctl(PR_CAPBSET_DROP, launch.drop_capability, 0, 0, 0);
    if (launch.uid != 0 && (setresgid(launch.uid, launch.uid, launch.uid) != 0 ||
                            setresuid(launch.uid, launch.uid, launch.uid) != 0)) {
      child_failed("setresuid");
    }
    dup2(pipe[1], STDERR_FILENO);
    execv(argv[0], argv.data());
    child_failed(argv[0]);
  }
  close(pipe[1]);
  pidfd_ = static_cast<int>(syscall(SYS_pidfd_open, pid_, 0));
}

Gatevisor::~Gatevisor() {
  if (!ended_ && pid_ > 0) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  // What gatevisor could not end because it was killed itself.
  if (own_cgroup_) {
    write_file(cgroup_ + "/cgroup.kill", "1");
    wait_unpopulated(cgroup_);
    CgroupHome::remove(cgroup_);
  }
  if (pidfd_ >= 0) close(pidfd_);
  if (output_ >= 0) close(output_);
}

bool Gatevisor::read_more(Milliseconds timeout) {
  pollfd ready{output_, POLLIN, 0};
  if (poll(&ready, 1, static_cast<int>(timeout.count())) != 1) return false;
  char buffer[8192];
  const ssize_t got = read(output_, buffer, sizeof buffer);
  if (got <= 0) return false;
  log_.append(buffer, static_cast<std::size_t>(got));
  return true;
}

bool Gatevisor::next_line(std::string& line) {
  const std::size_t end = log_.find('\n', read_to_);
  if (end == std::string::npos) return false;
  line = log_.substr(read_to_, end - read_to_);
  read_to_ = end + 1;
  return true;
}

Record Gatevisor::expect(const std::string& event, Milliseconds timeout) {
  const auto deadline = Clock::now() + timeout;
  for (;;) {
    std::string line;
    while (next_line(line)) {
      auto record = Record::parse(line);
      if (record && record->text("/event") == event) return *record;
    }
    const auto left = std::chrono::duration_cast<Milliseconds>(deadline - Clock::now());
    if (left <= 0ms || !read_more(left)) break;
  }
  ADD_FAILURE() << "waited for a record '" << event << "'; gatevisor wrote:\n" << log_;
  return {};
}

int Gatevisor::expect_end(Milliseconds timeout) {
  const auto deadline = Clock::now() + timeout;
  // Its output too: a full pipe must not be what it waits for. What it left running may hold the
  // pipe open, so its end is told by the pidfd alone.
  for (bool open = true;;) {
    const auto left = std::chrono::duration_cast<Milliseconds>(deadline - Clock::now());
    pollfd ready[2] = {{pidfd_, POLLIN, 0}, {open ? output_ : -1, POLLIN, 0}};
    if (left <= 0ms || poll(ready, 2, static_cast<int>(left.count())) <= 0) {
      ADD_FAILURE() << "gatevisor did not end; it wrote:\n" << log_;
      return -1;
    }
    if (ready[1].revents != 0) open = read_more(0ms);
    if (ready[0].revents != 0) break;
  }
  while (read_more(0ms)) {
  }
  siginfo_t info{};
  waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED);
  ended_ = true;
  return info.si_code == CLD_EXITED ? info.si_status : -info.si_status;
}

void Gatevisor::signal(int signal) { syscall(SYS_pidfd_send_signal, pidfd_, signal, nullptr, 0); }

std::size_t Gatevisor::lines_with(const std::string& text) const {
  std::size_t count = 0;
  for (std::size_t at = log_.find(text); at != std::string::npos; at = log_.find(text, at + 1)) {
    ++count;
  }
  return count;
}

namespace {

/// The last pid of the 'NSpid:' line is the one in the innermost namespace.
int innermost_pid(int pid) {
  const std::string status = read_file("/proc/" + std::to_string(pid) + "/status");
  const std::size_t at = status.find("NSpid:");
  if (at == std::string::npos) return 0;
  const std::string line = status.substr(at, status.find('\n', at) - at);
  return std::atoi(line.c_str() + line.find_last_of("\t ") + 1);
}

int find_inner(int root, int inner) {
  if (innermost_pid(root) == inner) return root;
  for (const int child : children_of(root)) {
    if (const int found = find_inner(child, inner); found != 0) return found;
  }
  return 0;
}

}  // namespace

int Gatevisor::outer_pid(int inner) const { return find_inner(pid_, inner); }

}  // namespace gatevisor::testing
