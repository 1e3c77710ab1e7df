#include "managers.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <set>
#include <sstream>

#include "cgroup_home.h"
#include "record.h"

namespace gatevisor::oracle {
namespace {

using Clock = std::chrono::steady_clock;
using testing::CgroupHome;
using testing::Record;

/// For all units together, in an emulated machine.
constexpr std::chrono::seconds kPatience{400};
constexpr std::chrono::seconds kBeforeStop{2};

std::string shell_status(int status) {
  return std::to_string(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

/// A program of which all output is read.
class Child {
 public:
  explicit Child(const std::vector<std::string>& words, const std::string& cgroup = {}) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) std::abort();
    output_ = ends[0];
    struct stat file {};
    fstat(output_, &file);
    pipe_ = "pipe:[" + std::to_string(file.st_ino) + "]";
    pid_ = fork();
    if (pid_ == 0) exec(words, cgroup, ends[1]);
    close(ends[1]);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (!ended_ && pid_ > 0) {
      kill(pid_, SIGKILL);
      waitpid(pid_, nullptr, 0);
    }
    close(output_);
  }

  int output() const { return output_; }
  const std::string& pipe() const { return pipe_; }
  const std::string& text() const { return text_; }
  int status() const { return status_; }
  void signal(int number) const {
    if (!ended_) kill(pid_, number);
  }

  bool ended() {
    if (!ended_ && waitpid(pid_, &status_, WNOHANG) == pid_) {
      ended_ = true;
      read_more();
    }
    return ended_;
  }
  void read_more() {
    fcntl(output_, F_SETFL, O_NONBLOCK);
    char bytes[8192];
    for (ssize_t got = 0; (got = read(output_, bytes, sizeof bytes)) > 0;) {
      text_.append(bytes, static_cast<std::size_t>(got));
    }
  }
  /// All that it writes until it ends.
  const std::string& wait_end() {
    char bytes[8192];
    for (ssize_t got = 0; (got = read(output_, bytes, sizeof bytes)) > 0;) {
      text_.append(bytes, static_cast<std::size_t>(got));
    }
    ended_ = waitpid(pid_, &status_, 0) == pid_;
    return text_;
  }

 private:
  [[noreturn]] static void exec(const std::vector<std::string>& words, const std::string& cgroup,
                                int output) {
    if (!cgroup.empty() && !testing::write_file(cgroup + "/cgroup.procs", "0")) _exit(126);
    std::vector<char*> argv;
    for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    // gatevisor writes to its standard error alone, systemctl what is asked to its output.
    const bool supervisor = !cgroup.empty();
    const int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    dup2(supervisor ? null : output, STDOUT_FILENO);
    if (supervisor) dup2(output, STDERR_FILENO);
    execv(argv[0], argv.data());
    _exit(127);
  }

  int pid_ = -1;
  int output_ = -1;
  int status_ = 0;
  bool ended_ = false;
  std::string pipe_;
  std::string text_;
};

/// In the order in which they are made: a reload never waits for the stops of others.
enum class Request : std::uint8_t { Reload, Stop };

/// The pipes of all runs of one manager.
class Listener {
 public:
  explicit Listener(const std::vector<Run*>& runs, Observation Run::*place)
      : runs_(runs), place_(place), done_(runs.size()) {
    for (const Run* run : runs_) {
      const std::string path = std::string(kPipes) + "/" + run->name;
      if (mkfifo(path.c_str(), 0666) != 0 || chmod(path.c_str(), 0666) != 0) {
        std::perror(path.c_str());
        std::exit(71);
      }
      fds_.push_back(open(path.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
    }
  }
  ~Listener() {
    for (std::size_t i = 0; i < runs_.size(); ++i) {
      close(fds_[i]);
      unlink((std::string(kPipes) + "/" + runs_[i]->name).c_str());
    }
  }

  /// Reads until `ended`, which is asked after each event. `ask` is told what to ask of whom.
  bool listen(const std::vector<Child*>& children, const std::function<bool()>& ended,
              const std::function<void(std::size_t, Request)>& ask) {
    const auto deadline = Clock::now() + kPatience;
    while (!ended()) {
      if (Clock::now() > deadline) return false;
      std::vector<pollfd> wanted;
      for (const int fd : fds_) wanted.push_back({fd, POLLIN, 0});
      for (Child* child : children) {
        wanted.push_back({child->ended() ? -1 : child->output(), POLLIN, 0});
      }
      poll(wanted.data(), wanted.size(), 100);
      for (Child* child : children) child->read_more();
      read_all(ask);
    }
    read_all(ask);
    return true;
  }

  /// What has been told so far. To start all of them takes longer than some wait for a request.
  void look(const std::function<void(std::size_t, Request)>& ask) { read_all(ask); }

  /// Who of those that told their pids is alive. They are ended then: what a unit left is its last
  /// fact.
  void add_left() {
    for (Run* run : runs_) {
      std::string names;
      for (const auto& [name, pid] : (run->*place_).noted_pids()) {
        if (kill(pid, 0) != 0) continue;
        names += (names.empty() ? "" : " ") + name;
        kill(pid, SIGKILL);
      }
      (run->*place_).add_fact("left", names);
    }
  }

 private:
  void read_all(const std::function<void(std::size_t, Request)>& ask) {
    for (std::size_t i = 0; i < runs_.size(); ++i) {
      Observation& observation = runs_[i]->*place_;
      char bytes[65536];
      for (ssize_t got = 0; (got = read(fds_[i], bytes, sizeof bytes)) > 0;) {
        observation.add_text(std::string(bytes, static_cast<std::size_t>(got)));
      }
      const unsigned ready = observation.ready();
      const auto due = [ready](unsigned limit, bool& done) {
        const bool now = limit != 0 && !done && ready >= limit;
        done = done || now;
        return now;
      };
      if (due(runs_[i]->reload_after, done_[i].reload)) ask(i, Request::Reload);
      if (due(runs_[i]->stop_after, done_[i].stop)) ask(i, Request::Stop);
    }
  }

  const std::vector<Run*>& runs_;
  Observation Run::*place_;
  struct Done {
    bool reload = false;
    bool stop = false;
  };
  std::vector<Done> done_;
  std::vector<int> fds_;
};

std::vector<std::string> systemctl(std::vector<std::string> words, const std::vector<Run*>& runs) {
  words.insert(words.begin(), "/usr/bin/systemctl");
  for (const Run* run : runs) words.push_back(run->name + ".service");
  return words;
}

/// `systemctl show`'s blocks, one a unit in the order asked for.
std::vector<Facts> blocks(const std::string& text) {
  std::vector<Facts> all(1);
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.empty()) {
      all.emplace_back();
      continue;
    }
    const std::size_t equals = line.find('=');
    all.back()[line.substr(0, equals)] = line.substr(equals + 1);
  }
  return all;
}

/// Asks systemd again and again whether all units have ended: without a bus it tells nobody.
class Watch {
 public:
  explicit Watch(const std::vector<Run*>& runs) {
    for (const Run* run : runs) units_.insert(run->name + ".service");
  }

  bool all_ended() {
    if (!asked_ && Clock::now() < next_) return false;
    if (!asked_) {
      asked_ = std::make_unique<Child>(systemctl({"list-units", "--plain", "--no-legend"}, {}));
    }
    if (!asked_->ended()) return false;
    std::istringstream lines(asked_->text());
    bool ended = true;
    // Not in the list: inactive and without a job. More words after SUB are a job.
    for (std::string line; std::getline(lines, line);) {
      std::istringstream words(line);
      std::string unit, load, active, sub, job;
      words >> unit >> load >> active >> sub >> job;
      if (units_.contains(unit) && (active != "failed" || is_job(job))) ended = false;
    }
    asked_.reset();
    next_ = Clock::now() + std::chrono::seconds(2);
    return ended;
  }

 private:
  static bool is_job(const std::string& word) {
    return word == "start" || word == "stop" || word == "restart";
  }

  std::set<std::string> units_;
  std::unique_ptr<Child> asked_;
  Clock::time_point next_{};
};

/// A failure is a state too, and nothing else is.
void add_end(Observation& seen, const std::string& result, const std::string& status) {
  const bool well = result == "success" || result == "skipped" || result == "assertion";
  seen.add_fact("result", result);
  seen.add_fact("state", well ? "inactive" : "failed");
  seen.add_fact("status", status);
}

void add_result(Run& run, Facts& properties) {
  Observation& seen = run.systemd;
  std::string result = properties["Result"];
  if (properties["AssertResult"] == "no") result = "assertion";
  if (properties["ConditionResult"] == "no") result = "skipped";  // assertions come after
  if (properties["LoadState"] != "loaded") result = properties["LoadState"];
  seen.add_fact("result", result);
  seen.add_fact("state", properties["ActiveState"]);
  seen.add_fact("restarts", properties["NRestarts"]);
  const int code = std::atoi(properties["ExecMainCode"].c_str());  // CLD_EXITED and its like
  const int status = std::atoi(properties["ExecMainStatus"].c_str());
  seen.add_fact("status", std::to_string(code > CLD_EXITED ? 128 + status : status));
}

/// As ExecMainStatus= has it: what gatevisor makes a failure of keeps its own status there.
std::string main_status(const Record& exited) {
  const std::string code = exited.text("/verdict/exit_code");
  if (!code.empty()) return code;
  const bool ended = exited.has("/verdict/signal") || exited.has("/verdict/exec_failure");
  return ended ? exited.text("/verdict/status") : "0";
}

void add_result(Run& run, Child& supervisor) {
  Observation& seen = run.gatevisor;
  Record last;
  std::string result;
  std::vector<std::string> next;  ///< what followed each end
  std::istringstream lines(supervisor.text());
  bool limited = false;
  bool skipped = false;
  bool assertion = false;
  std::string other;
  for (std::string line; std::getline(lines, line);) {
    const auto record = Record::parse(line);
    if (!record) other = line;
    // A record where it was found out after all was prepared.
    skipped = skipped || line.find("the unit is skipped") != std::string::npos;
    assertion = assertion || line.find("does not hold") != std::string::npos;
    const std::string event = record ? record->text("/event") : "";
    if (event == "exited") last = *record;
    if (event == "exited") next.push_back(record->text("/verdict/next/action"));
    if (event == "failed" && !next.empty()) next.back() = record->text("/next/action");
    if (event == "exited" || event == "failed") result = record->text("/result");
    if (event == "start-limit") limited = true;
  }
  // systemd counts the one that it refuses too.
  const auto restarts = std::ranges::count(next, "respawn") + (limited ? 1 : 0);
  seen.add_fact("restarts", std::to_string(restarts));
  // systemd keeps the first result that is none of success.
  if (limited && result == "success") result = "start-limit-hit";
  if (!result.empty()) {
    add_end(seen, result, main_status(last));
    return;
  }
  const std::string status = shell_status(supervisor.status());
  // What systemd finds out in the child, with an exit status of its own.
  const bool found_early = status.size() == 3 && status[0] == '2';
  add_end(seen,
          skipped       ? "skipped"
          : assertion   ? "assertion"
          : found_early ? "exit-code"
                        : other,
          skipped || assertion ? "0" : status);
}

}  // namespace

bool run_under_systemd(std::vector<Run*>& runs) {
  Listener listener(runs, &Run::systemd);
  Child(systemctl({"start", "--no-block"}, runs)).wait_end();
  Watch watch(runs);
  // One systemctl at a time, for all that became ready meanwhile.
  std::map<Request, std::vector<Run*>> wanted;
  std::unique_ptr<Child> asking;
  const auto ended = [&] {
    if (asking && asking->ended()) asking.reset();
    for (auto& [request, whom] : wanted) {
      if (asking || whom.empty()) continue;
      const char* word = request == Request::Stop ? "stop" : "reload";
      asking = std::make_unique<Child>(systemctl({word, "--no-block"}, whom));
      whom.clear();
    }
    return !asking && watch.all_ended();
  };
  const bool done = listener.listen(
      {}, ended, [&](std::size_t i, Request request) { wanted[request].push_back(runs[i]); });
  Child shown(systemctl({"show",
                         "--property=Result,ExecMainCode,ExecMainStatus,ConditionResult,"
                         "AssertResult,LoadState,ActiveState,NRestarts"},
                        runs));
  auto properties = blocks(shown.wait_end());
  properties.resize(runs.size());
  for (std::size_t i = 0; i < runs.size(); ++i) add_result(*runs[i], properties[i]);
  listener.add_left();
  return done;
}

bool run_under_gatevisor(std::vector<Run*>& runs) {
  const char* program = std::getenv("GATEVISOR_BIN");
  Listener listener(runs, &Run::gatevisor);
  std::vector<std::unique_ptr<Child>> supervisors;
  std::vector<Child*> children;
  std::vector<std::string> cgroups;
  // systemctl takes its time. A signal would be there before what the unit had said just before it
  // has been acted upon: the program of ExecStartPost= needs time to start, too.
  std::vector<std::pair<Clock::time_point, std::size_t>> stops;
  const auto ask = [&](std::size_t i, Request request) {
    if (request == Request::Reload) return children[i]->signal(SIGHUP);
    stops.emplace_back(Clock::now() + kBeforeStop, i);
  };
  const auto ask_due = [&] {
    std::erase_if(stops, [&](const auto& stop) {
      const bool due = Clock::now() >= stop.first;
      if (due) children[stop.second]->signal(SIGTERM);
      return due;
    });
  };
  for (Run* run : runs) {
    cgroups.push_back(CgroupHome::get().make("gatevisor-" + std::to_string(cgroups.size())));
    supervisors.push_back(std::make_unique<Child>(
        std::vector<std::string>{program, "run", "--log-format=json", run->name + ".service"},
        cgroups.back()));
    children.push_back(supervisors.back().get());
    run->gatevisor.set_log(children.back()->pipe());
    listener.look(ask);
    ask_due();
  }
  const auto all_ended = [&] {
    ask_due();
    bool all = true;
    for (Child* child : children) all = child->ended() && all;
    return all;
  };
  const bool done = listener.listen(children, all_ended, ask);
  for (std::size_t i = 0; i < runs.size(); ++i) add_result(*runs[i], *children[i]);
  listener.add_left();
  for (const std::string& cgroup : cgroups) {
    testing::write_file(cgroup + "/cgroup.kill", "1");
    CgroupHome::remove(cgroup);
  }
  return done;
}

}  // namespace gatevisor::oracle
