// Events as one line of a trace: what the simulation prints when a seed fails.

#include "gatevisor/event.h"

namespace gatevisor {
namespace {

std::string words(const WaitStatus& status) {
  if (!status.by_signal()) return "exit " + std::to_string(status.value);
  return (status.kind == EndKind::Dumped ? "dumped " : "killed ") + signal_name(status.value);
}

struct Trace {
  std::string operator()(const event::Start&) const { return "Start"; }
  std::string operator()(const event::ConditionsChecked& e) const {
    using Result = event::ConditionsChecked::Result;
    return std::string("ConditionsChecked(") +
           (e.result == Result::Met ? "met)" : e.result == Result::Skip ? "skip)" : "failed)");
  }
  std::string operator()(const event::Spawned& e) const {
    return "Spawned(" + std::to_string(e.pid) + ")";
  }
  std::string operator()(const event::SpawnFailed& e) const {
    return "SpawnFailed(" + std::string(to_string(e.step)) + ", " + to_string(e.error) + ")";
  }
  std::string operator()(const event::ExecSucceeded&) const { return "ExecSucceeded"; }
  std::string operator()(const event::ExecFailed& e) const {
    return "ExecFailed(" + std::string(to_string(e.step)) + ", " + std::to_string(e.code) + ")";
  }
  std::string operator()(const event::MainExited& e) const {
    return "MainExited(" + words(e.status) + (e.others_alive ? ", others alive" : "") +
           (e.last_words ? ", " + e.last_words->runtime + " said why)" : ")");
  }
  std::string operator()(const event::CommandSpawned& e) const {
    return "CommandSpawned(" + std::to_string(e.pid) + ")";
  }
  std::string operator()(const event::CommandSpawnFailed& e) const {
    return "CommandSpawnFailed(" + std::string(to_string(e.step)) + ", " + to_string(e.error) + ")";
  }
  std::string operator()(const event::CommandExecFailed& e) const {
    return "CommandExecFailed(" + std::string(to_string(e.step)) + ", " + std::to_string(e.code) +
           ")";
  }
  std::string operator()(const event::CommandExited& e) const {
    return "CommandExited(" + words(e.status) + (e.others_alive ? ", others alive)" : ")");
  }
  std::string operator()(const event::MainRefused& e) const {
    return "MainRefused(" + std::to_string(e.pid) + ")";
  }
  std::string operator()(const event::MainFound& e) const {
    return "MainFound(" + std::to_string(e.pid) + ")";
  }
  std::string operator()(const event::Notified& e) const {
    return std::string("Notified(") + (e.ready ? "READY " : "") + (e.stopping ? "STOPPING " : "") +
           (e.reloading ? "RELOADING " : "") + (e.watchdog ? "WATCHDOG " : "") + ")";
  }
  std::string operator()(const event::TreeEmpty&) const { return "TreeEmpty"; }
  std::string operator()(const event::TreeChanged&) const { return "TreeChanged"; }
  std::string operator()(const event::MemoryChanged&) const { return "MemoryChanged"; }
  std::string operator()(const event::PressureHigh&) const { return "PressureHigh"; }
  std::string operator()(const event::Sampled&) const { return "Sampled"; }
  std::string operator()(const event::HookEnded& e) const {
    return "HookEnded(" + std::string(setting_of(e.kind)) + ")";
  }
  std::string operator()(const event::Probed& e) const { return "Probed(" + e.result.detail + ")"; }
  std::string operator()(const event::SignalReceived& e) const {
    return "SignalReceived(" + signal_name(e.signal) + ")";
  }
  std::string operator()(const event::CommandRequested& e) const {
    return "CommandRequested(" + std::string(to_string(e.verb)) + ")";
  }
  std::string operator()(const event::TimerExpired&) const { return "TimerExpired"; }
  std::string operator()(const event::ActionFailed& e) const {
    return "ActionFailed(" + to_string(e.error) + ")";
  }
};

}  // namespace

std::string to_string(const Event& event) { return std::visit(Trace{}, event); }

}  // namespace gatevisor
