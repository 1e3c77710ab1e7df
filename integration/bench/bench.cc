// How fast gatevisor brings a gateway back, against its peers in the same run.
//
//   bench GATEVISOR BEACON [--rounds N] [--idle SECONDS] [--only-idle] [--check]
//
// Prints medians and ratios. --check: exit status 1 where a bar of this file is missed. Ends only
// the processes that it started, by pidfd.

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <optional>

#include "contender.h"

namespace gatevisor::bench {
namespace {

// The bars: what the project holds itself to.
constexpr double kMaxOverBareLoop = 1.5;
constexpr double kMaxOverTini = 3.0;
constexpr long kMaxWakeups = 0;
constexpr long kMaxPrivateDirtyKb = 400;
constexpr long kMaxPssKb = 2560;

/// How long each gateway of the respawn measurement lives.
constexpr int kLifeMs = 1200;

struct Beacon {
  std::int64_t at;
  std::int64_t pid;
};

std::int64_t now() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1'000'000'000LL + time.tv_nsec;
}

class Receiver {
 public:
  explicit Receiver(const std::string& path) : fd_(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    if (bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
      std::perror("bench: bind");
      std::exit(71);
    }
    // The gateway runs as another user.
    std::filesystem::permissions(path, std::filesystem::perms::all);
  }
  ~Receiver() { close(fd_); }

  std::optional<Beacon> next(int timeout_ms) {
    pollfd ready{fd_, POLLIN, 0};
    Beacon beacon{};
    if (poll(&ready, 1, timeout_ms) != 1) return std::nullopt;
    if (recv(fd_, &beacon, sizeof beacon, 0) != sizeof beacon) return std::nullopt;
    return beacon;
  }

 private:
  int fd_;
};

pid_t start(const std::vector<std::string>& argv) {
  std::vector<char*> arguments;
  for (const std::string& argument : argv) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  const pid_t pid = fork();
  if (pid != 0) return pid;
  setpgid(0, 0);
  const int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
  if (dup2(null, STDOUT_FILENO) < 0 || dup2(null, STDERR_FILENO) < 0) _exit(71);
  execv(arguments[0], arguments.data());
  _exit(127);
}

void end(pid_t supervisor, std::int64_t gateway) {
  kill(supervisor, SIGTERM);
  for (int i = 0; i < 2; ++i) {
    siginfo_t info{};
    const int pidfd = static_cast<int>(syscall(SYS_pidfd_open, supervisor, 0));
    pollfd gone{pidfd, POLLIN, 0};
    const bool ended = poll(&gone, 1, 5'000) == 1;
    close(pidfd);
    if (ended) {
      waitid(P_PID, static_cast<id_t>(supervisor), &info, WEXITED);
      break;
    }
    kill(supervisor, SIGKILL);
  }
  // A peer that leaves its service behind: it is our subreaper's child now.
  if (gateway > 0 && kill(static_cast<pid_t>(gateway), 0) == 0) {
    kill(static_cast<pid_t>(gateway), SIGKILL);
  }
  while (waitpid(-1, nullptr, WNOHANG) > 0) {
  }
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values.empty() ? 0 : values[values.size() / 2];
}

/// Milliseconds from the kill of the gateway to its successor's main().
std::optional<double> measure_respawn(const Contender& contender, Receiver& receiver, int rounds) {
  const pid_t supervisor = start(contender.argv);
  auto beacon = receiver.next(20'000);
  std::vector<double> times;
  const std::int64_t give_up = now() + 20'000'000'000LL;
  while (beacon && static_cast<int>(times.size()) < rounds && now() < give_up) {
    // A gateway lives before it dies: what its supervisor does after a start is over by then.
    receiver.next(kLifeMs);
    const std::int64_t killed = now();
    kill(static_cast<pid_t>(beacon->pid), SIGKILL);
    beacon = receiver.next(10'000);
    if (beacon) times.push_back(static_cast<double>(beacon->at - killed) / 1e6);
  }
  end(supervisor, beacon ? beacon->pid : 0);
  while (receiver.next(0)) {
  }
  if (times.empty()) return std::nullopt;
  return median(std::move(times));
}

std::optional<double> measure_start(const Contender& contender, Receiver& receiver, int rounds) {
  std::vector<double> times;
  for (int i = 0; i < rounds; ++i) {
    const std::int64_t started = now();
    const pid_t supervisor = start(contender.argv);
    const auto beacon = receiver.next(10'000);
    if (beacon) times.push_back(static_cast<double>(beacon->at - started) / 1e6);
    end(supervisor, beacon ? beacon->pid : 0);
  }
  if (times.empty()) return std::nullopt;
  return median(std::move(times));
}

long number_in(const std::string& path, const std::string& key) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(key)) return std::atol(line.c_str() + key.size());
  }
  return -1;
}

long switches(pid_t pid) {
  const std::string path = "/proc/" + std::to_string(pid) + "/status";
  return number_in(path, "voluntary_ctxt_switches:") +
         number_in(path, "nonvoluntary_ctxt_switches:");
}

[[noreturn]] void bare_loop(char** argv) {
  for (;;) {
    const pid_t pid = vfork();
    if (pid == 0) {
      execv(argv[0], argv);
      _exit(127);
    }
    waitpid(pid, nullptr, 0);
  }
}

class Report {
 public:
  void bar(const char* what, double value, double limit, const char* unit) {
    const bool met = value <= limit;
    met ? ++passed_ : ++failed_;
    std::printf("  %-4s %s: %.4g%s, at most %.4g%s\n", met ? "ok" : "MISS", what, value, unit,
                limit, unit);
  }
  int finish() const {
    std::printf("bench: %d passed, %d failed\n", passed_, failed_);
    return failed_ == 0 ? 0 : 1;
  }

 private:
  int passed_ = 0;
  int failed_ = 0;
};

void bench_respawn(const Setup& setup, Receiver& receiver, int rounds, Report& report) {
  std::printf("death of the gateway to its successor's main(), median of up to %d:\n", rounds);
  double floor = 0;
  double own = 0;
  double best_peer = 0;
  for (const Contender& contender : respawners(setup)) {
    const auto time =
        contender.argv.empty() ? std::nullopt : measure_respawn(contender, receiver, rounds);
    if (!time) {
      std::printf("  %-12s %s\n", contender.name.c_str(),
                  contender.note.empty() ? "gave no figure" : contender.note.c_str());
      continue;
    }
    if (contender.name == "bare loop") {
      floor = *time;
    } else if (contender.name == "gatevisor") {
      own = *time;
    } else {
      best_peer = best_peer == 0 ? *time : std::min(best_peer, *time);
    }
    std::printf("  %-12s %9.3f ms  %8.2f x  %s\n", contender.name.c_str(), *time, *time / floor,
                contender.note.c_str());
  }
  report.bar("gatevisor / bare loop", own / floor, kMaxOverBareLoop, "x");
  if (best_peer > 0) report.bar("gatevisor / fastest peer", own / best_peer, 1.0, "x");
}

void bench_start(const Setup& setup, Receiver& receiver, int rounds, Report& report) {
  std::printf("start to the gateway's main(), median of %d:\n", rounds);
  double tini = 0;
  double own = 0;
  for (const Contender& contender : starters(setup)) {
    if (contender.argv.empty()) {
      std::printf("  %-12s not installed\n", contender.name.c_str());
      continue;
    }
    const auto time = measure_start(contender, receiver, rounds);
    if (!time) continue;
    (contender.name == "tini" ? tini : own) = *time;
    std::printf("  %-12s %9.3f ms\n", contender.name.c_str(), *time);
  }
  if (tini > 0) report.bar("gatevisor / tini", own / tini, kMaxOverTini, "x");
}

/// A gateway that does nothing, and what its supervisor does meanwhile.
struct Idle {
  long wakeups;
  long dirty;  ///< KB
  long pss;    ///< KB
};

Idle measure_idle(const std::vector<std::string>& argv, Receiver& receiver, int seconds) {
  const pid_t supervisor = start(argv);
  const auto beacon = receiver.next(10'000);
  // Until gatevisor has told of the start and sleeps: nothing comes, so this waits its time-out.
  receiver.next(1'000);
  const long before = switches(supervisor);
  receiver.next(seconds * 1'000);
  const std::string rollup = "/proc/" + std::to_string(supervisor) + "/smaps_rollup";
  const Idle idle{switches(supervisor) - before, number_in(rollup, "Private_Dirty:"),
                  number_in(rollup, "Pss:")};
  end(supervisor, beacon ? beacon->pid : 0);
  return idle;
}

void bench_idle(const Setup& setup, Receiver& receiver, int seconds, Report& report) {
  std::printf("idle for %d s, and memory:\n", seconds);
  sync();  // a program file that was just written counts as dirty
  std::vector<std::string> argv = starters(setup).back().argv;
  const Idle usual = measure_idle(argv, receiver, seconds);
  // The flight recorder's: at 1, 2, 4, 8 and 16 s, then every 10 s.
  report.bar("wake-ups", static_cast<double>(usual.wakeups), 5 + seconds / 10, "");
  report.bar("private dirty memory", static_cast<double>(usual.dirty), kMaxPrivateDirtyKb, " KB");
  report.bar("PSS", static_cast<double>(usual.pss), kMaxPssKb, " KB");
  argv.insert(std::ranges::find(argv, "run") + 1, "--property=MemorySampleSec=0");
  const Idle still = measure_idle(argv, receiver, seconds);
  report.bar("wake-ups with MemorySampleSec=0", static_cast<double>(still.wakeups), kMaxWakeups, "");
}

}  // namespace
}  // namespace gatevisor::bench

int main(int argc, char** argv) {
  using namespace gatevisor::bench;
  if (argc >= 4 && std::string(argv[1]) == "--bare-loop") bare_loop(argv + 2);
  if (argc < 3) {
    std::fprintf(stderr,
                 "usage: bench GATEVISOR BEACON [--rounds N] [--idle SECONDS] [--only-idle] "
                 "[--check]\n");
    return 64;
  }
  int rounds = 60;
  int idle = 60;
  bool check = false;
  bool only_idle = false;
  for (int i = 3; i < argc; ++i) {
    const std::string option = argv[i];
    if (option == "--rounds" && i + 1 < argc) rounds = std::atoi(argv[++i]);
    if (option == "--idle" && i + 1 < argc) idle = std::atoi(argv[++i]);
    if (option == "--check") check = true;
    if (option == "--only-idle") only_idle = true;
  }
  setvbuf(stdout, nullptr, _IOLBF, 0);
  prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  char pattern[] = "/tmp/gatevisor-bench-XXXXXX";
  const std::string directory = mkdtemp(pattern);
  std::filesystem::permissions(directory, std::filesystem::perms::all);
  // Absolute: peers change their working directory.
  const Setup setup{std::filesystem::canonical(argv[1]), std::filesystem::canonical(argv[2]),
                    std::filesystem::canonical("/proc/self/exe"),
                    directory + "/socket", directory};
  int status = 0;
  {
    Receiver receiver(setup.socket);
    Report report;
    if (!only_idle) {
      bench_respawn(setup, receiver, rounds, report);
      bench_start(setup, receiver, std::min(rounds, 100), report);
    }
    bench_idle(setup, receiver, idle, report);
    status = report.finish();
  }
  std::filesystem::remove_all(directory);
  return check ? status : 0;
}
