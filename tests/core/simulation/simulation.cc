#include "simulation/simulation.h"

#include <cerrno>
#include <csignal>

#include "core_testing.h"

namespace gatevisor::core {
namespace {

constexpr std::size_t kTraceLines = 300;

std::string seconds(Instant when) {
  std::string text = std::to_string((when - at(1000s)).count());
  if (text.size() < 7) text.insert(0, 7 - text.size(), '0');
  return text.insert(text.size() - 6, ".");
}

}  // namespace

Simulation::Simulation(std::uint64_t seed, bool tracing)
    : dice_(seed),
      scenario_(draw_scenario(dice_)),
      kernel_(scenario_, dice_),
      manager_(scenario_.settings, seed),
      referee_(scenario_, kernel_),
      world_ends_(kernel_.now() + scenario_.horizon + 3h),
      tracing_(tracing) {}

Outcome Simulation::run() {
  begin_the_outside();
  step(event::Start{});
  while (!referee_.exited() && !referee_.failure()) {
    if (!kernel_.events.empty()) {
      const Event event = std::move(kernel_.events.front());
      kernel_.events.pop_front();
      step(event);
    } else if (!advance()) {
      referee_.outlived();
      break;
    }
  }
  if (referee_.exited()) {
    // Whatever still comes in: nothing is asked any more.
    for (const Event& event : {Event{event::TimerExpired{}}, Event{event::TreeEmpty{}},
                               Event{event::SignalReceived{SIGTERM, {}}}, Event{event::Start{}},
                               Event{event::CommandRequested{Verb::Restart, {}, 1}}, Event{event::ExecSucceeded{}}}) {
      step(event);
    }
  }
  Outcome outcome{referee_.failure(), to_string(scenario_) + "\n", referee_.statistics()};
  for (const std::string& line : trace_) outcome.trace += line + "\n";
  return outcome;
}

/// The next thing that happens, or the timer; false when nothing will any more.
bool Simulation::advance() {
  const Instant deadline = manager_.deadline();
  if (deadline != late_for_) {
    late_for_ = deadline;
    lateness_ = {};
    if (scenario_.late_timers && dice_.chance(30)) {
      lateness_ = dice_.chance(5) ? dice_.span(1s, 100s) : dice_.span(0ms, 50ms);
    }
  }
  const Instant timer = deadline == Instant::max() ? deadline : after(deadline, lateness_);
  const Instant next = kernel_.next_at();
  if (std::min(timer, next) > world_ends_) return false;
  if (timer < next || (timer == next && dice_.chance(50))) {
    kernel_.wait_until(timer);
    step(event::TimerExpired{});
  } else {
    kernel_.run_next();
  }
  return true;
}

void Simulation::step(const Event& event) {
  const Instant due = manager_.deadline();
  const ServiceState before = manager_.service().state();
  const Actions actions = of_one(manager_.step(kernel_.now(), event));
  if (tracing_) add_trace(event, actions, before);
  referee_.answered(event, due, actions, before);
  note_clocks(event, before);
  note_reasons(event, actions, before);
  const auto* signal = std::get_if<event::SignalReceived>(&event);
  const auto* asked = std::get_if<event::CommandRequested>(&event);
  const bool forwarded =
      (signal != nullptr && signal->signal != SIGTERM && signal->signal != SIGINT) ||
      (asked != nullptr && asked->verb == Verb::Kill);
  for (const Action& action : actions) kernel_.perform(action, forwarded);
  const ServiceState state = manager_.service().state();
  const bool ended = state == ServiceState::Clearing || state == ServiceState::ClearKilling ||
                     state == ServiceState::StopPost || state == ServiceState::Waiting;
  if (std::holds_alternative<event::MainFound>(event) && ended) kernel_.forget_main();
  referee_.done(event, due, manager_);
}

// Why the core ends a process is told by what it answers with a signal, and by its own records.
void Simulation::note_reasons(const Event& event, const Actions& actions, ServiceState before) {
  if (!kernel_.main_known()) return;
  bool signalled = false;
  bool reloads = false;  // whose signal is not meant to end it
  for (const Action& action : actions) {
    const auto* emit = std::get_if<action::Emit>(&action);
    if (emit != nullptr) reloads = std::holds_alternative<record::Reloading>(emit->record);
    const auto* command = std::get_if<action::SpawnCommand>(&action);
    const bool stops = command != nullptr && command->kind == CommandKind::Stop;
    if (stops) kernel_.note_act();
    signalled = signalled || stops || std::holds_alternative<action::SignalTree>(action) ||
                (std::holds_alternative<action::SignalMain>(action) && !reloads) ||
                std::holds_alternative<action::KillTree>(action);
  }
  if (!signalled) return;
  const bool first = kernel_.reason() == Reason::None;
  const auto* signal = std::get_if<event::SignalReceived>(&event);
  const auto* asked = std::get_if<event::CommandRequested>(&event);
  const bool command =
      asked != nullptr && (asked->verb == Verb::Stop || asked->verb == Verb::Restart);
  const bool stop = signal != nullptr && (signal->signal == SIGTERM || signal->signal == SIGINT);
  if (first && (stop || command ||
                std::holds_alternative<event::Spawned>(event) ||
                (std::holds_alternative<event::CommandSpawned>(event) &&
                 before == ServiceState::Reloading) ||
                (std::holds_alternative<event::CommandSpawnFailed>(event) &&
                 before == ServiceState::Reloading))) {
    kernel_.note_reason(Reason::Request);
  }
  const auto* told = std::get_if<event::Notified>(&event);
  if (first && told != nullptr && told->watchdog_trigger) kernel_.note_reason(Reason::Watchdog);
  if (first && std::holds_alternative<event::TimerExpired>(event)) {
    const Reason reason = time_out(before);
    if (reason != Reason::None) kernel_.note_reason(reason);
  }
  for (const Action& action : actions) {
    const auto* emit = std::get_if<action::Emit>(&action);
    if (emit == nullptr) continue;
    const auto* oom = std::get_if<record::OomWhileAlive>(&emit->record);
    const auto* stall = std::get_if<record::MemoryStalled>(&emit->record);
    const auto* probe = std::get_if<record::ProbeFailed>(&emit->record);
    const auto* failed = std::get_if<record::CommandFailed>(&emit->record);
    if (first && oom != nullptr && oom->stopping) {
      kernel_.note_reason(Reason::OutOfMemory);
    } else if (first && failed != nullptr && failed->kind == CommandKind::StartPost) {
      kernel_.note_reason(Reason::Command);
    } else if (first && stall != nullptr && stall->killing) {
      kernel_.note_reason(Reason::Stall);
    } else if (first && probe != nullptr && probe->ending) {
      kernel_.note_reason(Reason::Probe);
    } else if (std::holds_alternative<record::KillEscalated>(emit->record)) {
      kernel_.note_timed_out();
    }
  }
}

// Which limit of time has passed, in the core's order.
Reason Simulation::time_out(ServiceState before) const {
  const LifeSettings& life = scenario_.settings.life;
  const Instant now = kernel_.now();
  const bool starting = before == ServiceState::Starting || before == ServiceState::StartPost;
  const bool serving = before == ServiceState::Running || before == ServiceState::Reloading;
  if ((starting || serving) && watchdog_ > 0s && now >= after(watched_, watchdog_)) {
    return Reason::Watchdog;
  }
  if (serving && now >= after(serving_, life.runtime_max)) return Reason::RuntimeLimit;
  if (starting && now >= after(asked_, life.start_timeout())) return Reason::StartTimeout;
  return Reason::None;
}

void Simulation::note_clocks(const Event& event, ServiceState before) {
  const ServiceState state = manager_.service().state();
  const auto* told = std::get_if<event::Notified>(&event);
  if (std::holds_alternative<event::Spawned>(event) ||
      std::holds_alternative<event::CommandSpawned>(event)) {
    asked_ = kernel_.now();
  }
  if (std::holds_alternative<event::Spawned>(event) || !kernel_.main_known()) {
    watchdog_ = scenario_.settings.life.watchdog;
    watched_ = serving_ = Instant::max();
  }
  // A reload that was asked for meanwhile begins at once.
  const bool serves = state == ServiceState::Running || state == ServiceState::Reloading;
  if (before == ServiceState::Starting && (state == ServiceState::StartPost || serves)) {
    kernel_.note_ready();
  }
  const bool begins = before == ServiceState::Starting || before == ServiceState::StartPost;
  if (begins && serves) serving_ = watched_ = kernel_.now();
  if (told == nullptr || !kernel_.main_known()) return;
  if (told->watchdog_usec) watchdog_ = *told->watchdog_usec;
  if (told->watchdog_usec || (told->watchdog && watched_ != Instant::max())) {
    watched_ = kernel_.now();
  }
}

// ---- the world outside ---------------------------------------------------------------------

void Simulation::begin_the_outside() {
  const Instant horizon = kernel_.now() + scenario_.horizon;
  if (scenario_.outside > 0) {
    kernel_.at(kernel_.now() + dice_.span(0s, 60s / scenario_.outside), [this] { outside(); });
  }
  if (scenario_.notifies) notify();
  kernel_.at(horizon, [this] {
    kernel_.events.push_back(event::SignalReceived{SIGTERM, {"SIGTERM", 1, 0}});
  });
  // Without TimeoutStopSec= the operator loses patience some day.
  kernel_.at(horizon + 1h, [this] { kernel_.kill_everybody(); });
}

void Simulation::outside() {
  if (kernel_.now() > world_ends_ - 2h) return;
  const auto signal = [this](int number) {
    kernel_.events.push_back(event::SignalReceived{number, {signal_name(number), 1, 0}});
  };
  const std::uint64_t what = dice_.below(100);
  if (what < 25) {
    signal(SIGHUP);
  } else if (what < 35) {
    signal(dice_.pick({SIGUSR1, SIGQUIT, SIGWINCH}));
  } else if (what < 65) {
    command();
  } else if (what < 97) {
    disturb();
  } else {
    signal(dice_.pick({SIGTERM, SIGINT}));
    if (dice_.chance(50))
      kernel_.at(kernel_.now() + dice_.span(0s, 3s), [signal] { signal(SIGTERM); });
  }
  kernel_.at(kernel_.now() + dice_.span(1ms, 120s / scenario_.outside), [this] { outside(); });
}

/// What a client asks for. Nobody takes a stop back: that is for tests of its own.
void Simulation::command() {
  const std::uint64_t what = dice_.below(20);
  Verb verb = Verb::Restart;
  if (what < 4) verb = Verb::Start;
  if (what == 4) verb = Verb::Stop;
  if (what == 5 || what == 6) verb = Verb::Reload;
  if (what == 7) verb = Verb::ResetFailed;
  if (what == 8 || what == 9) verb = Verb::Kill;
  if (stop_asked_ && (verb == Verb::Restart || verb == Verb::Start)) verb = Verb::Stop;
  stop_asked_ = stop_asked_ || verb == Verb::Stop;
  event::CommandRequested asked{verb, {std::string(to_string(verb)), 8, 0}};
  if (dice_.chance(80)) asked.ticket = ++tickets_;
  asked.signal = dice_.pick({SIGUSR2, SIGCONT});
  asked.whom = KillWhom::Main;
  kernel_.events.push_back(std::move(asked));
}

/// One message of the service's, whatever it means now.
void Simulation::notify() {
  if (kernel_.now() > world_ends_ - 2h) return;
  if (kernel_.main_alive() || dice_.chance(5)) {
    event::Notified told;
    switch (dice_.below(12)) {
      case 0: told.stopping = dice_.chance(20); break;
      case 1: told.ready = true; break;
      case 2: told.main_pid = kernel_.some_pid(); break;
      case 3: told.extend_timeout = dice_.span(0s, 5s); break;
      case 4: told.watchdog_usec = dice_.pick<Duration>({0s, 300ms, 10s}); break;
      case 5: told.watchdog_trigger = dice_.chance(10); break;
      case 6: told.reloading = true; break;
      case 7: told.status = "busy"; break;
      default: told.watchdog = true; break;
    }
    kernel_.events.push_back(told);
  }
  kernel_.at(kernel_.now() + dice_.span(1ms, 10s), [this] { notify(); });
}

/// An event that is late, twice, or means nothing now.
void Simulation::disturb() {
  const bool executed = kernel_.main_executed() || !kernel_.main_known();
  switch (dice_.below(6)) {
    case 0: kernel_.events.push_back(event::TimerExpired{}); return;
    case 1: kernel_.events.push_back(event::TreeChanged{}); return;
    case 2: kernel_.events.push_back(event::Start{}); return;
    case 3: kernel_.events.push_back(event::ActionFailed{Error{"write", "/x", ENOSPC, ""}}); return;
    case 4:
      if (executed) kernel_.events.push_back(event::ExecSucceeded{});
      return;
    case 5:
      if (kernel_.main_known()) kernel_.events.push_back(event::TreeEmpty{});
      return;
    default: return;
  }
}

void Simulation::add_trace(const Event& event, const Actions& actions, ServiceState before) {
  if (trace_.size() == kTraceLines) trace_.pop_front();
  std::string line = seconds(kernel_.now()) + "  " + std::string(to_string(before)) + "  " +
                     gatevisor::to_string(event) + "  ->  " + words(actions);
  for (const Action& action : actions) {
    const auto* emit = std::get_if<action::Emit>(&action);
    const auto* exited = emit ? std::get_if<record::Exited>(&emit->record) : nullptr;
    if (exited) line += "  [" + exited->verdict.summary + "]";
  }
  trace_.push_back(std::move(line));
}

}  // namespace gatevisor::core
