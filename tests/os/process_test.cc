// Children on this kernel: made, signalled, judged by their wait status.

#include "os/process.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <csignal>

#include "os/children.h"

namespace gatevisor::os {
namespace {

/// Waits for the end of a child through its pidfd; a test that hangs here is ended by its runner.
WaitStatus wait_for(const Child& child) {
  pollfd ready{child.pidfd.get(), POLLIN, 0};
  EXPECT_EQ(poll(&ready, 1, 10'000), 1) << "the child did not end within 10 s";
  const auto status = peek_exit(child.pid);
  EXPECT_TRUE(status);
  return status.value_or(WaitStatus{});
}

Child spawn(void (*run)(void*, bool)) {
  ProcessMaker maker = ProcessMaker::probe();
  auto child = maker.spawn(-1, {run, nullptr});
  EXPECT_TRUE(child);
  return std::move(*child);
}

TEST(Process, ExitCodeIsSeenWhileItIsStillAZombie) {
  const Child child = spawn([](void*, bool) { _exit(7); });
  EXPECT_EQ(wait_for(child), WaitStatus::exited(7));
  EXPECT_EQ(peek_exit(child.pid), WaitStatus::exited(7)) << "looking must not reap";
  reap(child.pid);
  EXPECT_EQ(peek_exit(child.pid), std::nullopt);
}

TEST(Process, SignalReachesTheChild) {
  const Child child = spawn([](void*, bool) {
    for (;;) pause();
  });
  ASSERT_TRUE(ProcessMaker::probe().signal(child, SIGKILL));
  EXPECT_EQ(wait_for(child), WaitStatus::killed(SIGKILL));
  reap(child.pid);
}

TEST(Process, SeedRow_PidReuse_SignalGoesToTheStartedIdentityAlone) {
  const Child child = spawn([](void*, bool) { _exit(0); });
  wait_for(child);
  reap(child.pid);
  // Its number may be another's by now: the pidfd still names the one that is gone.
  EXPECT_TRUE(ProcessMaker::probe().signal(child, SIGTERM));
}

TEST(Process, AnyExitFindsTheDeadChild) {
  const Child child = spawn([](void*, bool) { _exit(0); });
  wait_for(child);
  const auto exit = peek_any_exit();
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->pid, child.pid);
  EXPECT_EQ(exit->status, WaitStatus::exited(0));
  reap(child.pid);
  EXPECT_FALSE(peek_any_exit());
}

TEST(Process, RunningChildHasNoExit) {
  const Child child = spawn([](void*, bool) {
    for (;;) pause();
  });
  EXPECT_EQ(peek_exit(child.pid), std::nullopt);
  EXPECT_EQ(own_children(0, {}), std::vector<int>{child.pid});
  EXPECT_TRUE(own_children(0, {child.pid}).empty());
  EXPECT_TRUE(own_children(start_ticks(child.pid) + 1, {}).empty());
  ASSERT_TRUE(ProcessMaker::probe().signal(child, SIGKILL));
  wait_for(child);
  EXPECT_TRUE(own_children(0, {}).empty()) << "a zombie is not alive";
  reap(child.pid);
}

TEST(Process, SeccompModeOfAPlainProcessIsZero) { EXPECT_EQ(seccomp_mode(getpid()), 0); }

}  // namespace
}  // namespace gatevisor::os
