#include "protocol/line_text.h"

#include <gtest/gtest.h>

namespace gatevisor::protocol {
namespace {

constexpr std::string_view kTime = "2026-11-24T09:44:32.127456Z";

LineOrigin stream() {
  static const JournalStream stream = [] {
    JournalStream made;
    made.unit = "gateway";
    made.invocation = "0123456789abcdef0123456789abcdef";
    made.pid = 57;
    return made;
  }();
  return origin_of(stream);
}

LineOrigin client() {
  LineOrigin origin = stream();
  origin.stream = "syslog";
  origin.identifier = "ha\"proxy";
  return origin;
}

TEST(LineText, Prefixed) {
  std::string out;
  append_prefixed(out, stream(), kTime, "ready");
  EXPECT_EQ(out, "2026-11-24T09:44:32.127Z [gateway] ready\n");
}

TEST(LineText, Json) {
  std::string out;
  append_json(out, stream(), kTime, 3, "a \"b\"\t\\");
  EXPECT_EQ(out,
            R"({"time":"2026-11-24T09:44:32.127456Z","level":"error","unit":"gateway",)"
            R"("event":"output","stream":"stdout","invocation":"0123456789abcdef0123456789abcdef",)"
            R"("pid":57,"message":"a \"b\"\u0009\\"})"
            "\n");
}

TEST(LineText, WhoSpeaksToALogSocketIsNamed) {
  std::string out;
  append_said(out, client(), "up");
  append_prefixed(out, client(), kTime, "up");
  LineOrigin unknown = client();
  unknown.unit = {};
  unknown.pid = 0;
  append_prefixed(out, unknown, kTime, "up");
  append_said(out, stream(), "up");
  EXPECT_EQ(out,
            "ha\"proxy[57]: up\n"
            "2026-11-24T09:44:32.127Z [gateway] ha\"proxy[57]: up\n"
            "2026-11-24T09:44:32.127Z ha\"proxy: up\n"
            "up\n");
  out.clear();
  append_json(out, client(), kTime, 6, "up");
  EXPECT_EQ(out,
            R"({"time":"2026-11-24T09:44:32.127456Z","level":"info","unit":"gateway",)"
            R"("event":"output","stream":"syslog","invocation":"0123456789abcdef0123456789abcdef",)"
            R"("pid":57,"identifier":"ha\"proxy","message":"up"})"
            "\n");
}

std::string shown(std::string_view text) {
  std::string out;
  append_json(out, stream(), kTime, 6, text);
  const std::size_t at = out.find("\"message\":\"") + 11;
  return out.substr(at, out.size() - at - 3);
}

TEST(LineText, OnlyUtf8IsShownAsItIs) {
  EXPECT_EQ(shown("gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x92\xa9"),
            "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x92\xa9");
  const std::string bad = "\xef\xbf\xbd";
  EXPECT_EQ(shown("a\xff"), "a" + bad);
  EXPECT_EQ(shown("\xc3"), bad);
  EXPECT_EQ(shown("\xe2\x82"), bad + bad);
  EXPECT_EQ(shown("\xc0\xaf"), bad + bad);
  EXPECT_EQ(shown("\xed\xa0\x80"), bad + bad + bad);
  EXPECT_EQ(shown("\xf4\x90\x80\x80"), bad + bad + bad + bad);
}

}  // namespace
}  // namespace gatevisor::protocol
