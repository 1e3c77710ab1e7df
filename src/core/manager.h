// The decider: everything that happens goes in here, and what is to be done comes out.
//
// `step(now, event, unit)` is the whole interface. No system call, no clock, no log, no errno.
//
// Each unit is a Service. What is to become of a unit is its job, as systemd has it: a start waits
// for what is ordered before it, a stop for what is ordered behind it, and when a job is done the
// ones that waited for it go on. One unit is the main one: when it is over, the others are stopped
// in their order and gatevisor exits as it did.
//
// A client's command is a job too, or is done at once; what came of it is an Answer.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string_view>
#include <vector>

#include "core/service.h"
#include "core/unit_graph.h"
#include "gatevisor/action.h"
#include "gatevisor/event.h"
#include "gatevisor/settings.h"

namespace gatevisor::core {

/// Everything that one gatevisor runs.
struct UnitSet {
  std::vector<ServiceSettings> settings;  ///< those of OnFailure= and its like too
  UnitGraph graph;                        ///< of these
  std::size_t main = 0;
  bool keep_running = false;  ///< the main unit's end is not gatevisor's
};

class Manager {
 public:
  /// `seed` drives the jitter of respawn delays alone.
  Manager(UnitSet units, std::uint64_t seed);
  /// Of one unit.
  Manager(ServiceSettings settings, std::uint64_t seed);
  Manager(const Manager&) = delete;
  Manager& operator=(const Manager&) = delete;

  /// Who waits for one job or reload; more of them are told to come again.
  static constexpr std::size_t kMostWaiting = 64;

  /// `now` must not go backwards. `unit`: whom the event concerns; of Start, SignalReceived and
  /// TimerExpired it means nothing. After action::Exit every further event is ignored.
  UnitActions step(Instant now, const Event& event, std::size_t unit = 0);

  /// When the next TimerExpired is due; Instant::max() while nothing is waited for.
  Instant deadline() const;

  const Service& service(std::size_t unit = 0) const { return units_[unit].service; }
  /// Since when its activity is what it is; nullopt: it has never been another.
  std::optional<Instant> since(std::size_t unit) const { return units_[unit].since; }
  /// 'start', 'stop', 'restart': what it waits for, or is about. Empty: nothing.
  std::string_view job(std::size_t unit) const;
  bool is_ending() const { return ending_; }

 private:
  /// Restart: its stop; once that is done it becomes its start.
  enum class Job : std::uint8_t { None, Start, Stop, Restart };
  struct Unit {
    Unit(const ServiceSettings& of, std::uint64_t seed) : settings(of), service(of, seed) {}
    const ServiceSettings& settings;
    Service service;
    Job job = Job::None;
    bool running = false;   ///< the job has begun
    bool checking = false;  ///< a start that waits for the answer about its conditions
    bool called = false;    ///< a start that OnFailure= or OnSuccess= of another asked for
    bool called_in_step = false;
    SlidingWindow upheld{std::chrono::seconds{10}};  ///< starts for Upholds=
    Requester from;                                  ///< of a stop
    Activity activity = Activity::Inactive;          ///< when it was last looked at
    std::optional<Instant> since;                    ///< when that changed
    std::vector<std::uint64_t> tickets;              ///< of those who wait for the job
    std::vector<std::uint64_t> reloads;              ///< of those who wait for the reload that runs
    std::vector<std::uint64_t> next_reloads;
    std::optional<Requester> reload_next;  ///< once it has started, or once more

    /// A stop that is not done.
    bool ending() const { return job == Job::Stop || job == Job::Restart; }
    /// A start that has made no process.
    bool start_waits() const { return job == Job::Start && (!running || checking); }
    bool at_rest() const;
  };

  // manager.cc: events, and gatevisor's own end
  void take(Instant now, const Event& event, std::size_t unit, UnitActions& out);
  void on_signal(Instant now, const event::SignalReceived& event, UnitActions& out);
  void on_timer(Instant now, UnitActions& out);
  void ask_reload(Instant now, std::size_t unit, const Requester& from, UnitActions& out);
  void reload(Instant now, std::size_t unit, const Requester& from, UnitActions& out);
  void shut_down(Instant now, const Requester& from, UnitActions& out);
  void check_end(Instant now, UnitActions& out);
  bool somebody_was_called() const;

  // unit_commands.cc: what a client asks for
  void command(Instant now, std::size_t unit, const event::CommandRequested& asked,
               UnitActions& out);
  void start_command(std::size_t unit, std::uint64_t ticket);
  void stop_command(std::size_t unit, const event::CommandRequested& asked);
  void restart_command(std::size_t unit, const event::CommandRequested& asked);
  void reload_command(Instant now, std::size_t unit, const event::CommandRequested& asked,
                      UnitActions& out);
  void kill_command(Instant now, std::size_t unit, const event::CommandRequested& asked,
                    UnitActions& out);
  void wait_for_job(std::size_t unit, std::uint64_t ticket);
  void wait_in(std::vector<std::uint64_t>& list, std::size_t unit, std::uint64_t ticket);
  bool reload_waits(std::size_t unit) const;
  void end_reload(Instant now, std::size_t unit, UnitActions& out);
  void answer(std::uint64_t ticket, std::size_t unit, JobResult result, std::string detail = {});
  void answer_all(std::size_t unit, JobResult result, const std::string& detail);
  void give_answers(UnitActions& out);

  // unit_jobs.cc: from one state of the units to the next
  void settle(Instant now, UnitActions& out);
  bool note_activity(Instant now, std::size_t unit, UnitActions& out);
  void end_job_by(std::size_t unit, Activity was, Activity is, UnitActions& out);
  void begin_stop(Instant now, std::size_t unit, UnitActions& out);
  bool begin_job(Instant now, std::size_t unit, UnitActions& out);
  bool begin_respawn(Instant now, std::size_t unit, UnitActions& out);
  bool uphold(Instant now, std::size_t unit);
  bool may_start(std::size_t unit) const;
  bool may_stop(std::size_t unit) const;
  void begin_start(Instant now, std::size_t unit, UnitActions& out);
  void start(Instant now, std::size_t unit, UnitActions& out);
  void conditions_checked(Instant now, std::size_t unit, const event::ConditionsChecked& event,
                          UnitActions& out);
  void add_start(std::size_t unit);
  void add_stop(std::size_t unit, const Requester& from);
  void add_restart(std::size_t unit, const Requester& from);
  void start_with(std::size_t unit);
  void restart_with(std::size_t unit);
  bool has_running(const UnitGraph::Units& units) const;
  void end_job(std::size_t unit, JobResult result, const std::string& detail = {});
  void refuse(std::size_t unit, JobResult result, int status, const std::string& reason,
              UnitActions& out);
  void fail_dependents(std::size_t unit, const std::string& how, UnitActions& out);
  void call(const UnitGraph::Units& units, std::size_t caller);

  /// Whatever `ask(service, actions)` wants done, for that unit.
  template <typename Ask>
  void with(std::size_t unit, UnitActions& out, Ask ask) {
    Actions actions;
    ask(units_[unit].service, actions);
    for (Action& action : actions) out.push_back({unit, std::move(action)});
  }

  const UnitSet set_;
  std::deque<Unit> units_;
  UnitActions answers_;  ///< given at the end of the step
  bool ending_ = false;  ///< every unit is to be stopped
  bool exited_ = false;
};

}  // namespace gatevisor::core
