#include "app/runtime.h"

#include <exception>

#include "os/children.h"
#include "os/clock.h"
#include "os/main_finder.h"
#include "os/pressure.h"
#include "protocol/notify.h"

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
  if (runtime->parts_.settings.life.notify() != NotifyAccess::None) {
    auto notify = os::NotifySocket::create();
    if (!notify) return std::unexpected(std::move(notify.error()));
    runtime->notify_ = std::move(*notify);
    runtime->parts_.launcher.set_notify_socket(runtime->notify_.address());
    if (auto watched =
            runtime->loop_.watch(runtime->notify_.fd(), os::kReadable, os::Source::Notify);
        !watched) {
      return std::unexpected(std::move(watched.error()));
    }
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
    case os::Source::CommandPipe: return read_command_pipe();
    case os::Source::Notify: return read_notifications();
    case os::Source::PidFile: os::drain(pid_file_events_); return find_main();
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
  exec::ChildFailure failure{};
  switch (take_outcome(exec_pipe_, failure)) {
    case os::Message::None: return;
    case os::Message::Whole: return push(event::ExecFailed{failure.step, failure.code});
    case os::Message::End: return push(event::ExecSucceeded{});
  }
}

void Runtime::read_command_pipe() {
  exec::ChildFailure failure{};
  if (take_outcome(command_pipe_, failure) == os::Message::Whole) {
    push(event::CommandExecFailed{failure.step, failure.code});
  }
}

// How execve(2) went, once; then the pipe is closed.
os::Message Runtime::take_outcome(os::UniqueFd& pipe, exec::ChildFailure& failure) {
  if (!pipe) return os::Message::None;
  const os::Message message = os::read_message(pipe, &failure, sizeof failure);
  if (message != os::Message::None) close_pipe(pipe);
  return message;
}

void Runtime::close_pipe(os::UniqueFd& pipe) {
  if (!pipe) return;
  loop_.unwatch(pipe.get());
  pipe.reset();
}

void Runtime::read_notifications() {
  if (!notify_) return;
  while (const auto datagram = notify_.receive(protocol::kMaxNotification)) {
    if (may_notify(datagram->pid)) push(protocol::parse_notification(datagram->text));
  }
}

// NotifyAccess=. A sender that has ended meanwhile is no longer in its cgroup; BARRIER=1 is there
// for those that must not.
bool Runtime::may_notify(int pid) const {
  switch (parts_.settings.life.notify()) {
    case NotifyAccess::None: return false;
    case NotifyAccess::Main: return pid == child_.pid;
    case NotifyAccess::Exec: return pid == child_.pid || pid == command_.pid;
    case NotifyAccess::All:
      return pid == child_.pid || pid == command_.pid || is_of_the_invocation(pid);
  }
  return false;
}

bool Runtime::is_of_the_invocation(int pid) const {
  if (parts_.placement.has_leaf()) return os::is_in(parts_.placement.leaf(), pid);
  return pid != journal_.pid() && pid != leavings_.pid() && os::is_child(pid);
}

// One SIGCHLD may stand for many exits, and a pidfd for one of them: look until nobody is left.
void Runtime::collect_exits() {
  while (const auto exit = os::peek_any_exit()) {
    if (exit->pid == child_.pid) {
      main_exited(exit->status);
    } else if (exit->pid == command_.pid) {
      command_exited(exit->status);
    } else {
      os::reap(exit->pid);
      if (journal_.ended(exit->pid, os::now())) {
        push(event::ActionFailed{Error{"journal", "the writer ended", 0, "it is started again"}});
      }
    }
  }
  adopted_main_vanished();
  check_children();
  if (finding_main_) find_main();
}

// MAINPID= and PID files may name a process that another one has started, and has reaped.
void Runtime::adopted_main_vanished() {
  if (child_.pid == 0 || !os::was_reaped_elsewhere(child_)) return;
  push(event::ActionFailed{Error{"main process", std::to_string(child_.pid), 0,
                                 "another process has reaped it; how it ended is not known"}});
  main_exited(WaitStatus::exited(0));
}

void Runtime::command_exited(WaitStatus status) {
  read_command_pipe();
  read_notifications();
  event::CommandExited exited{status, parts_.placement.snapshot(false), false};
  os::reap(command_.pid);
  command_ = os::Child{};
  close_pipe(command_pipe_);
  exited.others_alive = others_alive();
  const bool watch = exited.others_alive && child_.pid == 0;
  push(std::move(exited));
  if (watch) watch_tree();
}

// The order is what the verdict rests on: signals that came with the exit, how the exec went, the
// counters, and only then is the process reaped.
void Runtime::main_exited(WaitStatus status) {
  while (auto signal = parts_.signals.next()) {
    if (!os::is_child_signal(signal->signal)) push(std::move(*signal));
  }
  read_exec_pipe();
  read_notifications();
  event::MainExited exited{status, parts_.placement.snapshot(false), false, -1};
  if (os::is_seccomp_signal(status)) exited.seccomp_mode = os::seccomp_mode(child_.pid);
  os::reap(child_.pid);
  if (child_.pidfd) loop_.unwatch(child_.pidfd.get());
  child_ = os::Child{};
  close_pipe(exec_pipe_);
  exited.others_alive = others_alive();
  const bool others = exited.others_alive;
  push(std::move(exited));
  if (others) watch_tree();
}

bool Runtime::others_alive() const {
  if (parts_.placement.has_leaf()) {
    return parts_.placement.leaf().populated().value_or(false);
  }
  return !os::own_children(started_ticks_, {child_.pid, journal_.pid(), leavings_.pid()}).empty();
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
