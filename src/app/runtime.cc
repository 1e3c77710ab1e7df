#include "app/runtime.h"

#include <exception>

#include "exec/child.h"
#include "os/children.h"
#include "os/clock.h"
#include "os/invocation.h"
#include "os/pid_file.h"
#include "os/pressure.h"

namespace gatevisor::app {

Expected<std::unique_ptr<Runtime>> Runtime::create(RuntimeParts parts) {
  auto loop = os::EventLoop::create();
  if (!loop) return std::unexpected(std::move(loop.error()));
  std::unique_ptr<Runtime> runtime(
      new Runtime(std::move(parts), std::move(*loop), os::random_seed()));
  if (auto watched =
          runtime->loop_.watch(runtime->parts_.signals.fd(), os::kReadable, os::Source::Signals);
      !watched) {
    return std::unexpected(std::move(watched.error()));
  }
  if (const os::CgroupDir& slice = runtime->parts_.placement.slice()) {
    auto pressure =
        os::watch_memory_pressure(slice, runtime->parts_.settings.memory.pressure_limit_percent);
    if (pressure) {
      runtime->pressure_ = std::move(*pressure);
      (void)runtime->loop_.watch(runtime->pressure_.get(), os::kChanged, os::Source::Pressure);
    }
  }
  return runtime;
}

Runtime::Runtime(RuntimeParts parts, os::EventLoop loop, std::uint64_t seed)
    : parts_(std::move(parts)),
      loop_(std::move(loop)),
      manager_(parts_.settings, seed),
      out_(2),
      console_(out_, parts_.log_format, parts_.settings.name),
      prober_(parts_.settings.probe, loop_),
      journal_(parts_.journal_directory, parts_.settings.name, loop_) {}

int Runtime::run() {
  for (Error& warning : parts_.warnings) push(event::ActionFailed{std::move(warning)});
  parts_.warnings.clear();
  note_failure(journal_.start(os::now()));
  push(event::Start{});
  drain_events();
  while (!exiting_) {
    loop_.set_deadline(manager_.deadline());
    for (const os::Source source : loop_.wait()) handle(source);
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
      for (const Action& action : actions) {
        std::visit([this](const auto& what) { perform(what); }, action);
      }
      tell(actions, now);
    } catch (const std::exception&) {
      out_.write("gatevisor: out of memory while handling an event; going on\n");
    }
  }
}

// ---- events in -----------------------------------------------------------------------------

void Runtime::handle(os::Source source) {
  switch (source) {
    case os::Source::Signals: return read_signals();
    case os::Source::ExecPipe: return read_exec_pipe();
    case os::Source::MainProcess: return collect_exits();
    case os::Source::TreeEvents: return read_tree_events();
    case os::Source::MemoryEvents: return read_memory_events();
    case os::Source::Pressure: return push(event::PressureHigh{});
    case os::Source::Probe:
      if (auto result = prober_.ready()) push(event::Probed{std::move(*result)});
      return;
    case os::Source::Journal:
      if (auto news = journal_.ready()) push(event::ActionFailed{std::move(*news)});
      return;
    case os::Source::Timer: return push(event::TimerExpired{});
    case os::Source::Console: out_.flush(); return watch_console();
  }
}

void Runtime::read_signals() {
  bool children = false;
  while (auto signal = parts_.signals.next()) {
    if (os::is_child_signal(signal->signal)) {
      children = true;
    } else {
      push(std::move(*signal));
    }
  }
  if (children) collect_exits();
}

void Runtime::read_exec_pipe() {
  if (!exec_pipe_) return;
  exec::ChildFailure failure{};
  switch (os::read_message(exec_pipe_, &failure, sizeof failure)) {
    case os::Message::None: return;
    case os::Message::Whole: push(event::ExecFailed{failure.step, failure.code}); break;
    case os::Message::End: push(event::ExecSucceeded{}); break;
  }
  close_exec_pipe();
}

void Runtime::close_exec_pipe() {
  if (!exec_pipe_) return;
  loop_.unwatch(exec_pipe_.get());
  exec_pipe_.reset();
}

// One SIGCHLD may stand for many exits, and a pidfd for one of them: look until nobody is left.
void Runtime::collect_exits() {
  while (const auto exit = os::peek_any_exit()) {
    if (exit->pid == child_.pid) {
      main_exited(exit->status);
    } else {
      os::reap(exit->pid);
      if (journal_.ended(exit->pid, os::now())) {
        push(event::ActionFailed{Error{"journal", "the writer ended", 0, "it is started again"}});
      }
    }
  }
  check_children();
}

// The order is what the verdict rests on: signals that came with the exit, how the exec went, the
// counters, and only then is the process reaped.
void Runtime::main_exited(WaitStatus status) {
  while (auto signal = parts_.signals.next()) {
    if (!os::is_child_signal(signal->signal)) push(std::move(*signal));
  }
  read_exec_pipe();
  event::MainExited exited{status, parts_.placement.snapshot(false), false, -1};
  if (os::is_seccomp_signal(status)) exited.seccomp_mode = os::seccomp_mode(child_.pid);
  os::reap(child_.pid);
  if (child_.pidfd) loop_.unwatch(child_.pidfd.get());
  child_ = os::Child{};
  close_exec_pipe();
  exited.others_alive = others_alive();
  const bool others = exited.others_alive;
  push(std::move(exited));
  if (others) watch_tree();
}

bool Runtime::others_alive() const {
  if (parts_.placement.has_leaf()) {
    return parts_.placement.leaf().populated().value_or(false);
  }
  return !os::own_children(child_started_ticks_, {child_.pid, journal_.pid(), leavings_.pid()})
              .empty();
}

void Runtime::watch_tree() {
  if (!parts_.placement.has_leaf()) {
    awaiting_children_ = true;
    return;
  }
  auto fd = parts_.placement.leaf().open_events("cgroup.events");
  if (!fd) return note_failure(std::unexpected(std::move(fd.error())));
  tree_events_ = std::move(*fd);
  note_failure(loop_.watch(tree_events_.get(), os::kChanged, os::Source::TreeEvents));
  read_tree_events();
}

void Runtime::read_tree_events() {
  if (!tree_events_ || os::still_populated(tree_events_)) return;
  loop_.unwatch(tree_events_.get());
  tree_events_.reset();
  push(event::TreeEmpty{});
}

void Runtime::check_children() {
  if (!awaiting_children_) return;
  if (others_alive()) return push(event::TreeChanged{});
  awaiting_children_ = false;
  push(event::TreeEmpty{});
}

void Runtime::read_memory_events() {
  if (!memory_events_) return;
  os::acknowledge(memory_events_);
  push(event::MemoryChanged{parts_.placement.snapshot(false)});
}

// ---- actions out ---------------------------------------------------------------------------

void Runtime::perform(const action::Spawn& action) {
  os::Placement& placement = parts_.placement;
  if (placement.slice()) {
    const bool group = parts_.settings.memory.oom_policy == OomPolicy::Kill;
    if (auto made = placement.make_leaf(action.invocation, group); !made) {
      return push(event::SpawnFailed{ExecStep::Cgroup, std::move(made.error())});
    }
  }
  auto pipe = os::make_pipe();
  if (!pipe) return push(event::SpawnFailed{ExecStep::Clone, std::move(pipe.error())});
  const bool may_join = placement.has_leaf() && parts_.maker.child_may_have_to_join();
  const os::UniqueFd procs = may_join ? placement.leaf().open_procs() : os::UniqueFd();
  const std::string id = os::new_invocation_id();
  parts_.plan.set_invocation(id);
  CgroupSnapshot baseline = placement.snapshot(true);
  exec_pipe_ = std::move(pipe->read);
  note_failure(loop_.watch(exec_pipe_.get(), os::kReadable, os::Source::ExecPipe));
  exec::ChildContext context{&parts_.plan, pipe->write.get(), procs.get()};
  const auto run = [](void* argument, bool joined) {
    exec::run_child(*static_cast<const exec::ChildContext*>(argument), joined);
  };
  auto child =
      parts_.maker.spawn(placement.has_leaf() ? placement.leaf().fd() : -1, {run, &context});
  if (!child) {
    close_exec_pipe();
    placement.drop_leaf();
    return push(event::SpawnFailed{ExecStep::Clone, std::move(child.error())});
  }
  child_ = std::move(*child);
  if (!placement.has_leaf()) child_started_ticks_ = os::start_ticks(child_.pid);
  push(event::Spawned{child_.pid, id, std::move(baseline)});
  watch_invocation();
}

void Runtime::watch_invocation() {
  if (child_.pidfd) {
    note_failure(loop_.watch(child_.pidfd.get(), os::kReadable, os::Source::MainProcess));
  }
  if (parts_.placement.rung() != CgroupRung::MemoryController) return;
  // The slice's: a limit that is hit is told where the limit is, a kill where the victim was, and
  // both go up to here.
  auto fd = parts_.placement.slice().open_events("memory.events");
  if (!fd) return note_failure(std::unexpected(std::move(fd.error())));
  memory_events_ = std::move(*fd);
  os::acknowledge(memory_events_);
  note_failure(loop_.watch(memory_events_.get(), os::kChangedOnce, os::Source::MemoryEvents));
}

void Runtime::perform(const action::RearmMemoryWatch&) {
  if (!memory_events_) return;
  note_failure(loop_.rewatch(memory_events_.get(), os::kChangedOnce, os::Source::MemoryEvents));
}

void Runtime::perform(const action::SignalMain& action) {
  if (child_.pid != 0) note_failure(parts_.maker.signal(child_, action.signal));
}

void Runtime::perform(const action::SignalTree& action) {
  if (parts_.placement.has_leaf()) {
    // The main process by its pidfd: it may have left its cgroup, if it has the right to.
    perform(action::SignalMain{action.signal});
    return note_failure(parts_.placement.leaf().signal_all(
        action.signal, parts_.maker.has_pidfd_open(), child_.pid));
  }
  signal_children(action.signal);
}

void Runtime::perform(const action::KillTree&) {
  if (parts_.placement.has_leaf()) {
    note_failure(parts_.placement.leaf().kill_all(parts_.maker.has_pidfd_open()));
    perform(action::SignalMain{os::kKillSignal});
    return;
  }
  signal_children(os::kKillSignal);
}

void Runtime::signal_children(int signal) {
  if (child_.pid != 0) {
    // The main process and what shares its process group; before its setsid(2) it has none.
    if (!os::signal_group(child_.pid, signal)) note_failure(parts_.maker.signal(child_, signal));
  }
  for (const int pid :
       os::own_children(child_started_ticks_, {child_.pid, journal_.pid(), leavings_.pid()})) {
    os::signal_child(pid, signal);
  }
}

void Runtime::perform(const action::Release&) {
  awaiting_children_ = false;
  if (tree_events_) loop_.unwatch(tree_events_.get());
  tree_events_.reset();
  if (memory_events_) loop_.unwatch(memory_events_.get());
  memory_events_.reset();
  parts_.placement.drop_leaf();
  note_failure(leavings_.release(parts_.plan));
}

void Runtime::perform(const action::Tidy&) { parts_.placement.tidy(); }

void Runtime::perform(const action::Probe&) {
  if (auto result = prober_.ask()) push(event::Probed{std::move(*result)});
}

void Runtime::perform(const action::EndProbe&) { prober_.end(); }

void Runtime::perform(const action::WritePidFile& action) {
  const std::string& path = parts_.settings.pid_file;
  if (!path.empty()) note_failure(os::write_pid_file(path, action.pid));
}

void Runtime::perform(const action::RemovePidFile&) {
  const std::string& path = parts_.settings.pid_file;
  if (!path.empty()) note_failure(os::remove_pid_file(path));
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

void Runtime::perform(const action::Exit& action) {
  leavings_.end(parts_.plan);
  exit_status_ = action.status;
  exiting_ = true;
}

void Runtime::watch_console() {
  if (out_.pending() == console_watched_) return;
  if (console_watched_) {
    loop_.unwatch(out_.fd());
    console_watched_ = false;
  } else {
    console_watched_ = loop_.watch(out_.fd(), os::kWritable, os::Source::Console).has_value();
  }
}

void Runtime::note_failure(const Expected<void>& result) {
  if (!result) push(event::ActionFailed{result.error()});
}

}  // namespace gatevisor::app
