// A year of respawns in virtual time: nothing grows, nothing drifts.

#include <gtest/gtest.h>

#include "core_testing.h"

namespace gatevisor::core {
namespace {

using namespace std::chrono_literals;

TEST(Manager, AYearOfRespawnsStaysBounded) {
  ServiceSettings settings;
  settings.commands.main = {Command{.argv = {"/bin/gateway"}}};
  settings.restart.mode = RestartMode::Always;
  settings.restart.delay = 2s;
  settings.alarm = {5, 60s};
  Manager manager(settings, 1);
  Instant now{1h};
  const Instant end = now + 24h * 365;
  manager.step(now, event::Start{});
  long deaths = 0;
  long records = 0;
  long alarms = 0;
  while (now < end) {
    manager.step(now, event::Spawned{100, "id", {}});
    manager.step(now, event::ExecSucceeded{});
    now += 58s;
    ++deaths;
    for (const Action& action :
         of_one(manager.step(now, event::MainExited{WaitStatus::exited(1), {}, false, -1}))) {
      const auto* emit = std::get_if<action::Emit>(&action);
      if (emit == nullptr) continue;
      if (std::holds_alternative<record::Exited>(emit->record)) ++records;
      if (std::holds_alternative<record::Alarm>(emit->record)) ++alarms;
    }
    now = manager.deadline();
    manager.step(now, event::TimerExpired{});
  }
  EXPECT_GT(deaths, 500'000);
  EXPECT_EQ(records, deaths);
  EXPECT_EQ(alarms, 0) << "two exits in a window of 60 s are no alarm";
}

}  // namespace
}  // namespace gatevisor::core
