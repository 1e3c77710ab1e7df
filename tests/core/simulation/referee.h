// Watches one simulated life of gatevisor and says what must never happen.
//
// After every step: never two main processes; nothing is sent to one that has ended; no respawn
// before its delay nor after a stop; one Exited record a death, with its true cause; an empty leaf
// at Release; a bounded stop; no deadline that stays in the past; nothing asked after Exit.
// Of commands: never one beside another that was not killed; ExecStop= at most once, ExecStopPost=
// exactly once an invocation; one verdict, or none where a stop or ExecCondition= came first; and
// whatever waits has a deadline, unless a setting says that it has none.
#pragma once

#include <array>
#include <deque>
#include <optional>
#include <set>
#include <string>

#include "core/manager.h"
#include "simulation/fake_kernel.h"

namespace gatevisor::core {

struct Statistics {
  std::array<std::uint64_t, kAllCauses.size()> deaths{};  ///< true causes that were told
  std::uint64_t ambiguous = 0;  ///< deaths of which nobody could tell the cause
  std::uint64_t judged = 0;     ///< all others; each verdict was right
  std::uint64_t steps = 0;
  std::uint64_t spawns = 0;
  std::uint64_t stops = 0;  ///< that were bounded, and ended in time
  std::uint64_t left_behind = 0;

  void add(const Statistics& other);
};

class Referee {
 public:
  Referee(const Scenario& scenario, const FakeKernel& kernel)
      : scenario_(scenario), kernel_(kernel) {}

  /// What the core answered, before the kernel does it. `due`: its deadline before the step.
  void answered(const Event& event, Instant due, const Actions& actions, ServiceState before);
  /// And after it was done.
  void done(const Event& event, Instant due, const Manager& manager);
  /// The world is over, and gatevisor goes on.
  void outlived();

  bool exited() const { return exited_; }
  bool stopping() const { return stop_at_.has_value(); }
  const std::optional<std::string>& failure() const { return failure_; }
  const Statistics& statistics() const { return statistics_; }

 private:
  void note(const Event& event, Instant due);
  void check(const Event& event, const Action& action);
  void check_spawn(const action::Spawn& spawn);
  void check_command(const action::SpawnCommand& command);
  void check_begin(std::uint64_t invocation);
  void check_invocation();
  void check_deadline(const Manager& manager);
  Duration longest_stop() const;
  Duration longest_hooks() const;
  Truth expected(const Event& event) const;
  void check_release();
  void check_exit();
  void check_exited(const Event& event, const record::Exited& record);
  void check_cause(const Verdict& verdict, const Truth& truth);
  void check_next(const Verdict& verdict);
  void check_delay(const Verdict& verdict);
  void require(bool holds, const std::string& what) {
    if (!holds && !failure_) failure_ = what;
  }
  Instant now() const { return kernel_.now(); }

  const Scenario& scenario_;
  const FakeKernel& kernel_;
  std::optional<std::string> failure_;
  Statistics statistics_;
  std::uint64_t launches_ = 0;
  bool released_ = true;
  bool left_behind_ = false;    ///< told in this step
  bool restart_asked_ = false;  ///< since the last spawn
  bool start_asked_ = false;
  std::set<std::uint64_t> unanswered_;  ///< tickets
  std::optional<Instant> stop_at_;
  Duration late_{};          ///< for how long a timer was overdue since then
  Instant late_until_{};     ///< up to which moment that was counted
  bool unkillable_ = false;  ///< something since then does not die of SIGKILL at once
  Instant asked_at_{};       ///< the last signal that was meant to end something
  std::optional<Verdict> last_;
  std::deque<Instant> exits_;
  unsigned exited_records_ = 0;  ///< in this step
  bool hard_to_kill_ = false;    ///< something in this invocation does not die of SIGKILL at once
  bool memory_told_ = false;     ///< in this step: trouble that OOMPolicy= may kill for
  std::optional<Instant> last_alarm_;  ///< since the exits were fewer
  bool exited_ = false;
  // Of this invocation.
  unsigned verdicts_ = 0;
  unsigned stops_run_ = 0;       ///< ExecStop= was begun
  unsigned posts_run_ = 0;       ///< ExecStopPost= was begun
  bool left_none_ = false;       ///< Type=forking, and no process is its main one
  bool main_died_ = false;       ///< it was told
  bool aborted_ = false;         ///< skipped, or a stop or restart was asked for
  bool command_failed_ = false;  ///< in this step
  bool command_killed_ = false;  ///< in this step
  Duration extended_{};          ///< by EXTEND_TIMEOUT_USEC=, since the stop
};

}  // namespace gatevisor::core
