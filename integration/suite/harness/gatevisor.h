// A gatevisor under test: started, listened to, signalled, waited for.
//
// Every wait is for an event with a deadline, and says what it waited for and all that gatevisor
// has written when it fails. GATEVISOR_TEST_SLOW=N makes every deadline N times longer (emulation).
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "record.h"

namespace gatevisor::testing {

using namespace std::chrono_literals;
using Milliseconds = std::chrono::milliseconds;

/// 10 s, times GATEVISOR_TEST_SLOW.
Milliseconds patience(Milliseconds span = 10s);
int slowness();

/// Programs of this build, next to the test or from GATEVISOR_BIN.
std::string gatevisor_program();
std::string fixture(const std::string& name);

enum class Place {
  Plain,      ///< a process like any other, in a cgroup of its own
  Container,  ///< PID 1 of new PID, mount and cgroup namespaces
  Sandbox,    ///< under the fixture `sandbox`
};

struct Launch {
  std::vector<std::string> command;      ///< words for the fixture misbehave
  std::vector<std::string> properties;   ///< each for -p
  std::vector<std::string> options;      ///< before the --
  std::vector<std::string> raw_command;  ///< instead of misbehave
  std::string unit;                      ///< a unit file instead of a command
  Place place = Place::Plain;
  std::map<std::string, std::string> environment;
  unsigned uid = 0;               ///< whom gatevisor itself runs as
  int drop_capability = -1;       ///< out of gatevisor's own bounding set
  std::string cgroup;             ///< instead of a fresh one; "none": stays where the test is
  std::function<void()> prepare;  ///< done by the child while it is still root
};

class Gatevisor {
 public:
  explicit Gatevisor(Launch launch);
  ~Gatevisor();
  Gatevisor(const Gatevisor&) = delete;
  Gatevisor& operator=(const Gatevisor&) = delete;

  int pid() const { return pid_; }
  const std::string& cgroup() const { return cgroup_; }

  /// The next record of that event; records of others on the way are passed over.
  Record expect(const std::string& event, Milliseconds timeout = patience());
  /// pid of the main process, from the next 'started'.
  int expect_started() { return static_cast<int>(expect("started").number("/pid")); }
  Record expect_exited() { return expect("exited"); }
  /// gatevisor's own exit status; -signal where it was killed.
  int expect_end(Milliseconds timeout = patience(30s));

  void signal(int signal);
  /// Everything on its standard error so far.
  const std::string& log() const { return log_; }
  std::size_t lines_with(const std::string& text) const;
  /// Translates a pid that a Container's gatevisor tells to one of this namespace; 0 if it is gone.
  int outer_pid(int inner) const;

 private:
  std::vector<std::string> arguments(const Launch& launch) const;
  void start(const Launch& launch, const std::vector<std::string>& arguments);
  bool read_more(Milliseconds timeout);
  bool next_line(std::string& line);

  int pid_ = 0;
  int pidfd_ = -1;
  int output_ = -1;
  bool ended_ = false;
  bool own_cgroup_ = false;
  std::string cgroup_;
  std::string log_;
  std::size_t read_to_ = 0;
};

/// Words for a gateway that waits for SIGTERM, and the wait for its being there.
std::vector<std::string> waiting(const class TempDir& files);
void expect_waiting(const class TempDir& files);

/// Waits until `pid` (not necessarily our child) is gone; false at the deadline.
bool wait_gone(int pid, Milliseconds timeout = patience());
bool is_alive(int pid);  ///< and no zombie
std::vector<int> children_of(int pid);
std::size_t open_fds(int pid);
/// A number of /proc/<pid>/status: status_number(pid, "VmRSS:").
long status_number(int pid, const std::string& key);

/// A directory that everybody may write, removed at the end.
class TempDir {
 public:
  TempDir();
  ~TempDir();
  std::string file(const std::string& name) const { return path_ + "/" + name; }
  /// Waits (inotify) until the file is there and not empty; its content.
  std::string wait_file(const std::string& name) const;
  /// Waits until the file has `text` in it.
  void wait_text(const std::string& name, const std::string& text) const;
  /// key=value lines of `misbehave report`.
  std::map<std::string, std::string> wait_report(const std::string& name) const;

 private:
  template <typename Done>
  std::string wait_until(const std::string& name, Done done) const;

  std::string path_;
};

}  // namespace gatevisor::testing
