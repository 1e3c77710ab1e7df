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
        "http://127.0.0.1/a b", "http://127.0.0.1/\r\nX: y"}) {
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
  EXPECT_EQ(settings.probes.liveness.target->port, 1);
  EXPECT_EQ(settings.probes.liveness.accepted.count(), 1u);
  EXPECT_EQ(settings.probes.liveness.interval, std::chrono::seconds{2});
  EXPECT_EQ(settings.probes.liveness.timeout, std::chrono::milliseconds{200});
  EXPECT_EQ(settings.probes.liveness.failures, 3u);
  EXPECT_EQ(settings.probes.liveness.start_failures, 7u);
  EXPECT_FALSE(with({"LivenessProbe=tcp://127.0.0.1:1", "LivenessProbe="}).probes.liveness.target);
}

TEST(ProbeTarget, ACommandIsReadAsThoseOfAUnit) {
  const auto target = parse_probe_target("exec:-/usr/bin/test -e '/run/a b'");
  ASSERT_TRUE(target) << target.error();
  EXPECT_EQ(target->kind, ProbeTarget::Kind::Command);
  EXPECT_EQ(target->command->path, "/usr/bin/test");
  EXPECT_EQ(target->command->argv, (std::vector<std::string>{"/usr/bin/test", "-e", "/run/a b"}));
  EXPECT_FALSE(parse_probe_target("exec:"));
  EXPECT_FALSE(parse_probe_target("exec:/bin/a ; /bin/b"));
  EXPECT_FALSE(parse_probe_target("exec:'/bin/a"));
}

TEST(ProbeTarget, ALineIsForTheStartAlone) {
  const ServiceSettings settings = with({"StartupProbe=log: listening on "});
  ASSERT_TRUE(settings.probes.startup.target);
  EXPECT_EQ(settings.probes.startup.target->kind, ProbeTarget::Kind::Line);
  EXPECT_EQ(settings.probes.startup.target->line, "listening on");
  EXPECT_NE(refusal("StartupProbe=log:"), "");
  EXPECT_NE(refusal("LivenessProbe=log:x"), "");
  EXPECT_NE(refusal("ReadinessProbe=log:x"), "");
}

TEST(AssignProbe, EachKindHasItsOwnSettings) {
  const ServiceSettings settings =
      with({"StartupProbe=tcp://127.0.0.1:1", "StartupProbeSec=200ms", "StartupProbeFailures=9",
            "ReadinessProbe=tcp://127.0.0.1:2", "ReadinessProbeFailures=1",
            "ReadinessProbeStatus=204", "ReadinessProbeTimeoutSec=1s"});
  const ProbeSet& probes = settings.probes;
  EXPECT_FALSE(probes.liveness.target);
  EXPECT_EQ(probes.startup.target->port, 1);
  EXPECT_EQ(probes.startup.interval, std::chrono::milliseconds{200});
  EXPECT_EQ(probes.startup.start_failures, 9u);
  EXPECT_EQ(probes.readiness.target->port, 2);
  EXPECT_EQ(probes.readiness.failures, 1u);
  EXPECT_EQ(probes.readiness.start_failures, 0u);
  EXPECT_EQ(probes.readiness.accepted.count(), 1u);
  EXPECT_EQ(probes.readiness.timeout, std::chrono::seconds{1});
  EXPECT_EQ(ServiceSettings().probes.startup.start_failures, 0u);
}

TEST(AssignHooks, CommandsAndTheirTime) {
  const ServiceSettings settings =
      with({"OnAlarm=/bin/a x ; /bin/b", "OnOOM=-/bin/c", "HookTimeoutSec=2s"});
  EXPECT_EQ(settings.hooks.alarm.size(), 2u);
  EXPECT_TRUE(settings.hooks.out_of_memory.at(0).ignore_failure);
  EXPECT_EQ(settings.hooks.timeout, std::chrono::seconds{2});
  EXPECT_TRUE(with({"OnOOM=/bin/a", "OnOOM="}).hooks.out_of_memory.empty());
  EXPECT_NE(refusal("HookTimeoutSec=0"), "");
  EXPECT_NE(refusal("HookTimeoutSec=infinity"), "");
  EXPECT_NE(refusal("OnAlarm=relative 'open"), "");
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
