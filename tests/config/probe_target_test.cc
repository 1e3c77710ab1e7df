// LivenessProbe= and what goes with it.

#include "config/probe_target.h"

#include "settings_testing.h"

namespace gatevisor::config {
namespace {

ProbeTarget target(std::string_view text) {
  const auto parsed = parse_probe_target(text);
  EXPECT_TRUE(parsed) << text << ": " << (parsed ? "" : parsed.error());
  return parsed.value_or(ProbeTarget{});
}

TEST(ProbeTargetText, HttpHasAddressPortAndPath) {
  const ProbeTarget health = target("http://127.0.0.1:18789/health?deep=1");
  EXPECT_EQ(health.kind, ProbeTarget::Kind::Http);
  EXPECT_EQ(health.address, "127.0.0.1");
  EXPECT_EQ(health.host, "127.0.0.1");
  EXPECT_EQ(health.port, 18789);
  EXPECT_EQ(health.path, "/health?deep=1");
  EXPECT_EQ(health.text, "http://127.0.0.1:18789/health?deep=1");
}

TEST(ProbeTargetText, WhatIsLeftOut) {
  EXPECT_EQ(target("http://127.0.0.1").port, 80);
  EXPECT_EQ(target("http://127.0.0.1").path, "/");
  EXPECT_EQ(target("http://127.0.0.1:81").path, "/");
  EXPECT_EQ(target("http://127.0.0.1/x#part").path, "/x");
}

TEST(ProbeTargetText, LocalhostIsNotLookedUp) {
  EXPECT_EQ(target("http://localhost:80/").address, "127.0.0.1");
  EXPECT_EQ(target("http://localhost:80/").host, "localhost");
}

TEST(ProbeTargetText, Ipv6StandsInBrackets) {
  EXPECT_EQ(target("tcp://[::1]:8080").address, "::1");
  EXPECT_EQ(target("tcp://[::1]:8080").host, "[::1]");
  EXPECT_EQ(target("tcp://[::1]:8080").kind, ProbeTarget::Kind::Tcp);
}

TEST(ProbeTargetText, AnythingElseIsRefused) {
  for (const char* text :
       {"", "8080", "127.0.0.1:8080", "https://127.0.0.1/", "tcp://127.0.0.1", "tcp://127.0.0.1:0",
        "tcp://127.0.0.1:65536", "tcp://127.0.0.1:80/path", "http://gateway:80/", "http://:80/",
        "http://127.0.0.1:/", "http://[::1/", "http://[127.0.0.1]/", "http://::1/", "http://1.2.3/",
        "http://127.0.0.1/a b", "http://127.0.0.1/\r\nX: y", "exec:/bin/true"}) {
    EXPECT_FALSE(parse_probe_target(text)) << text;
  }
  EXPECT_FALSE(parse_probe_target("http://127.0.0.1/" + std::string(2000, 'x')));
}

TEST(HttpStatuses, CodesAndRanges) {
  const auto set = parse_http_statuses("200-204 401");
  ASSERT_TRUE(set);
  EXPECT_EQ(set->count(), 6u);
  EXPECT_TRUE(set->test(200) && set->test(204) && set->test(401));
  EXPECT_EQ(parse_http_statuses(""), default_http_statuses());
  for (const char* text : {"99", "600", "204-200", "2xx", "200-", "-200", "200,401"}) {
    EXPECT_FALSE(parse_http_statuses(text)) << text;
  }
}

TEST(AssignProbe, EachSettingHasItsField) {
  const ServiceSettings settings = with(
      {"LivenessProbe=tcp://127.0.0.1:1", "LivenessProbeStatus=204", "LivenessProbeSec=2s",
       "LivenessProbeTimeoutSec=200ms", "LivenessProbeFailures=3", "LivenessProbeStartFailures=7"});
  EXPECT_EQ(settings.probe.target->port, 1);
  EXPECT_EQ(settings.probe.accepted.count(), 1u);
  EXPECT_EQ(settings.probe.interval, std::chrono::seconds{2});
  EXPECT_EQ(settings.probe.timeout, std::chrono::milliseconds{200});
  EXPECT_EQ(settings.probe.failures, 3u);
  EXPECT_EQ(settings.probe.start_failures, 7u);
  EXPECT_FALSE(with({"LivenessProbe=tcp://127.0.0.1:1", "LivenessProbe="}).probe.target);
}

TEST(AssignProbe, WhatWouldBeALoadOrNoProbeIsRefused) {
  for (const char* assignment : {"LivenessProbeSec=99ms", "LivenessProbeSec=infinity",
                                 "LivenessProbeTimeoutSec=0", "LivenessProbeTimeoutSec=infinity",
                                 "LivenessProbeFailures=0", "LivenessProbeStartFailures=0"}) {
    EXPECT_NE(refusal(assignment), "") << assignment;
  }
}

}  // namespace
}  // namespace gatevisor::config
