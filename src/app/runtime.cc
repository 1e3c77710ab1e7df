#include "app/runtime.h"

#include <exception>

#include "os/clock.h"

namespace gatevisor::app {

Expected<std::unique_ptr<Runtime>> Runtime::create(RuntimeParts parts) {
  auto loop = os::EventLoop::create();
  if (!loop) return std::unexpected(std::move(loop.error()));
  std::unique_ptr<Runtime> runtime(
      new Runtime(std::move(parts), std::move(*loop), os::random_seed()));
  auto ready =
      runtime->shared_.loop.watch(runtime->signals_.fd(), os::kReadable, os::Source::Signals);
  if (ready) ready = runtime->unit_.prepare();
  if (!ready) return std::unexpected(std::move(ready.error()));
  return runtime;
}

Runtime::Runtime(RuntimeParts parts, os::EventLoop loop, std::uint64_t seed)
    : signals_(std::move(parts.signals)),
      warnings_(std::move(parts.warnings)),
      shared_{std::move(loop), parts.maker, {}},
      manager_(parts.unit.settings, seed),
      out_(2),
      console_(out_, parts.log_format, parts.unit.settings.name),
      journal_(parts.journal_directory, parts.unit.settings.name, shared_.loop),
      unit_(std::move(parts.unit), shared_, 0, [this](Event event) { push(std::move(event)); }) {
  shared_.may_be_of = [this](std::size_t, int pid) {
    return pid != journal_.pid() && !unit_.is_helper(pid);
  };
}

int Runtime::run() {
  for (Error& warning : warnings_) push(event::ActionFailed{std::move(warning)});
  warnings_.clear();
  note_failure(journal_.start(os::now()));
  push(event::Start{});
  drain_events();
  while (!exiting_) {
    shared_.loop.set_deadline(manager_.deadline());
    for (const os::Ready ready : shared_.loop.wait()) handle(ready);
    drain_events();
  }
  journal_.finish();
  return exit_status_;
}

// PID 1 must not die: what a library throws (out of memory) costs the event, not the supervisor.
void Runtime::drain_events() {
  while (!events_.empty() && !exiting_) {
    const Event event = std::move(events_.front());
    events_.pop_front();
    try {
      const Instant now = os::now();
      const Actions actions = manager_.step(now, event);
      perform(actions);
      tell(actions, now);
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
      return;
    case os::Source::Timer: return push(event::TimerExpired{});
    case os::Source::Console: out_.flush(); return watch_console();
    case os::Source::ExecPipe:
    case os::Source::CommandPipe:
    case os::Source::Notify:
    case os::Source::PidFile:
    case os::Source::TreeEvents:
    case os::Source::MemoryEvents:
    case os::Source::Pressure:
    case os::Source::Probe: return unit_.handle(ready.source);
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
    if (unit_.collect(exit->pid, exit->status)) continue;
    os::reap(exit->pid);
    if (journal_.ended(exit->pid, os::now())) {
      push(event::ActionFailed{Error{"journal", "the writer ended", 0, "it is started again"}});
    }
  }
  unit_.check_children();
}

void Runtime::perform(const Actions& actions) {
  for (const Action& action : actions) {
    unit_.perform(action);
    if (const auto* exit = std::get_if<action::Exit>(&action)) {
      unit_.end();
      exit_status_ = exit->status;
      exiting_ = true;
    }
  }
}

// Once everything else is done: a respawn does not wait for its own announcement.
void Runtime::tell(const Actions& actions, Instant now) {
  for (const Action& action : actions) {
    const auto* emit = std::get_if<action::Emit>(&action);
    if (emit == nullptr) continue;
    console_.emit(emit->record, now);
    journal_.write(emit->record, now);
  }
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
