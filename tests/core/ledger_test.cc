// The ledger: what gatevisor sent to end a process is remembered, whatever else went through.

#include <gtest/gtest.h>

#include <csignal>

#include "core_testing.h"

namespace gatevisor::core {
namespace {

using namespace std::chrono_literals;

TEST(Ledger, StopIsRememberedThroughManyForwardedSignals) {
  ServiceSettings settings;
  settings.commands.main = {Command{.argv = {"/bin/gateway"}}};
  settings.kill.signal = SIGQUIT;
  for (int signal = 1; signal < 65; ++signal) settings.forward[signal] = signal;
  Manager manager(settings, 1);
  const Instant now{1h};
  manager.step(now, event::Start{});
  manager.step(now, event::Spawned{100, "id", {}});
  manager.step(now, event::ExecSucceeded{});
  manager.step(now, event::SignalReceived{SIGTERM, {"SIGTERM", 1, 0}});
  for (int i = 0; i < 1000; ++i) {
    manager.step(now, event::SignalReceived{1 + i % 64, {"signal", 1, 0}});
  }
  for (const Action& action :
       of_one(manager.step(now, event::MainExited{WaitStatus::dumped(SIGQUIT), {}, false, -1}))) {
    const auto* emit = std::get_if<action::Emit>(&action);
    const auto* exited = emit != nullptr ? std::get_if<record::Exited>(&emit->record) : nullptr;
    if (exited != nullptr) {
      EXPECT_EQ(exited->verdict.cause, Cause::Requested);
      EXPECT_EQ(exited->verdict.sender, Sender::Gatevisor);
      return;
    }
  }
  FAIL() << "no verdict";
}

}  // namespace
}  // namespace gatevisor::core
