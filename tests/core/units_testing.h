// Several units under one manager, and what is asked for them, in words.
#pragma once

#include "core_testing.h"

namespace gatevisor::core {

using Kind = Dependency;

inline ServiceSettings service(std::string name, RestartMode restart = RestartMode::No) {
  ServiceSettings settings;
  settings.name = std::move(name);
  settings.commands.main = {Command{.argv = {"/bin/" + settings.name}}};
  settings.kill.timeout_stop = 8s;
  settings.restart.mode = restart;
  settings.restart.delay = 2s;
  settings.memory.sample_interval = 0s;
  return settings;
}

inline ServiceSettings with(ServiceSettings settings, Kind kind, std::string other) {
  settings.dependencies.of(kind).push_back(std::move(other));
  return settings;
}

inline ServiceSettings oneshot(ServiceSettings settings) {
  settings.life.type = ServiceType::Oneshot;
  return settings;
}

/// Units a, b, c … and what is asked for them: 'a:spawn:1 b:tree:SIGTERM'. Tidy is left out.
class Units {
 public:
  explicit Units(std::vector<ServiceSettings> settings, UnitGraph::Units named = {0},
                 bool keep_running = false)
      : manager_(set(std::move(settings), named, keep_running), 1) {}

  std::string feed(std::size_t unit, const Event& event) {
    std::string text;
    for (const UnitAction& each : manager_.step(now, event, unit)) {
      if (const auto* emit = std::get_if<action::Emit>(&each.what)) {
        if (const auto* refused = std::get_if<record::NotStarted>(&emit->record)) {
          reason = refused->reason;
        }
        if (const auto* finished = std::get_if<record::Finished>(&emit->record)) {
          reason = finished->reason;
        }
        if (const auto* stopping = std::get_if<record::Stopping>(&emit->record)) {
          asked_by = stopping->from.what;
        }
      }
      if (const auto* exit = std::get_if<action::Exit>(&each.what)) exit_status = exit->status;
      const std::string word = std::visit(ActionWords{}, each.what);
      // What each service does for itself is tested elsewhere.
      const bool told = word.starts_with("spawn") || word == "tree:SIGTERM" || word == "check" ||
                        word == "emit:not-started" || word == "emit:skipped" ||
                        word == "emit:limit" || word.starts_with("exit") ||
                        word.starts_with("answer");
      if (!told) continue;
      if (!text.empty()) text += ' ';
      text += std::string(1, static_cast<char>('a' + each.unit)) + ":" + word;
    }
    return text;
  }

  std::string start() { return feed(0, event::Start{}); }
  std::string runs(std::size_t unit) {
    std::string text = feed(unit, event::Spawned{10, std::string(32, 'a'), {}});
    const std::string more = feed(unit, event::ExecSucceeded{});
    return text + (text.empty() || more.empty() ? "" : " ") + more;
  }
  std::string ends(std::size_t unit, int code) {
    return feed(unit, event::MainExited{WaitStatus::exited(code), {}, false, -1});
  }
  std::string is_killed(std::size_t unit) {
    return feed(unit, event::MainExited{WaitStatus::killed(SIGTERM), {}, false, -1});
  }
  std::string timer() {
    now = std::max(now, manager_.deadline());
    return feed(0, event::TimerExpired{});
  }
  std::string sigterm() { return feed(0, event::SignalReceived{SIGTERM, {"SIGTERM", 7, 0}}); }
  /// `gatevisor VERB UNIT`, whose answer has that ticket.
  std::string command(Verb verb, std::size_t unit, std::uint64_t ticket = 1) {
    return feed(unit, event::CommandRequested{verb, {std::string(to_string(verb)), 8, 0}, ticket});
  }
  std::string_view job(std::size_t unit) const { return manager_.job(unit); }
  ServiceState state(std::size_t unit) const { return manager_.service(unit).state(); }
  Instant deadline() const { return manager_.deadline(); }

  Instant now = at(100s);
  std::string reason;    ///< of the last NotStarted or Finished
  std::string asked_by;  ///< of the last Stopping
  int exit_status = -1;

 private:
  static UnitSet set(std::vector<ServiceSettings> settings, const UnitGraph::Units& named,
                     bool keep_running) {
    auto graph = UnitGraph::make(settings, named);
    EXPECT_TRUE(graph) << to_string(graph.error());
    return {std::move(settings), graph ? *graph : UnitGraph(), 0, keep_running};
  }
  Manager manager_;
};

}  // namespace gatevisor::core
