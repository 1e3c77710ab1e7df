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
  void command();
  void disturb();
  void step(const Event& event);
  void note_reasons(const Event& event, const Actions& actions, ServiceState before);
  void note_clocks(const Event& event, ServiceState before);
  void notify();
  Reason time_out(ServiceState before) const;
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
  // When a time limit can have passed, as the tests count it.
  Instant asked_ = Instant::max();    ///< the start of what TimeoutStartSec= bounds now
  Instant serving_ = Instant::max();  ///< Running was reached
  Instant watched_ = Instant::max();  ///< WatchdogSec= counts from here
  Duration watchdog_{0};
  std::uint64_t tickets_ = 0;  ///< of commands
  bool stop_asked_ = false;    ///< by one
  bool tracing_;
  std::deque<std::string> trace_;
};

}  // namespace gatevisor::core
