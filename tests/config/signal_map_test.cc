#include "config/signal_map.h"

#include <gtest/gtest.h>

#include <csignal>

namespace gatevisor::config {
namespace {

TEST(Signal, NamesAndNumbers) {
  EXPECT_EQ(parse_signal("SIGTERM"), SIGTERM);
  EXPECT_EQ(parse_signal("HUP"), SIGHUP);
  EXPECT_EQ(parse_signal("15"), 15);
  EXPECT_EQ(parse_signal("SIGRTMIN+30"), 64);
  EXPECT_EQ(parse_signal("RTMAX"), 64);
}

TEST(Signal, WhatIsNoneIsRefused) {
  for (const std::string_view text : {"", "0", "65", "-1", "TERMINATE", "term", "SIGRTMIN+31",
                                      "RTMIN+2147483647", "RTMAX-99999999999", "SIG", "SIG15"}) {
    EXPECT_FALSE(parse_signal(text)) << text;
  }
}

TEST(Forward, NameGoesOnAsItself) {
  SignalMap map;
  ASSERT_TRUE(add_forwarded(map, "HUP SIGUSR2"));
  EXPECT_EQ(map, (SignalMap{{SIGHUP, SIGHUP}, {SIGUSR2, SIGUSR2}}));
}

TEST(Forward, PairTranslates) {
  SignalMap map;
  ASSERT_TRUE(add_forwarded(map, "USR1:HUP"));
  EXPECT_EQ(map, (SignalMap{{SIGUSR1, SIGHUP}}));
}

TEST(Forward, IgnoreTakesOutOfTheMap) {
  SignalMap map = default_forwarded();
  ASSERT_TRUE(add_forwarded(map, "QUIT:ignore"));
  EXPECT_FALSE(map.contains(SIGQUIT));
  EXPECT_TRUE(map.contains(SIGHUP));
}

TEST(Forward, LaterAssignmentWins) {
  SignalMap map{{SIGUSR1, SIGHUP}};
  ASSERT_TRUE(add_forwarded(map, "USR1"));
  EXPECT_EQ(map, (SignalMap{{SIGUSR1, SIGUSR1}}));
}

TEST(Forward, EmptyForwardsNothing) {
  SignalMap map = default_forwarded();
  ASSERT_TRUE(add_forwarded(map, ""));
  EXPECT_TRUE(map.empty());
}

TEST(Forward, SignalsThatAreNeverForwardedAreRefused) {
  for (const std::string_view name : {"TERM", "INT", "KILL", "STOP", "CHLD", "PIPE", "SEGV", "BUS",
                                      "FPE", "ILL", "ABRT", "TRAP", "SYS", "32", "33"}) {
    SignalMap map{{SIGHUP, SIGHUP}};
    EXPECT_FALSE(add_forwarded(map, name)) << name;
    EXPECT_FALSE(add_forwarded(map, std::string(name) + ":HUP")) << name;
    EXPECT_EQ(map.size(), 1u) << name;
  }
}

TEST(Forward, RefusalSaysWhy) {
  SignalMap map;
  EXPECT_EQ(add_forwarded(map, "HUP TERM").error(),
            "SIGTERM is never forwarded: it stops the service (KillSignal= is what the service "
            "then gets)");
}

TEST(Forward, TargetHasToBeCatchable) {
  SignalMap map;
  EXPECT_TRUE(add_forwarded(map, "USR1:TERM"));
  for (const std::string_view word :
       {"HUP:KILL", "HUP:STOP", "HUP:CHLD", "HUP:", "HUP:x", ":HUP", "HUP:USR1:USR2"}) {
    EXPECT_FALSE(add_forwarded(map, word)) << word;
  }
}

TEST(Forward, DefaultsAreWhatAContainerIsSent) {
  const SignalMap map = default_forwarded();
  for (const int signal :
       {SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH, SIGALRM, SIGCONT, SIGTSTP, 34, 64}) {
    EXPECT_EQ(map.at(signal), signal);
  }
  for (const int signal : {SIGTERM, SIGINT, SIGCHLD, SIGTTIN, SIGTTOU, SIGPIPE, 32, 33}) {
    EXPECT_FALSE(map.contains(signal)) << signal;
  }
}

TEST(Forward, DefaultsPassTheirOwnRules) {
  for (const auto& [from, to] : default_forwarded()) EXPECT_EQ(why_not_forwarded(from), "");
}

}  // namespace
}  // namespace gatevisor::config
