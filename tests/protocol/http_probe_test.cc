// What a liveness probe says, and what it makes of the answer.

#include "protocol/http_probe.h"

#include <gtest/gtest.h>

namespace gatevisor::protocol {
namespace {

using Kind = HttpAnswer::Kind;

TEST(HttpProbe, RequestIsOneThatEveryServerTakes) {
  ProbeTarget target;
  target.kind = ProbeTarget::Kind::Http;
  target.host = "localhost";
  target.port = 18789;
  target.path = "/health?deep=1";
  EXPECT_EQ(http_request(target),
            "GET /health?deep=1 HTTP/1.1\r\nHost: localhost:18789\r\nUser-Agent: gatevisor\r\n"
            "Accept: */*\r\nConnection: close\r\n\r\n");
}

TEST(HttpProbe, PortOfTheSchemeIsLeftOutOfTheHost) {
  ProbeTarget target;
  target.host = "[::1]";
  target.port = 80;
  target.path = "/";
  EXPECT_NE(http_request(target).find("\r\nHost: [::1]\r\n"), std::string::npos);
}

TEST(HttpProbe, StatusLineIsRead) {
  for (const char* line : {"HTTP/1.1 401 Unauthorized\r\n", "HTTP/1.0 401 \r\n", "HTTP/1.1 401\r\n",
                           "HTTP/1.1 401\n"}) {
    EXPECT_EQ(http_answer(line).kind, Kind::Status) << line;
    EXPECT_EQ(http_answer(line).status, 401) << line;
  }
}

TEST(HttpProbe, ShortOfAStatusMoreIsAwaited) {
  const std::string line = "HTTP/1.1 200 ";
  for (std::size_t size = 0; size < line.size(); ++size) {
    EXPECT_EQ(http_answer(line.substr(0, size)).kind, Kind::Unfinished) << size;
  }
  EXPECT_EQ(http_answer(line).kind, Kind::Status);
}

TEST(HttpProbe, AnythingElseIsNotHttp) {
  for (const char* line : {"SSH-2.0-OpenSSH_9.2\r\n", "HTTP/2 200 OK\r\n   ", "HTTP/1.1 99 \r\n  ",
                           "HTTP/1.1 600 OK\r\n", "HTTP/1.1  200 OK\r\n", "HTTP/1.1 2000 OK\r\n",
                           "HTTP/1.x 200 OK\r\n", "http/1.1 200 OK\r\n"}) {
    EXPECT_EQ(http_answer(line).kind, Kind::NotHttp) << line;
  }
}

TEST(HttpProbe, SeedRow_Health_200And401MeanServing) {
  const HttpStatusSet accepted = default_http_statuses();
  const auto outcome = [&](const std::string& code) {
    return http_result("HTTP/1.1 " + code + " x\r\n", false, accepted)->outcome;
  };
  EXPECT_EQ(outcome("200"), ProbeOutcome::Serving);
  EXPECT_EQ(outcome("401"), ProbeOutcome::Serving);
  EXPECT_EQ(outcome("302"), ProbeOutcome::Serving);
  EXPECT_EQ(outcome("100"), ProbeOutcome::Failed);
  EXPECT_EQ(outcome("403"), ProbeOutcome::Failed);
  EXPECT_EQ(outcome("500"), ProbeOutcome::Failed);
  EXPECT_EQ(outcome("503"), ProbeOutcome::Failed);
}

TEST(HttpProbe, TheEndWithoutAStatusIsAFailure) {
  const HttpStatusSet accepted = default_http_statuses();
  EXPECT_EQ(http_result("HTTP/1.1 2", false, accepted), std::nullopt);
  EXPECT_EQ(http_result("HTTP/1.1 2", true, accepted)->outcome, ProbeOutcome::Failed);
  EXPECT_EQ(http_result("", true, accepted)->outcome, ProbeOutcome::Failed);
}

}  // namespace
}  // namespace gatevisor::protocol
