#include "config/exit_status.h"

#include <gtest/gtest.h>

#include <csignal>

namespace gatevisor::config {
namespace {

ExitStatusSet set_of(std::string_view text) {
  ExitStatusSet set;
  const auto added = add_exit_statuses(set, text);
  EXPECT_TRUE(added) << (added ? "" : added.error());
  return set;
}

TEST(ExitStatus, NumbersAreCodes) {
  const ExitStatusSet set = set_of("0 9 255");
  EXPECT_EQ(set.codes.count(), 3u);
  EXPECT_TRUE(set.codes.test(0) && set.codes.test(9) && set.codes.test(255));
  EXPECT_TRUE(set.signals.none());
}

TEST(ExitStatus, NamesAsSystemdAndSysexitsSpellThem) {
  EXPECT_TRUE(set_of("CONFIG").codes.test(78));
  EXPECT_TRUE(set_of("EX_CONFIG").codes.test(78));
  EXPECT_TRUE(set_of("DATAERR").codes.test(65));
  EXPECT_TRUE(set_of("USAGE").codes.test(64));
  EXPECT_TRUE(set_of("NOTRUNNING").codes.test(7));
  EXPECT_TRUE(set_of("EXEC").codes.test(203));
  EXPECT_TRUE(set_of("BPF").codes.test(244));
  EXPECT_TRUE(set_of("EXCEPTION").codes.test(255));
}

TEST(ExitStatus, SignalsByName) {
  const ExitStatusSet set = set_of("SIGKILL TERM RTMIN+1");
  EXPECT_EQ(set.signals.count(), 3u);
  EXPECT_TRUE(set.contains(WaitStatus::killed(SIGKILL)));
  EXPECT_TRUE(set.contains(WaitStatus::dumped(SIGTERM)));
  EXPECT_TRUE(set.contains(WaitStatus::killed(35)));
  EXPECT_FALSE(set.contains(WaitStatus::exited(9)));
}

TEST(ExitStatus, ExampleOfTheManual) {
  const ExitStatusSet set = set_of("TEMPFAIL 250 SIGKILL");
  EXPECT_TRUE(set.codes.test(75) && set.codes.test(250) && set.signals.test(SIGKILL));
}

TEST(ExitStatus, AssignmentsAddUpUntilTheEmptyOne) {
  ExitStatusSet set = set_of("1");
  ASSERT_TRUE(add_exit_statuses(set, "2 SIGHUP"));
  EXPECT_EQ(set.codes.count(), 2u);
  ASSERT_TRUE(add_exit_statuses(set, ""));
  EXPECT_EQ(set, ExitStatusSet{});
}

TEST(ExitStatus, WhatIsNoneIsRefusedAndNothingAdded) {
  for (const std::string_view text : {"256", "-1", "1 2 300", "config", "EX_", "SIGFOO", "EX_EXEC",
                                      "1,2", "08", "0x10", "99999999999999999999", "''"}) {
    ExitStatusSet set = set_of("5");
    EXPECT_FALSE(add_exit_statuses(set, text)) << text;
    EXPECT_EQ(set, set_of("5")) << text;
  }
}

}  // namespace
}  // namespace gatevisor::config
