#include "app/runtime.h"

#include <unistd.h>

#include <algorithm>
#include <exception>

#include "app/control_status.h"
#include "app/version.h"
#include "os/children.h"
#include "os/clock.h"

namespace gatevisor::app {
Expected<std::unique_ptr<Runtime>> Runtime::create(RuntimeParts parts) {
  auto loop = os::EventLoop::create();
  if (!loop) return std::unexpected(std::move(loop.error()));
  std::unique_ptr<Runtime> runtime(
      new Runtime(std::move(parts), std::move(*loop), os::random_seed()));
  auto ready =
      runtime->shared_.loop.watch(runtime->signals_.fd(), os::kReadable, os::Source::Signals);
  for (const auto& unit : runtime->units_) {
    if (ready) ready = unit->prepare();
  }
  if (!ready) return std::unexpected(std::move(ready.error()));
  return runtime;
}

Runtime::Runtime(RuntimeParts parts, os::EventLoop loop, std::uint64_t seed)
    : signals_(std::move(parts.signals)),
      warnings_(std::move(parts.warnings)),
      shared_{std::move(loop), parts.maker, nullptr, {}},
      main_(parts.set.main),
      manager_(std::move(parts.set), seed),
      out_(2),
      console_(out_, parts.log_format),
      journal_directory_(parts.journal.directory),
      journal_(std::move(parts.journal), shared_.loop),
      upstream_(std::move(parts.upstream)),
      started_(os::now()),
      keep_running_(parts.keep_running),
      control_(std::move(parts.control), control_host(), shared_.loop) {
  shared_.journal = &journal_;
  for (UnitParts& unit : parts.units) {
    const std::size_t index = units_.size();
    units_.push_back(std::make_unique<UnitRuntime>(
        std::move(unit), shared_, static_cast<std::uint32_t>(index), [this, index](Event event) {
          events_.push_back({index, std::move(event)});
        }));
  }
  shared_.may_be_of = [this](std::size_t unit, int pid) { return may_be_of(unit, pid); };
}

// ---- what the control server asks ------------------------------------------------------------

ControlHost Runtime::control_host() {
  ControlHost host;
  host.find = [this](const std::string& name) { return find(name); };
  host.describe = [this](std::size_t unit, Instant now) {
    return describe(manager_, unit, *units_[unit], unit == main_, shared_.maker.spawn_rung(), now);
  };
  host.supervisor = [this] { return describe_supervisor(); };
  host.push = [this](std::size_t unit, Event event) {
    units_[unit]->catch_up();
    events_.push_back({unit, std::move(event)});
  };
  host.count = [this] { return units_.size(); };
  return host;
}

std::optional<std::size_t> Runtime::find(const std::string& name) const {
  if (name.empty()) return main_;
  for (std::size_t unit = 0; unit < units_.size(); ++unit) {
    const ServiceSettings& settings = units_[unit]->settings();
    if (settings.name == name || settings.unit_name() == name) return unit;
  }
  return std::nullopt;
}

SupervisorStatus Runtime::describe_supervisor() const {
  const JournalCounts counts = journal_.counts();
  return {static_cast<int>(getpid()), version(),     os::wall_time(started_),
          units_[main_]->settings().unit_name(), keep_running_, manager_.is_ending(),
          journal_directory_, counts.entries, counts.bytes, counts.dropped, journal_.trouble()};
}

// Where the units have no cgroups: a child that nobody has started here was orphaned by a process
// of a unit, and inherited $INVOCATION_ID from it.
bool Runtime::may_be_of(std::size_t unit, int pid) const {
  if (pid == journal_.pid()) return false;
  for (std::size_t other = 0; other < units_.size(); ++other) {
    if (units_[other]->is_helper(pid)) return false;
    if (other != unit && units_[other]->is_own(pid)) return false;
  }
  if (units_.size() == 1 || units_[unit]->is_own(pid)) return true;
  const std::string invocation = os::invocation_of(pid);
  const auto has_it = [&](const auto& each) { return each->invocation_id() == invocation; };
  const auto owner = invocation.empty() ? units_.end() : std::ranges::find_if(units_, has_it);
  // Of one that says nothing, the last unit that runs is asked to take care.
  if (owner == units_.end()) {
    return std::ranges::none_of(
        units_, [&](const auto& each) { return each != units_[unit] && each->has_invocation(); });
  }
  return *owner == units_[unit];
}

int Runtime::run() {
  for (Error& warning : warnings_) push(event::ActionFailed{std::move(warning)});
  warnings_.clear();
  note_failure(journal_.start(os::now()));
  if (auto listens = control_.listen(units_[main_]->settings().name); !listens) {
    Error why = std::move(listens.error());
    why.advice = "going on without control: no status, start, stop, ...";
    push(event::ActionFailed{std::move(why)});
  }
  push(event::Start{});
  drain_events();
  while (!exiting_) {
    shared_.loop.set_deadline(deadline());
    for (const os::Ready ready : shared_.loop.wait()) handle(ready);
    drain_events();
  }
  control_.finish();
  upstream_.end();
  if (auto left = journal_.finish()) {
    console_.emit(record::Warning{std::move(*left)}, units_[main_]->settings().name, os::now());
  }
  return exit_status_;
}

Instant Runtime::deadline() const {
  Instant first = std::min({manager_.deadline(), journal_.deadline(), control_.deadline()});
  for (const auto& unit : units_) first = std::min(first, unit->deadline());
  return first;
}

// PID 1 must not die: what a library throws (out of memory) costs the event, not the supervisor.
void Runtime::drain_events() {
  while (!events_.empty() && !exiting_) {
    const Happened happened = std::move(events_.front());
    events_.pop_front();
    try {
      const Instant now = os::now();
      const UnitActions actions = manager_.step(now, happened.event, happened.unit);
      perform(actions);
      tell(actions, now);
      control_.tell_states(now);
    } catch (const std::exception&) {
      out_.write("gatevisor: out of memory while handling an event; going on\n");
    }
  }
}

void Runtime::handle(os::Ready ready) {
  switch (ready.source) {
    case os::Source::Signals: return read_signals();
    case os::Source::MainProcess: return collect_exits();
    case os::Source::Journal:
      if (auto news = journal_.ready()) push(event::ActionFailed{std::move(*news)});
      return tell_answers();
    case os::Source::Control: return control_.handle(os::now());
    case os::Source::Timer:
      journal_.start_if_due(os::now());
      control_.expire(os::now());
      for (const auto& unit : units_) unit->expire(os::now());
      tell_answers();
      return push(event::TimerExpired{});
    case os::Source::Console: out_.flush(); return watch_console();
    case os::Source::ExecPipe:
    case os::Source::CommandPipe:
    case os::Source::Notify:
    case os::Source::PidFile:
    case os::Source::TreeEvents:
    case os::Source::MemoryEvents:
    case os::Source::Pressure:
    case os::Source::Probe:
    case os::Source::Stored:
    case os::Source::KernelLog: return units_[ready.unit]->handle(ready.source);
  }
}

void Runtime::read_signals() {
  if (take_signals()) collect_exits();
}

/// Whether one was SIGCHLD.
bool Runtime::take_signals() {
  bool children = false;
  while (auto signal = signals_.next()) {
    if (os::is_child_signal(signal->signal)) {
      children = true;
    } else {
      // What a service had done and said before somebody asked comes first, as systemd has it.
      for (const auto& unit : units_) unit->catch_up();
      push(std::move(*signal));
    }
  }
  return children;
}

// One SIGCHLD may stand for many exits, and a pidfd for one of them: look until nobody is left.
// Signals that came with an exit are told before it: its verdict rests on them.
void Runtime::collect_exits() {
  while (const auto exit = os::peek_any_exit()) {
    take_signals();
    const auto takes = [&](const auto& unit) { return unit->collect(exit->pid, exit->status); };
    if (std::ranges::any_of(units_, takes)) continue;
    os::reap(exit->pid);
    for (const auto& unit : units_) unit->reaped(exit->pid);
    if (journal_.ended(exit->pid, os::now())) {
      tell_answers();
      push(event::ActionFailed{Error{"journal", "the writer ended", 0, "it is started again"}});
    }
  }
  for (const auto& unit : units_) unit->check_children();
}

void Runtime::tell_answers() {
  for (const KnownWords& answer : journal_.take_answers(os::now())) {
    for (const auto& unit : units_) unit->told(answer);
  }
  for (const std::string& invocation : journal_.take_lines_seen()) {
    for (const auto& unit : units_) unit->line_seen(invocation);
  }
}

void Runtime::perform(const UnitActions& actions) {
  for (const UnitAction& action : actions) {
    units_[action.unit]->perform(action.what);
    if (const auto* answer = std::get_if<action::Answer>(&action.what)) {
      control_.answer(action.unit, *answer, os::now());
    }
    if (const auto* exit = std::get_if<action::Exit>(&action.what)) {
      for (const auto& unit : units_) unit->end();
      exit_status_ = exit->status;
      exiting_ = true;
    }
  }
}

// Once everything else is done: a respawn does not wait for its own announcement.
void Runtime::tell(const UnitActions& actions, Instant now) {
  for (const UnitAction& action : actions) {
    const auto* emit = std::get_if<action::Emit>(&action.what);
    if (emit == nullptr) continue;
    const std::string& unit = units_[action.unit]->settings().name;
    console_.emit(emit->record, unit, now);
    journal_.write(emit->record, unit, now);
    if (action.unit == main_) upstream_.told(emit->record);
    control_.tell(action.unit, emit->record, now);
  }
  if (manager_.service(main_).activity() == core::Activity::Active) upstream_.ready();
  watch_console();
}

void Runtime::watch_console() {
  if (out_.pending() == console_watched_) return;
  if (console_watched_) {
    shared_.loop.unwatch(out_.fd());
    console_watched_ = false;
  } else {
    console_watched_ =
        shared_.loop.watch(out_.fd(), os::kWritable, os::Source::Console).has_value();
  }
}

void Runtime::note_failure(const Expected<void>& result) {
  if (!result) push(event::ActionFailed{result.error()});
}

}  // namespace gatevisor::app
