// What the tests of the core share: settings, actions in words, and a manager in virtual time.
#pragma once

#include <gtest/gtest.h>

#include <csignal>
#include <string>
#include <utility>
#include <vector>

#include "core/manager.h"

namespace gatevisor::core {

using namespace std::chrono_literals;

inline constexpr Instant at(Duration since_boot) { return Instant{} + since_boot; }

/// The defaults of `gatevisor run --`: those of the loop that it replaces.
inline ServiceSettings loop_settings() {
  ServiceSettings settings;
  settings.commands.main = {Command{.argv = {"/usr/bin/gateway", "run"}}};
  settings.kill.timeout_stop = 8s;
  settings.restart.mode = RestartMode::OnFailure;
  settings.restart.delay = 2s;
  settings.restart.reset_after = 60s;
  settings.restart.prevent.codes.set(78);
  settings.alarm = {5, 60s};
  settings.memory.sample_interval = 0s;  // the recorder has tests of its own
  settings.forward = {{SIGHUP, SIGHUP}, {SIGUSR1, SIGUSR2}, {SIGQUIT, 0}};
  return settings;
}

/// 'spawn:2', 'tree:SIGTERM', 'emit:exited': an action as the tables of the tests write it.
struct ActionWords {
  std::string operator()(const action::CheckConditions&) const { return "check"; }
  std::string operator()(const action::Spawn& a) const {
    return "spawn:" + std::to_string(a.invocation);
  }
  std::string operator()(const action::SpawnCommand& a) const {
    std::string text = std::string(to_string(a.kind)) + ":" + std::to_string(a.index);
    for (const std::string& entry : a.environment) text += "," + entry;
    return text;
  }
  std::string operator()(const action::FindMain&) const { return "find-main"; }
  std::string operator()(const action::AdoptMain& a) const {
    return "adopt:" + std::to_string(a.pid);
  }
  std::string operator()(const action::AwaitTree&) const { return "await-tree"; }
  std::string operator()(const action::SignalCommand& a) const {
    return "command:" + signal_name(a.signal);
  }
  std::string operator()(const action::SignalMain& a) const {
    return "main:" + signal_name(a.signal);
  }
  std::string operator()(const action::SignalTree& a) const {
    return "tree:" + signal_name(a.signal);
  }
  std::string operator()(const action::KillTree&) const { return "kill"; }
  std::string operator()(const action::Release&) const { return "release"; }
  std::string operator()(const action::Tidy&) const { return "tidy"; }
  std::string operator()(const action::RearmMemoryWatch&) const { return "rearm"; }
  std::string operator()(const action::TakeSample&) const { return "sample"; }
  std::string operator()(const action::Probe& a) const { return "probe" + of_kind(a.kind); }
  std::string operator()(const action::EndProbe& a) const { return "end-probe" + of_kind(a.kind); }
  std::string operator()(const action::RunHook& a) const {
    return "hook:" + std::string(setting_of(a.kind)) + ":" + std::to_string(a.index);
  }
  std::string operator()(const action::KillHook& a) const {
    return "kill-hook:" + std::string(setting_of(a.kind));
  }
  std::string operator()(const action::CloseStored&) const { return "close-stored"; }
  /// Of the liveness probe nothing is said.
  static std::string of_kind(ProbeKind kind) {
    return kind == ProbeKind::Liveness ? "" : ":" + std::string(to_string(kind));
  }
  std::string operator()(const action::WritePidFile& a) const {
    return "pidfile:" + std::to_string(a.pid);
  }
  std::string operator()(const action::RemovePidFile&) const { return "no-pidfile"; }
  std::string operator()(const action::Answer& a) const {
    return "answer:" + std::to_string(a.ticket) + ":" + std::string(to_string(a.result));
  }
  std::string operator()(const action::Exit& a) const { return "exit:" + std::to_string(a.status); }
  std::string operator()(const action::Emit& a) const { return std::visit(*this, a.record); }
  std::string operator()(const record::Started&) const { return "emit:started"; }
  std::string operator()(const record::Ready&) const { return "emit:ready"; }
  std::string operator()(const record::CommandFailed&) const { return "emit:command-failed"; }
  std::string operator()(const record::Skipped&) const { return "emit:skipped"; }
  std::string operator()(const record::NotStarted&) const { return "emit:not-started"; }
  std::string operator()(const record::Reloading&) const { return "emit:reloading"; }
  std::string operator()(const record::Reloaded&) const { return "emit:reloaded"; }
  std::string operator()(const record::Flight&) const { return "emit:flight"; }
  std::string operator()(const record::Exited&) const { return "emit:exited"; }
  std::string operator()(const record::Failed& r) const { return "emit:failed=" + r.result; }
  std::string operator()(const record::Alarm&) const { return "emit:alarm"; }
  std::string operator()(const record::StartLimitHit&) const { return "emit:limit"; }
  std::string operator()(const record::Stopping&) const { return "emit:stopping"; }
  std::string operator()(const record::Forwarded&) const { return "emit:forwarded"; }
  std::string operator()(const record::SignalSent&) const { return "emit:signal-sent"; }
  std::string operator()(const record::KillEscalated&) const { return "emit:escalated"; }
  std::string operator()(const record::OomWhileAlive&) const { return "emit:oom"; }
  std::string operator()(const record::MemoryStalled&) const { return "emit:stalled"; }
  std::string operator()(const record::Serving&) const { return "emit:serving"; }
  std::string operator()(const record::ProbeFailed&) const { return "emit:probe-failed"; }
  std::string operator()(const record::HookFailed&) const { return "emit:hook-failed"; }
  std::string operator()(const record::LeftBehind&) const { return "emit:left-behind"; }
  std::string operator()(const record::Warning&) const { return "emit:warning"; }
  std::string operator()(const record::Finished&) const { return "emit:finished"; }
};

inline std::string words(const Actions& actions) {
  std::string text;
  for (const Action& action : actions) {
    if (!text.empty()) text += ' ';
    text += std::visit(ActionWords{}, action);
  }
  return text;
}

/// The actions of a manager that has one unit.
inline Actions of_one(UnitActions all) {
  Actions actions;
  for (UnitAction& each : all) {
    EXPECT_EQ(each.unit, 0U);
    actions.push_back(std::move(each.what));
  }
  return actions;
}

/// A manager of one unit, the time, and everything that it said. Pids are 100 plus the launch: 101, 102, …
class Rig {
 public:
  static constexpr int kCommandPid = 50;

  explicit Rig(ServiceSettings settings = loop_settings(), std::uint64_t seed = 1)
      : manager_(std::move(settings), seed) {}

  /// One event now; what is to be done for it, in words.
  std::string feed(const Event& event) {
    const Actions actions = of_one(manager_.step(now, event));
    for (const Action& action : actions) {
      if (const auto* emit = std::get_if<action::Emit>(&action)) records_.push_back(emit->record);
      if (const auto* spawn = std::get_if<action::Spawn>(&action)) launches_ = spawn->invocation;
      if (const auto* exit = std::get_if<action::Exit>(&action)) exit_status = exit->status;
    }
    return words(actions);
  }

  std::string start() { return feed(event::Start{}); }
  std::string spawned(CgroupSnapshot baseline = {}) {
    return feed(event::Spawned{pid(), "0123456789abcdef0123456789abcdef", std::move(baseline)});
  }
  std::string exec_succeeded() { return feed(event::ExecSucceeded{}); }
  /// From nothing to a main process that was executed, whatever its Type= makes of that.
  void launch(CgroupSnapshot baseline = {}) {
    start();
    spawned(std::move(baseline));
    exec_succeeded();
  }
  /// From nothing, or from Starting, to Running.
  void run(CgroupSnapshot baseline = {}) {
    if (state() == ServiceState::Inactive) start();
    spawned(std::move(baseline));
    exec_succeeded();
    ASSERT_EQ(state(), ServiceState::Running);
  }
  std::string dies(WaitStatus status, bool others_alive = false, CgroupSnapshot after = {}) {
    return feed(event::MainExited{status, std::move(after), others_alive, -1});
  }
  /// The command that was asked for runs, and ends with `code`.
  std::string command_exits(int code, bool others_alive = false) {
    return command_dies(WaitStatus::exited(code), others_alive);
  }
  std::string command_dies(WaitStatus status, bool others_alive = false) {
    feed(event::CommandSpawned{kCommandPid, "0123456789abcdef0123456789abcdef", {}});
    return feed(event::CommandExited{status, {}, others_alive});
  }
  std::string exits(int code) { return dies(WaitStatus::exited(code)); }
  std::string signal(int number) {
    return feed(event::SignalReceived{number, {signal_name(number), 7, 0}});
  }
  std::string restart() { return feed(event::CommandRequested{Verb::Restart, {"restart", 8, 0}}); }
  /// Time passes until the deadline, and the timer tells so.
  std::string timer() {
    EXPECT_NE(deadline(), Instant::max()) << "no deadline is armed";
    now = std::max(now, deadline());
    return feed(event::TimerExpired{});
  }
  /// The wait between death and respawn, and the respawn, up to Running.
  void respawn() {
    if (state() == ServiceState::Waiting) timer();
    run();
  }

  const Service& service() const { return manager_.service(); }
  ServiceState state() const { return service().state(); }
  Instant deadline() const { return manager_.deadline(); }
  int pid() const { return 100 + static_cast<int>(launches_); }
  const std::vector<Record>& records() const { return records_; }

  /// The latest record of one kind. The test fails where there is none.
  template <typename T>
  T last() const {
    for (auto record = records_.rbegin(); record != records_.rend(); ++record) {
      if (const T* found = std::get_if<T>(&*record)) return *found;
    }
    ADD_FAILURE() << "no such record";
    return T{};
  }
  template <typename T>
  std::size_t count() const {
    std::size_t number = 0;
    for (const Record& record : records_) number += std::holds_alternative<T>(record) ? 1 : 0;
    return number;
  }
  Verdict verdict() const { return last<record::Exited>().verdict; }

  Instant now = at(100s);
  int exit_status = -1;  ///< of action::Exit; -1: gatevisor goes on

 private:
  Manager manager_;
  std::vector<Record> records_;
  std::uint64_t launches_ = 0;
};

}  // namespace gatevisor::core
