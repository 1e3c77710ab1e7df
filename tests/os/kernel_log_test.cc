// /dev/kmsg as it is here: it may be absent or forbidden.

#include "os/kernel_log.h"

#include <gtest/gtest.h>

namespace gatevisor::os {
namespace {

TEST(KernelLogFile, IsReadOrSaysWhyNot) {
  const KernelLogFile log = KernelLogFile::open();
  EXPECT_NE(static_cast<bool>(log), log.why().starts_with("/dev/kmsg"));
}

TEST(KernelLogFile, WhatWasThereBeforeIsPassedOver) {
  KernelLogFile log = KernelLogFile::open();
  log.skip();
  std::size_t records = 0;
  const auto reading = log.read_new([&](std::string_view record) {
    EXPECT_FALSE(record.empty());
    ++records;
  });
  EXPECT_FALSE(reading.overwritten);
  EXPECT_LT(records, KernelLogFile::kMostRecords) << "others may have logged meanwhile";
}

TEST(KernelLogFile, WithoutItNothingIsReadAndNothingFails) {
  KernelLogFile none;
  none.skip();
  const auto reading = none.read_new([](std::string_view) { FAIL(); });
  EXPECT_FALSE(reading.overwritten);
  EXPECT_FALSE(reading.unread);
}

TEST(InitialNamespace, IsKnownByItsNumberAlone) { EXPECT_FALSE(in_initial_namespace("nonesuch")); }

}  // namespace
}  // namespace gatevisor::os
