// What the core wants done, done.

#include <algorithm>
#include <iterator>

#include "app/conditions.h"
#include "app/journal_fields.h"
#include "app/record_text.h"
#include "app/unit_runtime.h"
#include "os/children.h"
#include "os/clock.h"
#include "os/ipc.h"
#include "os/main_finder.h"
#include "os/memory.h"
#include "os/pid_file.h"
#include "os/sampler.h"
#include "protocol/record_json.h"

namespace gatevisor::app {

void UnitRuntime::perform(const Action& action) {
  std::visit([this](const auto& what) { perform(what); }, action);
}

std::expected<CgroupSnapshot, UnitRuntime::NotMade> UnitRuntime::open_invocation(
    std::uint64_t number) {
  os::Placement& placement = parts_.placement;
  if (invocation_ == number) return placement.snapshot(true);
  if (placement.slice()) {
    const bool group = parts_.settings.memory.oom_policy == OomPolicy::Kill;
    if (auto made = placement.make_leaf(number, group); !made) {
      return std::unexpected(NotMade{ExecStep::Cgroup, std::move(made.error())});
    }
  }
  invocation_ = number;
  invocation_id_ = os::new_invocation_id();
  exit_json_.clear();
  line_asked_ = line_seen_ = false;
  started_ticks_ = 0;
  kernel_log_.begin();
  return placement.snapshot(true);
}

std::expected<UnitRuntime::Running, UnitRuntime::NotMade> UnitRuntime::spawn_in_leaf(
    const exec::Plan& plan, bool beside_main, SpawnWith with) {
  const os::Placement& placement = parts_.placement;
  Expected<os::CgroupDir> control = os::CgroupDir();
  if (beside_main && placement.has_leaf() && placement.delegated()) {
    control = placement.control_leaf();
    if (!control) return std::unexpected(NotMade{ExecStep::Cgroup, std::move(control.error())});
  }
  const os::CgroupDir& into = *control ? *control : placement.leaf();
  // It may send to a log socket before its outputs are told of.
  if (shared_.journal->has_listeners() && placement.has_leaf()) {
    shared_.journal->add_invocation(
        journal_stream(parts_.settings, plan,
                       {0, invocation_id_, placement.leaf().path(), false}),
        os::now());
  }
  auto running = spawn(plan, placement.has_leaf() ? &into : nullptr, std::move(with));
  if (running && !placement.has_leaf() && started_ticks_ == 0) {
    started_ticks_ = os::start_ticks(running->child.pid);
  }
  return running;
}

std::expected<UnitRuntime::Running, UnitRuntime::NotMade> UnitRuntime::spawn(
    const exec::Plan& plan, const os::CgroupDir* into, SpawnWith with) {
  auto pipe = os::make_pipe();
  if (!pipe) return std::unexpected(NotMade{ExecStep::Clone, std::move(pipe.error())});
  const bool may_join = into != nullptr && shared_.maker.child_may_have_to_join();
  const os::UniqueFd procs = may_join ? into->open_procs() : os::UniqueFd();
  NewOutput output = open_output(plan, plan.standard_output);
  NewOutput error = open_output(plan, plan.standard_error);
  exec::ChildContext context{&plan, pipe->write.get(), procs.get(), output.write.get(),
                             error.write.get(), with.passed};
  const auto run = [](void* argument, bool joined) {
    exec::run_child(*static_cast<const exec::ChildContext*>(argument), joined);
  };
  auto child = shared_.maker.spawn(into != nullptr ? into->fd() : -1, {run, &context});
  if (!child) return std::unexpected(NotMade{ExecStep::Clone, std::move(child.error())});
  OutputOf of{child->pid, invocation_id_, into != nullptr ? into->path() : "", false};
  keep_output(std::move(output), plan, of, with.awaited);
  of.is_error = true;
  keep_output(std::move(error), plan, of, with.awaited);
  return Running{std::move(*child), std::move(pipe->read)};
}

/// What leads to the journal; empty where it goes elsewhere.
NewOutput UnitRuntime::open_output(const exec::Plan& plan, const StandardOutput& output) {
  if (output.kind != StandardOutput::Kind::Journal) return {};
  std::optional<unsigned> owner;
  if (plan.identity) owner = plan.identity->uid;
  auto opened = shared_.journal->open_output(owner);
  if (opened) return std::move(*opened);
  note_failure(std::unexpected(std::move(opened.error())));
  return {};
}

void UnitRuntime::keep_output(NewOutput output, const exec::Plan& plan, const OutputOf& of,
                              const std::string& awaited) {
  if (!output) return;
  protocol::JournalStream stream = journal_stream(parts_.settings, plan, of);
  stream.awaited = awaited;
  shared_.journal->add_output(std::move(output), std::move(stream), os::now());
}

void UnitRuntime::perform(const action::CheckConditions&) {
  push(check_conditions(parts_.settings.conditions));
}

void UnitRuntime::perform(const action::Spawn& action) {
  auto baseline = open_invocation(action.invocation);
  const auto failed = [this](NotMade& why) {
    push(event::SpawnFailed{why.step, std::move(why.error)});
  };
  if (!baseline) return failed(baseline.error());
  std::vector<std::string> environment = action.environment;
  std::ranges::move(stored_.variables(), std::back_inserter(environment));
  auto plan = parts_.launcher.main(action.index, invocation_id_, environment);
  if (!plan) return push(event::SpawnFailed{ExecStep::Exec, std::move(plan.error())});
  auto running = spawn_in_leaf(**plan, false, {stored_.descriptors(), awaited_line()});
  if (!running) return failed(running.error());
  child_ = std::move(running->child);
  exec_pipe_ = std::move(running->exec_pipe);
  note_failure(watch(exec_pipe_.get(), os::kReadable, os::Source::ExecPipe));
  push(event::Spawned{child_.pid, invocation_id_, std::move(*baseline)});
  watch_main();
}

void UnitRuntime::perform(const action::SpawnCommand& action) {
  stop_finding_main();
  auto baseline = open_invocation(action.invocation);
  const auto failed = [this](NotMade& why) {
    push(event::CommandSpawnFailed{why.step, std::move(why.error)});
  };
  if (!baseline) return failed(baseline.error());
  auto plan =
      parts_.launcher.command(action.kind, action.index, invocation_id_, action.environment);
  if (!plan) return push(event::CommandSpawnFailed{ExecStep::Exec, std::move(plan.error())});
  if (action.kind == CommandKind::StopPost && plan->standard_input == StandardInput::Null &&
      !exit_json_.empty()) {
    plan->standard_input = StandardInput::Data;
    plan->input_data = exit_json_;
  }
  const bool before_main = action.kind == CommandKind::Condition ||
                           action.kind == CommandKind::StartPre || action.kind == CommandKind::Main;
  // Of Type=forking it is the first process of the service.
  const bool is_main = action.kind == CommandKind::Main;
  auto running =
      spawn_in_leaf(*plan, !before_main, {{}, is_main ? awaited_line() : std::string()});
  if (!running) return failed(running.error());
  close_pipe(command_pipe_);
  command_ = std::move(running->child);
  command_pipe_ = std::move(running->exec_pipe);
  note_failure(watch(command_pipe_.get(), os::kReadable, os::Source::CommandPipe));
  push(event::CommandSpawned{command_.pid, invocation_id_, std::move(*baseline)});
}

// What ExecStopPost=, OnAlarm= and OnOOM= are given: the record as --log-format=json writes it.
void UnitRuntime::perform(const action::Emit& action) {
  const bool is_end = std::holds_alternative<record::Exited>(action.record);
  const HookSettings& hooks = parts_.settings.hooks;
  const bool is_wanted = !parts_.settings.commands.stop_post.empty() || !hooks.alarm.empty() ||
                         !hooks.out_of_memory.empty();
  if (!is_end || !is_wanted) return;
  exit_json_ = protocol::to_json(action.record, parts_.settings.name,
                                 to_string(level_of(action.record)), message_of(action.record),
                                 os::now(), os::wall_time) +
               "\n";
}

// ---- Type=forking, MAINPID= ------------------------------------------------------------------

void UnitRuntime::perform(const action::FindMain&) {
  finding_main_ = true;
  const std::string& path = parts_.settings.pid_file;
  if (!path.empty() && !pid_file_events_) {
    auto events = os::watch_pid_file(path);
    if (events) {
      pid_file_events_ = std::move(*events);
      note_failure(watch(pid_file_events_.get(), os::kReadable, os::Source::PidFile));
    } else {
      note_failure(std::unexpected(std::move(events.error())));
    }
  }
  find_main();
}

void UnitRuntime::find_main() {
  if (!finding_main_) return;
  const std::string& path = parts_.settings.pid_file;
  if (!path.empty()) {
    if (const auto pid = os::read_pid_file(path)) (void)adopt_main(*pid);
    return;
  }
  auto children = os::own_children(started_ticks_, {});
  std::erase_if(children, [this](int pid) { return !is_of_the_invocation(pid); });
  const auto oldest = std::ranges::min_element(children, {}, os::start_ticks);
  if (oldest == children.end() || !adopt_main(*oldest) || children.size() == 1) return;
  push(event::ActionFailed{Error{"main process", std::to_string(*oldest), 0,
                                 "the oldest of several is taken for it; PIDFile= would tell"}});
}

void UnitRuntime::perform(const action::AdoptMain& action) {
  if (!adopt_main(action.pid)) push(event::MainRefused{action.pid});
}

// From here on nothing that is found could be its main process.
void UnitRuntime::stop_finding_main() {
  finding_main_ = false;
  if (pid_file_events_) shared_.loop.unwatch(pid_file_events_.get());
  pid_file_events_.reset();
}

bool UnitRuntime::adopt_main(int pid) {
  if (held_ || !is_of_the_invocation(pid)) return false;
  auto child = os::adopt(pid);
  if (!child) return false;
  if (child_.pidfd) shared_.loop.unwatch(child_.pidfd.get());
  child_ = std::move(*child);
  stop_finding_main();
  watch_main();
  push(event::MainFound{pid});
  return true;
}

void UnitRuntime::perform(const action::AwaitTree&) {
  if (others_alive()) return watch_tree();
  tree_is_empty();
}

void UnitRuntime::watch_main() {
  if (child_.pidfd) {
    note_failure(watch(child_.pidfd.get(), os::kReadable, os::Source::MainProcess));
  }
  if (memory_events_ || parts_.placement.rung() != CgroupRung::MemoryController) return;
  // The slice's: a limit that is hit is told where the limit is, a kill where the victim was, and
  // both go up to here.
  auto fd = parts_.placement.slice().open_events("memory.events");
  if (!fd) return note_failure(std::unexpected(std::move(fd.error())));
  memory_events_ = std::move(*fd);
  os::acknowledge(memory_events_);
  note_failure(watch(memory_events_.get(), os::kChangedOnce, os::Source::MemoryEvents));
}

void UnitRuntime::perform(const action::RearmMemoryWatch&) {
  if (!memory_events_) return;
  note_failure(shared_.loop.rewatch(memory_events_.get(), os::kChangedOnce,
                                    os::Source::MemoryEvents, index_));
}

void UnitRuntime::perform(const action::SignalMain& action) {
  if (child_.pid != 0) note_failure(shared_.maker.signal(child_, action.signal));
}

void UnitRuntime::perform(const action::SignalCommand& action) {
  if (command_.pid != 0) note_failure(shared_.maker.signal(command_, action.signal));
}

void UnitRuntime::perform(const action::SignalTree& action) {
  stop_finding_main();
  if (parts_.placement.has_leaf()) {
    // The main process by its pidfd: it may have left its cgroup, if it has the right to.
    perform(action::SignalMain{action.signal});
    return note_failure(parts_.placement.leaf().signal_all(
        action.signal, shared_.maker.has_pidfd_open(), child_.pid));
  }
  signal_children(action.signal);
}

void UnitRuntime::perform(const action::KillTree&) {
  stop_finding_main();
  if (parts_.placement.has_leaf()) {
    note_failure(parts_.placement.leaf().kill_all(shared_.maker.has_pidfd_open()));
    perform(action::SignalMain{os::kKillSignal});
    return;
  }
  signal_children(os::kKillSignal);
}

void UnitRuntime::signal_children(int signal) {
  if (child_.pid != 0) {
    // The main process and what shares its process group; before its setsid(2) it has none.
    if (!os::signal_group(child_.pid, signal)) note_failure(shared_.maker.signal(child_, signal));
  }
  for (const int pid : other_children()) os::signal_child(pid, signal);
}

void UnitRuntime::perform(const action::Release&) {
  awaiting_children_ = false;
  if (tree_events_) shared_.loop.unwatch(tree_events_.get());
  tree_events_.reset();
  if (memory_events_) shared_.loop.unwatch(memory_events_.get());
  memory_events_.reset();
  stop_finding_main();
  invocation_ = 0;
  parts_.placement.drop_leaf();
  // The service's own: what it has left there would be a lie from now on.
  const std::string& pid_file = parts_.settings.pid_file;
  if (!pid_file.empty() && !writes_pid_file()) (void)os::remove_pid_file(pid_file);
  if (const auto& owner = parts_.launcher.ipc_owner()) note_failure(os::remove_ipc(*owner));
  note_failure(leavings_.release(parts_.launcher.directories(), parts_.launcher.credentials()));
}

// What a start took is not needed until the next one: some hundred page faults from the page cache.
void UnitRuntime::perform(const action::Tidy&) {
  parts_.placement.tidy();
  os::release_startup_memory();
}

void UnitRuntime::perform(const action::TakeSample&) {
  const os::CgroupDir& leaf = parts_.placement.leaf();
  std::vector<int> pids;
  if (leaf) {
    pids = leaf.processes().value_or(pids);
  } else {
    pids = other_children();
    pids.push_back(child_.pid);
  }
  push(event::Sampled{os::take_sample(leaf, std::move(pids))});
}

void UnitRuntime::perform(const action::WritePidFile& action) {
  if (writes_pid_file()) note_failure(os::write_pid_file(parts_.settings.pid_file, action.pid));
}

void UnitRuntime::perform(const action::RemovePidFile&) {
  if (writes_pid_file()) note_failure(os::remove_pid_file(parts_.settings.pid_file));
}

bool UnitRuntime::writes_pid_file() const {
  const ServiceSettings& settings = parts_.settings;
  return !settings.pid_file.empty() && settings.writes_pid_file &&
         settings.life.type != ServiceType::Forking;
}

void UnitRuntime::end() { leavings_.end(parts_.launcher.directories()); }

}  // namespace gatevisor::app
