// What journald makes of the same bytes.

#include "protocol/syslog_message.h"

#include <gtest/gtest.h>

#include <string>

namespace gatevisor::protocol {
namespace {

using namespace std::string_literals;

TEST(SyslogMessage, AllOfItsParts) {
  const auto m = parse_syslog("<163>Nov 27 12:01:02 gateway[42]: hello: world");
  EXPECT_EQ(m.level, 3u);
  EXPECT_EQ(m.facility, 20u);
  EXPECT_EQ(m.timestamp, "Nov 27 12:01:02 ");
  EXPECT_EQ(m.identifier, "gateway");
  EXPECT_EQ(m.pid, "42");
  EXPECT_EQ(m.text, "hello: world");
  EXPECT_FALSE(m.raw);
}

TEST(SyslogMessage, PartsThatAreNotThere) {
  const auto plain = parse_syslog("hello world");
  EXPECT_EQ(plain.level, 6u);
  EXPECT_EQ(plain.facility, 1u);
  EXPECT_EQ(plain.text, "hello world");
  EXPECT_FALSE(plain.identifier || plain.pid);
  EXPECT_TRUE(plain.raw);  // without a time stamp the rest does not tell it
  EXPECT_TRUE(parse_syslog("<14>gateway: hello").raw);
  EXPECT_EQ(parse_syslog("<14>gateway: hello").identifier, "gateway");
  EXPECT_FALSE(parse_syslog("<14>Nov  7  1:01:02 hello").identifier);
  EXPECT_EQ(parse_syslog("<14>Nov  7  1:01:02 hello").text, "hello");
}

TEST(SyslogMessage, APriorityHasOneToThreeDigits) {
  EXPECT_EQ(parse_syslog("<0>x").level, 0u);
  EXPECT_EQ(parse_syslog("<0>x").facility, 0u);
  EXPECT_EQ(parse_syslog("<999>x").facility, 124u);
  for (const char* none : {"<>x", "<1234>x", "<1a>x", "<-1>x", "<1", "<", "< 1>x"}) {
    EXPECT_EQ(parse_syslog(none).level, 6u) << none;
    EXPECT_EQ(parse_syslog(none).text, none);
  }
}

TEST(SyslogMessage, ATimeStampHasOneForm) {
  for (const char* none : {"Nov 27 12:01:02", "Nov27 12:01:02 x", "2026-11-27T12:01:02Z x",
                           "Nov 27 12.01:02 x", "N1v 27 12:01:02 x", "Nov 2x 12:01:02 x"}) {
    EXPECT_EQ(parse_syslog(none).timestamp, "") << none;
  }
}

TEST(SyslogMessage, AnIdentifierEndsWithAColon) {
  EXPECT_EQ(parse_syslog("a[1]:").identifier, "a");
  EXPECT_EQ(parse_syslog("a[1]:").text, "");
  EXPECT_EQ(parse_syslog("a]: x").identifier, "a]");
  EXPECT_EQ(parse_syslog("[1]: x").identifier, "");
  EXPECT_EQ(parse_syslog("[1]: x").pid, "1");
  EXPECT_EQ(parse_syslog("a[b[1]: x").identifier, "a[b");
  EXPECT_EQ(parse_syslog(": x").identifier, "");
  EXPECT_EQ(parse_syslog("a:  x").text, " x");
  EXPECT_FALSE(parse_syslog("a:x").identifier);
}

TEST(SyslogMessage, BlanksAroundItAndWhatIsBehindANulAreToldByTheRawMessage) {
  const std::string_view stamp = "<14>Nov 27 12:01:02 ";
  EXPECT_FALSE(parse_syslog(std::string(stamp) + "x").raw);
  for (const std::string& end : {"\n"s, " "s, "\0"s, "\0y"s, "\r\n\0"s}) {
    const std::string datagram = std::string(stamp) + "x" + end;
    const auto m = parse_syslog(datagram);
    EXPECT_TRUE(m.raw);
    EXPECT_EQ(std::string(m.text), "x");
  }
  EXPECT_TRUE(parse_syslog(" " + std::string(stamp) + "x").raw);
  EXPECT_EQ(parse_syslog(" \n ").text, "");
  EXPECT_EQ(parse_syslog("").text, "");
}

}  // namespace
}  // namespace gatevisor::protocol
