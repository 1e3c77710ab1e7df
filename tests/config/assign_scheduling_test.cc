// systemd.exec(5), 'Scheduling'.

#include <sched.h>

#include "settings_testing.h"

namespace gatevisor::config {
namespace {

SchedulingSettings scheduling(std::initializer_list<std::string_view> assignments) {
  return with(assignments).exec.scheduling;
}

TEST(AssignScheduling, NiceHasItsBounds) {
  EXPECT_EQ(scheduling({"Nice=-20"}).nice, -20);
  EXPECT_EQ(scheduling({"Nice=+5"}).nice, 5);
  EXPECT_EQ(scheduling({"Nice=19"}).nice, 19);
  EXPECT_EQ(scheduling({"Nice=5", "Nice="}).nice, std::nullopt);
  for (const char* text : {"Nice=-21", "Nice=20", "Nice=x", "Nice=--1", "Nice=1.5", "Nice=-"}) {
    EXPECT_NE(refusal(text), "") << text;
  }
}

TEST(AssignScheduling, PolicyBringsAPriorityThatFits) {
  EXPECT_EQ(scheduling({"CPUSchedulingPolicy=idle"}).cpu_policy, SCHED_IDLE);
  EXPECT_EQ(scheduling({"CPUSchedulingPolicy=fifo"}).cpu_priority, 1);
  EXPECT_EQ(scheduling({"CPUSchedulingPolicy=rr", "CPUSchedulingPriority=50"}).cpu_priority, 50);
  EXPECT_EQ(scheduling({"CPUSchedulingPriority=50", "CPUSchedulingPolicy=other"}).cpu_priority, 0);
  EXPECT_NE(refusal("CPUSchedulingPolicy=deadline"), "");
  EXPECT_NE(refusal("CPUSchedulingPriority=100"), "");
  EXPECT_NE(refusal(with({"CPUSchedulingPolicy=other"}), "CPUSchedulingPriority=1"), "");
}

TEST(AssignScheduling, ProcessorsAddUp) {
  const auto set = scheduling({"CPUAffinity=0-2,5 7", "CPUAffinity=9"}).processors;
  EXPECT_EQ(set.count(), 6u);
  EXPECT_TRUE(set.test(0) && set.test(2) && set.test(5) && set.test(7) && set.test(9));
  EXPECT_TRUE(scheduling({"CPUAffinity=1", "CPUAffinity="}).processors.none());
  for (const char* text : {"CPUAffinity=1024", "CPUAffinity=3-1", "CPUAffinity=a", "CPUAffinity=1-",
                           "CPUAffinity=numa"}) {
    EXPECT_NE(refusal(text), "") << text;
  }
}

TEST(AssignScheduling, DiskClassAndPriority) {
  EXPECT_EQ(scheduling({"IOSchedulingClass=idle"}).io_class, 3);
  EXPECT_EQ(scheduling({"IOSchedulingClass=2"}).io_class, 2);
  EXPECT_EQ(scheduling({"IOSchedulingPriority=7"}).io_priority, 7);
  EXPECT_EQ(scheduling({"IOSchedulingPriority=7", "IOSchedulingPriority="}).io_priority,
            std::nullopt);
  EXPECT_NE(refusal("IOSchedulingClass=4"), "");
  EXPECT_NE(refusal("IOSchedulingPriority=8"), "");
}

}  // namespace
}  // namespace gatevisor::config
