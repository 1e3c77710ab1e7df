#include "protocol/notify.h"

#include <gtest/gtest.h>

namespace gatevisor::protocol {
namespace {

using namespace std::chrono_literals;

TEST(Notification, EveryFieldThatIsUnderstood) {
  const auto n = parse_notification(
      "READY=1\nSTOPPING=1\nRELOADING=1\nWATCHDOG=1\nWATCHDOG_USEC=5000000\n"
      "EXTEND_TIMEOUT_USEC=7\nMAINPID=42\nERRNO=2\nSTATUS=all well\nX_OTHER=1\n");
  EXPECT_TRUE(n.ready && n.stopping && n.reloading && n.watchdog);
  EXPECT_EQ(n.watchdog_usec, Duration(5s));
  EXPECT_EQ(n.extend_timeout, Duration(7us));
  EXPECT_EQ(n.main_pid, 42);
  EXPECT_EQ(n.error_number, 2);
  EXPECT_EQ(n.status, "all well");
}

TEST(Notification, ValuesThatAreNoneAreLeftOut) {
  const auto n = parse_notification(
      "READY=0\nWATCHDOG=trigger\nMAINPID=1\nERRNO=-3\nWATCHDOG_USEC=5s\nEXTEND_TIMEOUT_USEC=\n=\n"
      "READY");
  EXPECT_FALSE(n.ready);
  EXPECT_FALSE(n.watchdog);
  EXPECT_TRUE(n.watchdog_trigger);
  EXPECT_FALSE(n.main_pid || n.error_number || n.watchdog_usec || n.extend_timeout);
}

TEST(Notification, LargestNumberIsForEver) {
  EXPECT_EQ(parse_notification("WATCHDOG_USEC=18446744073709551615").watchdog_usec, kForever);
}

TEST(Notification, StatusIsBoundedAndPrintable) {
  EXPECT_EQ(parse_notification("STATUS=a\x1b[31m").status, "a?[31m");
  EXPECT_EQ(parse_notification("STATUS=" + std::string(9000, 'x')).status->size(), kMaxStatusText);
  EXPECT_FALSE(parse_notification("").status);
}

TEST(StoreRequest, WhatIsGivenIntoKeeping) {
  const auto request = parse_store_request("FDSTORE=1\nFDNAME=listener\nFDPOLL=0");
  EXPECT_TRUE(request.store);
  EXPECT_FALSE(request.remove || request.poll);
  EXPECT_EQ(request.name, "listener");
  const auto removal = parse_store_request("FDSTOREREMOVE=1\nFDNAME=x");
  EXPECT_TRUE(removal.remove);
  EXPECT_FALSE(removal.store);
}

TEST(StoreRequest, ANameThatIsNoneIsStored) {
  EXPECT_EQ(parse_store_request("FDSTORE=1").name, "stored");
  for (const std::string& name : {std::string("a:b"), std::string("\x01"), std::string(256, 'x'),
                                  std::string()}) {
    EXPECT_EQ(parse_store_request("FDSTORE=1\nFDNAME=" + name).name, "stored") << name;
  }
  EXPECT_FALSE(parse_store_request("READY=1\nFDSTORE=yes").store);
}

}  // namespace
}  // namespace gatevisor::protocol
