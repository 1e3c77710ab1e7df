// What a gateway that crashes or is signalled for ever costs: nothing that grows.

#include <malloc.h>

#include <algorithm>

#include "core_testing.h"

namespace gatevisor::core {
namespace {

/// Bytes that malloc(3) has handed out. Under AddressSanitizer it says 0, and proves nothing.
std::size_t allocated() { return mallinfo2().uordblks; }

constexpr std::size_t kSomeSlack = 128 * 1024;

TEST(BoundedMemory, SeedRow_ChildTracking_AHundredThousandCrashesKeepNothing) {
  ServiceSettings settings = loop_settings();
  settings.restart.delay = 0s;  // far more exits in the window than it holds
  Manager manager(settings, 1);
  Instant now = at(100s);
  manager.step(now, event::Start{});
  std::size_t before = 0;
  std::size_t most_evidence = 0;
  unsigned most_exits = 0;
  for (int crash = 0; crash < 100'000; ++crash) {
    if (crash == 2'000) before = allocated();  // the windows are full by now
    now += 1ms;
    manager.step(now, event::Spawned{1000 + crash, std::string(32, 'a'), {}});
    manager.step(now, event::ExecSucceeded{});
    for (const Action& action :
         of_one(manager.step(now, event::MainExited{WaitStatus::killed(SIGKILL), {}, false, 0}))) {
      const auto* emit = std::get_if<action::Emit>(&action);
      if (emit == nullptr) continue;
      if (const auto* exited = std::get_if<record::Exited>(&emit->record)) {
        most_evidence = std::max(most_evidence, exited->verdict.evidence.size());
        most_exits = std::max(most_exits, exited->exits_in_window);
      }
    }
    ASSERT_EQ(manager.service().state(), ServiceState::Starting);
  }
  EXPECT_EQ(most_exits, SlidingWindow::kCapacity);
  EXPECT_LE(most_evidence, 4u);
  EXPECT_LT(allocated(), before + kSomeSlack);
}

TEST(BoundedMemory, SeedRow_ChildTracking_TheLedgerOfSignalsKeepsTheLatest) {
  Manager manager(loop_settings(), 1);
  const Instant now = at(100s);
  manager.step(now, event::Start{});
  manager.step(now, event::Spawned{42, std::string(32, 'a'), {}});
  manager.step(now, event::ExecSucceeded{});
  std::size_t before = 0;
  for (int i = 0; i < 20'000; ++i) {
    if (i == 100) before = allocated();
    manager.step(now, event::SignalReceived{SIGHUP, {"SIGHUP", 7, 0}});
  }
  EXPECT_LT(allocated(), before + kSomeSlack);
}

}  // namespace
}  // namespace gatevisor::core
