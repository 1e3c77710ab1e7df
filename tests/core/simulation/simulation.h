// One seed: a random world, gatevisor's core in it, and a referee, until gatevisor exits.
#pragma once

#include <optional>
#include <string>

#include "core/manager.h"
#include "simulation/fake_kernel.h"
#include "simulation/referee.h"
#include "simulation/scenario.h"

namespace gatevisor::core {

struct Outcome {
  std::optional<std::string> failure;  ///< which rule was broken
  std::string trace;                   ///< settings, and the last events with their actions
  Statistics statistics;
};

class Simulation {
 public:
  Simulation(std::uint64_t seed, bool tracing);

  Outcome run();

 private:
  void begin_the_outside();
  void outside();
  void disturb();
  void step(const Event& event);
  void note_reasons(const Event& event, const Actions& actions);
  bool advance();
  void add_trace(const Event& event, const Actions& actions, ServiceState before);

  Dice dice_;
  const Scenario scenario_;
  FakeKernel kernel_;
  Manager manager_;
  Referee referee_;
  Instant world_ends_;
  Instant late_for_{};  ///< the deadline of which it was drawn how late it comes
  Duration lateness_{};
  bool tracing_;
  std::deque<std::string> trace_;
};

}  // namespace gatevisor::core
