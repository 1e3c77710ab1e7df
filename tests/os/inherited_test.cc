// What a process has where no setting says otherwise.

#include "os/inherited.h"

#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/resource.h>

namespace gatevisor::os {
namespace {

TEST(Inherited, LimitsAreThisProcesss) {
  rlimit old{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &old), 0);
  const rlimit lower{old.rlim_cur - 1, old.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &lower), 0);
  EXPECT_EQ(own_rlimits().at(RLIMIT_NOFILE).soft, old.rlim_cur - 1);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &old), 0);
  const auto all = own_rlimits();
  EXPECT_EQ(all.at(RLIMIT_NOFILE).soft, old.rlim_cur);
  EXPECT_EQ(all.size(), static_cast<std::size_t>(RLIM_NLIMITS));
}

TEST(Inherited, NoLimitIsTheSettingsOwn) {
  rlimit old{};
  ASSERT_EQ(getrlimit(RLIMIT_CPU, &old), 0);
  if (old.rlim_cur == RLIM_INFINITY) {
    EXPECT_EQ(own_rlimits().at(RLIMIT_CPU).soft, Rlimit::kNoLimit);
  } else {
    EXPECT_EQ(own_rlimits().at(RLIMIT_CPU).soft, old.rlim_cur);
  }
}

TEST(Inherited, TimerSlackIsThisThreads) {
  const int old = prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0);
  ASSERT_GE(old, 0);
  ASSERT_EQ(prctl(PR_SET_TIMERSLACK, 123'456, 0, 0, 0), 0);
  EXPECT_EQ(own_timer_slack_nsec(), 123'456u);
  prctl(PR_SET_TIMERSLACK, old, 0, 0, 0);
}

TEST(Inherited, CapabilitiesAreTheKernels) {
  for (int number = 0; number < 63; ++number) {
    const bool known = prctl(PR_CAPBSET_READ, number, 0, 0, 0) >= 0;
    EXPECT_EQ((known_capabilities() >> number & 1) == 1, known) << number;
  }
}

TEST(Inherited, MemoryIsWholePages) {
  EXPECT_GT(physical_memory(), 0u);
  EXPECT_EQ(physical_memory() % page_size(), 0u);
  EXPECT_GT(most_tasks(), 0u);
}

}  // namespace
}  // namespace gatevisor::os
