#include "app/unit_runtime.h"

#include <algorithm>

#include "core/kernel_finding.h"
#include "core/last_words.h"
#include "os/children.h"
#include "os/clock.h"
#include "os/main_finder.h"
#include "os/pressure.h"
#include "os/runtime_directory.h"
#include "protocol/notify.h"

namespace gatevisor::app {
namespace {

/// A system call that was denied is logged by a thread of the kernel's (kauditd), which may come a
/// moment after the death; where an audit daemon takes its lines, none comes at all.
constexpr Duration kDenialWithin = std::chrono::milliseconds{100};

}  // namespace

UnitRuntime::UnitRuntime(UnitParts parts, Shared& shared, std::uint32_t index,
                         std::function<void(Event)> push)
    : parts_(std::move(parts)),
      shared_(shared),
      index_(index),
      push_(std::move(push)),
      probers_{Prober(parts_.settings.probes.startup, shared.loop, index),
               Prober(parts_.settings.probes.liveness, shared.loop, index),
               Prober(parts_.settings.probes.readiness, shared.loop, index)},
      stored_(parts_.settings.life.stored_descriptors, shared.loop, index) {}

Expected<void> UnitRuntime::prepare() {
  kernel_log_.open();
  if (parts_.settings.life.notify() != NotifyAccess::None) {
    auto notify = make_notify_socket();
    if (!notify) return std::unexpected(std::move(notify.error()));
    notify_ = std::move(*notify);
    parts_.launcher.set_notify_socket(notify_.address());
    auto watched = watch(notify_.fd(), os::kReadable, os::Source::Notify);
    if (!watched) return watched;
  }
  if (const os::CgroupDir& slice = parts_.placement.slice()) {
    auto pressure = os::watch_memory_pressure(slice, parts_.settings.memory.pressure_limit_percent);
    if (pressure) {
      pressure_ = std::move(*pressure);
      (void)watch(pressure_.get(), os::kChanged, os::Source::Pressure);
    }
  }
  return {};
}

// In a network of its own the service sees no abstract name of this one.
Expected<os::NotifySocket> UnitRuntime::make_notify_socket() const {
  if (parts_.settings.exec.namespaces.network) {
    for (const std::string& directory : os::runtime_directories()) {
      if (!os::enter_runtime_directory(directory, true)) continue;
      if (auto made = os::NotifySocket::create_in(directory)) return made;
    }
  }
  return os::NotifySocket::create();
}

Expected<void> UnitRuntime::watch(int fd, std::uint32_t events, os::Source source) {
  return shared_.loop.watch(fd, events, source, index_);
}

// ---- events in -----------------------------------------------------------------------------

void UnitRuntime::handle(os::Source source) {
  switch (source) {
    case os::Source::ExecPipe: return read_exec_pipe();
    case os::Source::CommandPipe: return read_command_pipe();
    case os::Source::Notify: return read_notifications();
    case os::Source::PidFile: os::drain(pid_file_events_); return find_main();
    case os::Source::TreeEvents: return read_tree_events();
    case os::Source::MemoryEvents: return read_memory_events();
    case os::Source::Pressure: return push(event::PressureHigh{});
    case os::Source::Probe:
      for (const ProbeKind kind : kAllProbeKinds) {
        if (auto result = prober(kind).ready()) push(event::Probed{std::move(*result), kind});
      }
      return;
    case os::Source::Stored: return stored_.check();
    case os::Source::KernelLog: return read_kernel_log();
    case os::Source::Signals:
    case os::Source::MainProcess:
    case os::Source::Journal:
    case os::Source::Timer:
    case os::Source::Console:
    case os::Source::Control: return;  // the runtime's
  }
}

bool UnitRuntime::collect(int pid, WaitStatus status) {
  if (pid == child_.pid) {
    main_exited(status);
  } else if (pid == command_.pid) {
    command_exited(status);
  } else {
    return collect_beside(pid, status);
  }
  return true;
}

bool UnitRuntime::is_own(int pid) const { return pid == child_.pid || pid == command_.pid; }

void UnitRuntime::catch_up() {
  read_exec_pipe();
  read_notifications();
}

void UnitRuntime::read_exec_pipe() {
  exec::ChildFailure failure{};
  switch (take_outcome(exec_pipe_, failure)) {
    case os::Message::None: return;
    case os::Message::Whole: return push(event::ExecFailed{failure.step, failure.code});
    case os::Message::End: return push(event::ExecSucceeded{});
  }
}

void UnitRuntime::read_command_pipe() {
  exec::ChildFailure failure{};
  if (take_outcome(command_pipe_, failure) == os::Message::Whole) {
    push(event::CommandExecFailed{failure.step, failure.code});
  }
}

// How execve(2) went, once; then the pipe is closed.
os::Message UnitRuntime::take_outcome(os::UniqueFd& pipe, exec::ChildFailure& failure) {
  if (!pipe) return os::Message::None;
  const os::Message message = os::read_message(pipe, &failure, sizeof failure);
  if (message != os::Message::None) close_pipe(pipe);
  return message;
}

void UnitRuntime::close_pipe(os::UniqueFd& pipe) {
  if (!pipe) return;
  shared_.loop.unwatch(pipe.get());
  pipe.reset();
}

void UnitRuntime::read_notifications() {
  if (!notify_) return;
  while (auto datagram = notify_.receive(protocol::kMaxNotification)) {
    if (!may_notify(datagram->pid)) continue;
    store(datagram->text, std::move(datagram->descriptors));
    event::Notified told = protocol::parse_notification(datagram->text);
    const bool another_main = told.main_pid.has_value();
    push(std::move(told));
    // Who may send the next one depends on what becomes of this one.
    if (another_main) return;
  }
}

// FDSTORE=1. What is not kept is closed, which is also the answer that BARRIER=1 waits for.
void UnitRuntime::store(std::string_view text, std::vector<os::UniqueFd> descriptors) {
  if (parts_.settings.life.stored_descriptors == 0) return;
  protocol::StoreRequest request = protocol::parse_store_request(text);
  if (request.remove) return stored_.remove(request.name);
  if (!request.store) return;
  for (os::UniqueFd& fd : descriptors) {
    if (stored_.add(std::move(fd), request.name, request.poll)) continue;
    return push(event::ActionFailed{
        Error{"FDSTORE=1", request.name, 0, "not kept; FileDescriptorStoreMax= is reached"}});
  }
}

// NotifyAccess=. A sender that has ended meanwhile is no longer in its cgroup; BARRIER=1 is there
// for those that must not.
bool UnitRuntime::may_notify(int pid) const {
  switch (parts_.settings.life.notify()) {
    case NotifyAccess::None: return false;
    case NotifyAccess::Main: return pid == child_.pid;
    case NotifyAccess::Exec: return is_own(pid);
    case NotifyAccess::All: return is_own(pid) || is_of_the_invocation(pid);
  }
  return false;
}

bool UnitRuntime::is_of_the_invocation(int pid) const {
  if (parts_.placement.has_leaf()) return os::is_in(parts_.placement.leaf(), pid);
  return shared_.may_be_of(index_, pid) && os::is_child(pid);
}

// MAINPID= and PID files may name a process that another one has started, and has reaped.
void UnitRuntime::adopted_main_vanished() {
  if (child_.pid == 0 || !os::was_reaped_elsewhere(child_)) return;
  push(event::ActionFailed{Error{"main process", std::to_string(child_.pid), 0,
                                 "another process has reaped it; how it ended is not known"}});
  main_exited(WaitStatus::exited(0));
}

void UnitRuntime::command_exited(WaitStatus status) {
  read_command_pipe();
  read_notifications();
  event::CommandExited exited{status, parts_.placement.snapshot(false)};
  if (kernel_log_ && core::may_be_in_kernel_log(status, 0, exited.after)) {
    exited.kernel_log = kernel_log_.read(0);
  }
  os::reap(command_.pid);
  command_ = os::Child{};
  close_pipe(command_pipe_);
  exited.others_alive = others_alive();
  const bool watch = exited.others_alive && child_.pid == 0 && !held_;
  push(std::move(exited));
  if (watch) watch_tree();
}

// The order is what the verdict rests on: signals that came with the exit, how the exec went, the
// counters, and only then is the process reaped.
void UnitRuntime::main_exited(WaitStatus status) {
  catch_up();
  event::MainExited exited{status, parts_.placement.snapshot(false), false, -1};
  if (os::is_seccomp_signal(status)) exited.seccomp_mode = os::seccomp_mode(child_.pid);
  const int pid = child_.pid;
  if (kernel_log_ && core::may_be_in_kernel_log(status, exited.seccomp_mode, exited.after)) {
    exited.kernel_log = kernel_log_.read(pid);
  }
  os::reap(pid);
  if (child_.pidfd) shared_.loop.unwatch(child_.pidfd.get());
  child_ = os::Child{};
  close_pipe(exec_pipe_);
  if (core::may_have_last_words(status)) {
    if (const auto question = shared_.journal->ask_last_words(invocation_id_, os::now())) {
      held_ = Held{question, std::move(exited), pid};
      return;
    }
  }
  if (os::is_seccomp_signal(status) && exited.kernel_log &&
      core::find_denial(*exited.kernel_log, pid) == nullptr &&
      watch(kernel_log_.fd(), os::kReadable, os::Source::KernelLog)) {
    held_ = Held{0, std::move(exited), pid, os::now() + kDenialWithin};
    return;
  }
  tell_exit(std::move(exited));
}

void UnitRuntime::told(const KnownWords& answer) {
  if (!held_ || held_->question != answer.question) return;
  held_->exited.last_words = answer.last_words;
  tell_held();
}

void UnitRuntime::tell_held() {
  event::MainExited exited = std::move(held_->exited);
  held_.reset();
  tell_exit(std::move(exited));
}

Instant UnitRuntime::deadline() const { return held_ ? held_->due : Instant::max(); }

void UnitRuntime::expire(Instant now) {
  if (deadline() > now) return;
  shared_.loop.unwatch(kernel_log_.fd());
  tell_held();
}

void UnitRuntime::read_kernel_log() {
  if (!held_ || held_->question != 0) return;
  held_->exited.kernel_log = kernel_log_.read(0);
  if (core::find_denial(*held_->exited.kernel_log, held_->pid) == nullptr) return;
  shared_.loop.unwatch(kernel_log_.fd());
  tell_held();
}

void UnitRuntime::tell_exit(event::MainExited exited) {
  exited.others_alive = others_alive();
  const bool others = exited.others_alive;
  push(std::move(exited));
  if (others) watch_tree();
}

// Where it has no cgroup: what may be its own beside the main process.
std::vector<int> UnitRuntime::other_children() const {
  std::vector<int> children = os::own_children(started_ticks_, {child_.pid});
  std::erase_if(children, [this](int pid) { return !shared_.may_be_of(index_, pid); });
  return children;
}

bool UnitRuntime::others_alive() const {
  if (parts_.placement.has_leaf()) {
    return parts_.placement.leaf().populated().value_or(false);
  }
  return !other_children().empty();
}

void UnitRuntime::watch_tree() {
  if (!parts_.placement.has_leaf()) {
    awaiting_children_ = true;
    return;
  }
  auto fd = parts_.placement.leaf().open_events("cgroup.events");
  if (!fd) return note_failure(std::unexpected(std::move(fd.error())));
  tree_events_ = std::move(*fd);
  note_failure(watch(tree_events_.get(), os::kChanged, os::Source::TreeEvents));
  read_tree_events();
}

void UnitRuntime::read_tree_events() {
  if (!tree_events_ || os::still_populated(tree_events_)) return;
  shared_.loop.unwatch(tree_events_.get());
  tree_events_.reset();
  tree_is_empty();
}

void UnitRuntime::check_children() {
  adopted_main_vanished();
  await_children();
  if (finding_main_) find_main();
}

void UnitRuntime::await_children() {
  if (!awaiting_children_) return;
  if (others_alive()) return push(event::TreeChanged{});
  awaiting_children_ = false;
  tree_is_empty();
}

// Without a PID file there is nothing left that could be found.
void UnitRuntime::tree_is_empty() {
  if (held_) return;  // MainExited comes first, and says whether others are alive
  if (parts_.settings.pid_file.empty()) stop_finding_main();
  push(event::TreeEmpty{});
}

void UnitRuntime::read_memory_events() {
  if (!memory_events_) return;
  os::acknowledge(memory_events_);
  push(event::MemoryChanged{parts_.placement.snapshot(false)});
}

void UnitRuntime::note_failure(const Expected<void>& result) {
  if (!result) push(event::ActionFailed{result.error()});
}

}  // namespace gatevisor::app
