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
                               Event{event::RestartRequested{}}, Event{event::ExecSucceeded{}}}) {
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
  const Actions actions = manager_.step(kernel_.now(), event);
  if (tracing_) add_trace(event, actions, before);
  referee_.answered(event, due, actions);
  note_reasons(event, actions);
  const auto* signal = std::get_if<event::SignalReceived>(&event);
  const bool forwarded = signal != nullptr && signal->signal != SIGTERM && signal->signal != SIGINT;
  for (const Action& action : actions) kernel_.perform(action, forwarded);
  referee_.done(event, due, manager_);
}

// Why the core ends a process is told by what it answers with a signal, and by its own records.
void Simulation::note_reasons(const Event& event, const Actions& actions) {
  if (!kernel_.main_known()) return;
  bool signalled = false;
  for (const Action& action : actions) {
    signalled = signalled || std::holds_alternative<action::SignalTree>(action) ||
                std::holds_alternative<action::SignalMain>(action) ||
                std::holds_alternative<action::KillTree>(action);
  }
  if (!signalled) return;
  const bool first = kernel_.reason() == Reason::None;
  const auto* signal = std::get_if<event::SignalReceived>(&event);
  const bool stop = signal != nullptr && (signal->signal == SIGTERM || signal->signal == SIGINT);
  if (first && (stop || std::holds_alternative<event::RestartRequested>(event) ||
                std::holds_alternative<event::Spawned>(event))) {
    kernel_.note_reason(Reason::Request);
  }
  for (const Action& action : actions) {
    const auto* emit = std::get_if<action::Emit>(&action);
    if (emit == nullptr) continue;
    if (first && std::holds_alternative<record::OomWhileAlive>(emit->record)) {
      kernel_.note_reason(Reason::OutOfMemory);
    } else if (first && std::holds_alternative<record::MemoryStalled>(emit->record)) {
      kernel_.note_reason(Reason::Stall);
    } else if (first && std::holds_alternative<record::ProbeFailed>(emit->record)) {
      kernel_.note_reason(Reason::Probe);
    } else if (std::holds_alternative<record::KillEscalated>(emit->record)) {
      kernel_.note_timed_out();
    }
  }
}

// ---- the world outside ---------------------------------------------------------------------

void Simulation::begin_the_outside() {
  const Instant horizon = kernel_.now() + scenario_.horizon;
  if (scenario_.outside > 0) {
    kernel_.at(kernel_.now() + dice_.span(0s, 60s / scenario_.outside), [this] { outside(); });
  }
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
    kernel_.events.push_back(event::RestartRequested{{"restart", 1, 0}});
  } else if (what < 97) {
    disturb();
  } else {
    signal(dice_.pick({SIGTERM, SIGINT}));
    if (dice_.chance(50))
      kernel_.at(kernel_.now() + dice_.span(0s, 3s), [signal] { signal(SIGTERM); });
  }
  kernel_.at(kernel_.now() + dice_.span(1ms, 120s / scenario_.outside), [this] { outside(); });
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
