// What `gatevisor metrics` prints; that promtool takes it is tested with the program.

#include "report/metrics_text.h"

#include <gtest/gtest.h>

namespace gatevisor::report {
namespace {

using namespace std::chrono_literals;

SupervisorStatus supervisor() {
  SupervisorStatus status;
  status.version = "0.1.0";
  status.started = "2026-11-27T04:00:00.250000Z";
  return status;
}

ObservedUnit gateway() {
  ObservedUnit unit;
  unit.status.name = "gateway.service";
  unit.status.active = "active";
  unit.status.launches = 3;
  unit.status.deaths = {{"oom-kill", 2}};
  return unit;
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(MetricsText, IsOneFamilyAfterTheOtherAndEnds) {
  const std::vector<ObservedUnit> units = {gateway()};
  EXPECT_EQ(metrics_text(supervisor(), units, MetricsFormat::OpenMetrics), R"(# TYPE gatevisor_build info
# HELP gatevisor_build gatevisor itself.
gatevisor_build_info{version="0.1.0"} 1
# TYPE gatevisor_start_time_seconds gauge
# UNIT gatevisor_start_time_seconds seconds
# HELP gatevisor_start_time_seconds When gatevisor was started.
gatevisor_start_time_seconds 1795752000.250000
# TYPE gatevisor_unit_state stateset
# HELP gatevisor_unit_state systemd's ActiveState.
gatevisor_unit_state{unit="gateway.service",gatevisor_unit_state="inactive"} 0
gatevisor_unit_state{unit="gateway.service",gatevisor_unit_state="activating"} 0
gatevisor_unit_state{unit="gateway.service",gatevisor_unit_state="active"} 1
gatevisor_unit_state{unit="gateway.service",gatevisor_unit_state="deactivating"} 0
gatevisor_unit_state{unit="gateway.service",gatevisor_unit_state="failed"} 0
# TYPE gatevisor_unit_deaths counter
# HELP gatevisor_unit_deaths Deaths by the cause of their verdict.
gatevisor_unit_deaths_total{unit="gateway.service",cause="oom-kill"} 2
# TYPE gatevisor_unit_launches counter
# HELP gatevisor_unit_launches Invocations so far.
gatevisor_unit_launches_total{unit="gateway.service"} 3
# TYPE gatevisor_unit_deaths_in_window gauge
# HELP gatevisor_unit_deaths_in_window Deaths within AlarmIntervalSec=.
gatevisor_unit_deaths_in_window{unit="gateway.service"} 0
# TYPE gatevisor_unit_ready gauge
# HELP gatevisor_unit_ready 1 while it is active, and ready by its ReadinessProbe=.
gatevisor_unit_ready{unit="gateway.service"} 0
# EOF
)");
}

TEST(MetricsText, OfTheOlderFormatHasItsOwnNamesAndTypes) {
  const std::vector<ObservedUnit> units = {gateway()};
  const std::string text = metrics_text(supervisor(), units, MetricsFormat::Prometheus);
  for (const char* part : {"# TYPE gatevisor_build_info gauge\n", "# TYPE gatevisor_unit_state gauge\n",
                           "# TYPE gatevisor_unit_launches_total counter\n",
                           "# HELP gatevisor_unit_launches_total "}) {
    EXPECT_TRUE(has(text, part)) << part << text;
  }
  EXPECT_FALSE(has(text, "# EOF") || has(text, "# UNIT")) << text;
}

TEST(MetricsText, HasWhatIsKnownOfEachUnit) {
  ObservedUnit full = gateway();
  full.memory = 5'000'000;
  full.memory_max = 6'000'000;
  full.cpu_usec = 1'500'000;
  full.memory_stalled.full_usec = 250'000;
  full.processes = {{7, 1, "node", 4096, 0}, {8, 7, "node", 8192, 0}};
  full.status.ready = true;
  full.status.probes = {{"liveness", "tcp://127.0.0.1:80", false, 2, 1500us},
                        {"readiness", "tcp://127.0.0.1:80", true, 0, std::nullopt}};
  ObservedUnit other = gateway();
  other.status.name = "odd\"\\.service";
  const std::vector<ObservedUnit> units = {full, other};
  SupervisorStatus journaled = supervisor();
  journaled.journal = "/var/log/gatevisor";
  journaled.journal_entries = 9;
  journaled.journal_bytes = 900;
  journaled.journal_trouble = "no room";
  const std::string text = metrics_text(journaled, units, MetricsFormat::OpenMetrics);
  for (const char* line :
       {"gatevisor_unit_memory_bytes{unit=\"gateway.service\"} 5000000\n",
        "gatevisor_unit_memory_limit_bytes{unit=\"gateway.service\"} 6000000\n",
        "gatevisor_unit_resident_bytes{unit=\"gateway.service\"} 12288\n",
        "gatevisor_unit_cpu_seconds_total{unit=\"gateway.service\"} 1.500000\n",
        "gatevisor_unit_ready{unit=\"gateway.service\"} 1\n",
        "gatevisor_unit_probe_serving{unit=\"gateway.service\",probe=\"liveness\"} 0\n",
        "gatevisor_unit_probe_serving{unit=\"gateway.service\",probe=\"readiness\"} 1\n",
        "gatevisor_unit_probe_failures{unit=\"gateway.service\",probe=\"liveness\"} 2\n",
        "gatevisor_unit_probe_latency_seconds{unit=\"gateway.service\",probe=\"liveness\"} 0.001500\n",
        "gatevisor_unit_stalled_seconds_total{unit=\"gateway.service\",resource=\"memory\",tasks=\"all\"} "
        "0.250000\n",
        "gatevisor_unit_launches_total{unit=\"odd\\\"\\\\.service\"} 3\n",
        "gatevisor_journal_entries_total 9\n", "gatevisor_journal_line_bytes_total 900\n", "gatevisor_journal_dropped_lines_total 0\n",
        "gatevisor_journal_writable 0\n"}) {
    EXPECT_TRUE(has(text, line)) << line << text;
  }
  EXPECT_FALSE(has(text, "memory_peak"));
}

}  // namespace
}  // namespace gatevisor::report
