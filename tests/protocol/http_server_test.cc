// What a scraper asks, and what it is answered.

#include "protocol/http_server.h"

#include <gtest/gtest.h>

namespace gatevisor::protocol {
namespace {

using Kind = HttpRequest::Kind;

TEST(HttpServer, ARequestIsTakenApart) {
  const std::string text =
      "GET /metrics?x=1 HTTP/1.1\r\nHost: a\r\nACCEPT:  application/openmetrics-text\r\n\r\nbody";
  const HttpRequest request = http_request_head(text);
  EXPECT_EQ(request.kind, Kind::Whole);
  EXPECT_EQ(request.method, "GET");
  EXPECT_EQ(request.path, "/metrics");
  EXPECT_EQ(request.accept, "application/openmetrics-text");
  EXPECT_EQ(http_request_head("GET / HTTP/1.0\r\n\r\n").kind, Kind::Whole);
}

TEST(HttpServer, CutShortItIsUnfinished) {
  const std::string text = "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n";
  for (std::size_t size = 0; size < text.size(); ++size) {
    EXPECT_EQ(http_request_head(text.substr(0, size)).kind, Kind::Unfinished) << size;
  }
}

TEST(HttpServer, AnythingElseIsBad) {
  for (const char* text :
       {"\r\n\r\n", "GET\r\n\r\n", "GET /\r\n\r\n", "GET / FTP/1.1\r\n\r\n", "GET  HTTP/1.1\r\n\r\n",
        "GET metrics HTTP/1.1\r\n\r\n", "GET /a b HTTP/1.1\r\n\r\n", "\x16\x03\x01\r\n\r\n"}) {
    EXPECT_EQ(http_request_head(text).kind, Kind::Bad) << text;
  }
  EXPECT_EQ(http_request_head(std::string(kMostRequest, 'x')).kind, Kind::Bad);
}

TEST(HttpServer, AResponseHasItsLength) {
  EXPECT_EQ(http_response(200, "text/plain", "four"),
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n"
            "Connection: close\r\n\r\nfour");
}

}  // namespace
}  // namespace gatevisor::protocol
