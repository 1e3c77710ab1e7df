#include "settings_testing.h"

namespace gatevisor::config {
namespace {

using Devices = std::vector<DeviceLimit>;

TEST(AssignIo, DevicesHaveALimitEach) {
  EXPECT_EQ(with({"IOReadBandwidthMax=/dev/sda 5M", "IOReadBandwidthMax=/dev/sdb infinity"})
                .resources.io_read_bandwidth,
            (Devices{{"/dev/sda", 5'000'000}, {"/dev/sdb", DeviceLimit::kNone}}));
  EXPECT_EQ(with({"IOWriteIOPSMax=/x 10", "IOWriteIOPSMax=/x 2K"}).resources.io_write_iops,
            (Devices{{"/x", 2000}}));
  EXPECT_EQ(with({"IODeviceWeight=\"/a b\" 7", "IODeviceWeight="}).resources.io_device_weight,
            Devices{});
  EXPECT_EQ(with({"IODeviceLatencyTargetSec=/x 1s 5ms"}).resources.io_latency_usec,
            (Devices{{"/x", 1'005'000}}));
}

TEST(AssignIo, WhatIsNoneIsRefused) {
  for (const std::string_view text :
       {"IOWeight=0", "IOWeight=10001", "IODeviceWeight=/x", "IODeviceWeight=x 5",
        "IODeviceWeight=/x 0", "IOReadBandwidthMax=/x 0", "IOReadIOPSMax=/x y",
        "IODeviceLatencyTargetSec=/x y", "AllowedCPUs=1024", "AllowedMemoryNodes=a"}) {
    EXPECT_NE(refusal(text), "") << text;
  }
}

TEST(AssignIo, SetsAreMerged) {
  const auto cpus = with({"AllowedCPUs=0-2,5", "AllowedCPUs=7"}).resources.allowed_cpus;
  EXPECT_EQ(cpus.count(), 5u);
  EXPECT_TRUE(cpus.test(7));
  EXPECT_TRUE(with({"AllowedCPUs=1", "AllowedCPUs="}).resources.allowed_cpus.none());
  EXPECT_TRUE(with({"AllowedMemoryNodes=1"}).resources.allowed_nodes.test(1));
}

TEST(AssignIo, ProtectionsAndThePeriod) {
  using namespace std::chrono_literals;
  const ResourceSettings all =
      with({"MemoryMin=0", "MemoryLow=10%", "MemoryLimit=1G", "CPUQuotaPeriodSec=10ms"}).resources;
  EXPECT_EQ(all.memory_min, (ResourceLimit{ResourceLimit::Kind::Absolute, 0}));
  EXPECT_EQ(all.memory_low, (ResourceLimit{ResourceLimit::Kind::Percent, 1000}));
  EXPECT_EQ(all.memory_max, (ResourceLimit{ResourceLimit::Kind::Absolute, 1 << 30}));
  EXPECT_EQ(all.cpu_period, 10ms);
  EXPECT_EQ(with({"CPUQuotaPeriodSec=1us"}).resources.cpu_period, 1ms);
  EXPECT_EQ(with({"CPUQuotaPeriodSec=5s"}).resources.cpu_period, 1s);
}

}  // namespace
}  // namespace gatevisor::config
