#include "settings_testing.h"

namespace gatevisor::config {
namespace {

using Kind = ResourceLimit::Kind;
using namespace std::chrono_literals;

constexpr ResourceLimit absolute(std::uint64_t value) { return {Kind::Absolute, value}; }
constexpr ResourceLimit percent(std::uint64_t hundredths) { return {Kind::Percent, hundredths}; }
constexpr ResourceLimit kInfinity{};

TEST(AssignResources, MemoryLimitsTakeSizesSharesAndInfinity) {
  EXPECT_EQ(with({"MemoryMax=512M"}).resources.memory_max, absolute(512 << 20));
  EXPECT_EQ(with({"MemoryMax=50%"}).resources.memory_max, percent(5000));
  EXPECT_EQ(with({"MemoryMax=infinity"}).resources.memory_max, kInfinity);
  EXPECT_EQ(with({"MemoryHigh=400M"}).resources.memory_high, absolute(400 << 20));
  EXPECT_EQ(with({"MemorySwapMax=1G"}).resources.memory_swap_max, absolute(1 << 30));
}

TEST(AssignResources, EmptyAsksForNoLimit) {
  EXPECT_EQ(with({"MemoryMax=1G", "MemoryMax="}).resources.memory_max, std::nullopt);
  EXPECT_EQ(with({"TasksMax=5", "TasksMax="}).resources.tasks_max, std::nullopt);
  EXPECT_EQ(with({"CPUQuota=5%", "CPUQuota="}).resources.cpu_quota_usec_per_sec, std::nullopt);
  EXPECT_EQ(with({"CPUWeight=5", "CPUWeight="}).resources.cpu_weight, std::nullopt);
}

TEST(AssignResources, LaterLimitWins) {
  EXPECT_EQ(with({"MemoryMax=1G", "MemoryMax=7"}).resources.memory_max, absolute(7));
}

TEST(AssignResources, ZeroIsALimitOfSwapOnly) {
  EXPECT_EQ(with({"MemoryZSwapMax=0"}).resources.memory_zswap_max, absolute(0));
  EXPECT_EQ(with({"MemorySwapMax=0"}).resources.memory_swap_max, absolute(0));
  EXPECT_NE(refusal("MemoryMax=0"), "");
  EXPECT_NE(refusal("MemoryHigh=0%"), "");
  EXPECT_NE(refusal("TasksMax=0"), "");
  EXPECT_NE(refusal("TasksMax=0%"), "");
}

TEST(AssignResources, MemoryThatIsNoneIsRefused) {
  for (const std::string_view text :
       {"MemoryMax=12Q", "MemoryMax=512m", "MemoryMax=-1", "MemoryMax=101%", "MemoryMax=max",
        "MemoryMax=18446744073709551615", "MemoryMax=16E"}) {
    EXPECT_NE(refusal(text), "") << text;
  }
}

TEST(AssignResources, TasksAreCountedUpToThePidLimitOfTheKernel) {
  EXPECT_EQ(with({"TasksMax=1"}).resources.tasks_max, absolute(1));
  EXPECT_EQ(with({"TasksMax=4194304"}).resources.tasks_max, absolute(4194304));
  EXPECT_EQ(with({"TasksMax=15%"}).resources.tasks_max, percent(1500));
  EXPECT_EQ(with({"TasksMax=infinity"}).resources.tasks_max, kInfinity);
  EXPECT_NE(refusal("TasksMax=4194305"), "");
  EXPECT_NE(refusal("TasksMax=1K"), "");
}

TEST(AssignResources, CpuQuotaIsAShareOfOneProcessor) {
  EXPECT_EQ(with({"CPUQuota=150%"}).resources.cpu_quota_usec_per_sec, 1'500'000u);
  EXPECT_EQ(with({"CPUQuota=0.01%"}).resources.cpu_quota_usec_per_sec, 100u);
  for (const std::string_view text : {"CPUQuota=0%", "CPUQuota=50", "CPUQuota=-1%",
                                      "CPUQuota=infinity", "CPUQuota=21474836.48%"}) {
    EXPECT_NE(refusal(text), "") << text;
  }
}

TEST(AssignResources, CpuWeightIsOneToTenThousand) {
  EXPECT_EQ(with({"CPUWeight=1"}).resources.cpu_weight, 1u);
  EXPECT_EQ(with({"CPUWeight=10000"}).resources.cpu_weight, 10'000u);
  EXPECT_EQ(with({"CPUWeight=idle"}).resources.cpu_weight, 0u);
  for (const std::string_view text : {"CPUWeight=0", "CPUWeight=10001", "CPUWeight=lazy"}) {
    EXPECT_NE(refusal(text), "") << text;
  }
}

TEST(AssignResources, StrictLimitsIsABoolean) {
  EXPECT_FALSE(with({"StrictLimits=no"}).resources.strict);
  EXPECT_TRUE(with({"StrictLimits=no", "StrictLimits=yes"}).resources.strict);
}

TEST(AssignResources, OomPolicy) {
  EXPECT_EQ(with({"OOMPolicy=continue"}).memory.oom_policy, OomPolicy::Continue);
  EXPECT_EQ(with({"OOMPolicy=stop"}).memory.oom_policy, OomPolicy::Stop);
  EXPECT_EQ(with({"OOMPolicy=kill"}).memory.oom_policy, OomPolicy::Kill);
  EXPECT_EQ(refusal("OOMPolicy=die"), "set OOMPolicy=die; expected continue, stop or kill");
}

TEST(AssignResources, PressurePolicyIsKillOrAuto) {
  EXPECT_EQ(with({"ManagedOOMMemoryPressure=kill"}).memory.pressure_policy, ManagedOom::Kill);
  EXPECT_EQ(
      with({"ManagedOOMMemoryPressure=kill", "ManagedOOMMemoryPressure="}).memory.pressure_policy,
      ManagedOom::Auto);
  EXPECT_NE(refusal("ManagedOOMMemoryPressure=yes"), "");
}

TEST(AssignResources, PressureLimitIsAWholePercentage) {
  EXPECT_EQ(with({"ManagedOOMMemoryPressureLimit=80%"}).memory.pressure_limit_percent, 80u);
  EXPECT_EQ(with({"ManagedOOMMemoryPressureLimit=80%", "ManagedOOMMemoryPressureLimit="})
                .memory.pressure_limit_percent,
            60u);
  for (const std::string_view value : {"80", "0%", "101%", "60.5%"}) {
    EXPECT_NE(refusal("ManagedOOMMemoryPressureLimit=" + std::string(value)), "") << value;
  }
}

TEST(AssignResources, PressureDurationIsASecondOrMore) {
  const std::string name = "ManagedOOMMemoryPressureDurationSec=";
  EXPECT_EQ(with({name + "1s"}).memory.pressure_duration, Duration{1s});
  EXPECT_EQ(with({name + "5", name}).memory.pressure_duration, Duration{30s});
  EXPECT_NE(refusal(name + "999ms"), "");
  EXPECT_NE(refusal(name + "infinity"), "");
}

}  // namespace
}  // namespace gatevisor::config
