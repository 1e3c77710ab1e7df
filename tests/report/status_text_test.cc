// What `gatevisor status` prints, line by line.

#include "report/status_text.h"

#include <gtest/gtest.h>

namespace gatevisor::report {
namespace {

const log::UtcCalendar kUtc;
/// Fri 2026-11-27 04:10:00 UTC
constexpr std::uint64_t kNow = 1'795'752'600'000'000;

StatusView view() { return {kUtc, kNow, false}; }

ObservedUnit running() {
  ObservedUnit unit;
  unit.status.name = "gateway.service";
  unit.status.main = true;
  unit.status.active = "active";
  unit.status.ready = true;
  unit.status.sub = "running";
  unit.status.since = "2026-11-27T04:07:57.000000Z";
  unit.status.main_pid = 120;
  unit.status.invocation = "0123456789abcdef0123456789abcdef";
  unit.status.launches = 3;
  unit.status.exits = 1;
  unit.status.window = std::chrono::seconds{60};
  unit.status.slice = "gateway.slice";
  unit.status.leaf = "gateway.slice/3";
  unit.status.cgroup = "memory controller";
  unit.status.spawn = "clone3";
  unit.memory = 100 << 20;
  unit.memory_peak = 200 << 20;
  unit.memory_max = 512 << 20;
  unit.tasks = 11;
  unit.tasks_max = 64;
  unit.cpu_usec = 1'234'000;
  unit.processes = {{120, 1, "/usr/bin/node server.js", 1, 1},
                    {121, 120, "helper one", 1, 1},
                    {122, 121, "below it", 1, 1},
                    {130, 120, "helper two", 1, 1},
                    {140, 1, "an orphan", 1, 1}};
  return unit;
}

TEST(StatusText, OfAUnitThatRuns) {
  EXPECT_EQ(status_text(running(), view()),
            "● gateway.service (main)\n"
            "      Active: active (running) since Fri 2026-11-27 04:07:57 UTC; 2min 3s ago\n"
            "    Main PID: 120 (node)\n"
            "  Invocation: 0123456789abcdef0123456789abcdef\n"
            "    Restarts: 2; 1 death within 1min\n"
            "       Tasks: 11 (limit: 64)\n"
            "      Memory: 100.0M (peak: 200.0M, max: 512.0M)\n"
            "         CPU: 1s 234ms\n"
            "      CGroup: /gateway.slice/3\n"
            "              ├─120 /usr/bin/node server.js\n"
            "              │ ├─121 helper one\n"
            "              │ │ └─122 below it\n"
            "              │ └─130 helper two\n"
            "              └─140 an orphan\n"
            "       Rungs: cgroup: memory controller; spawn: clone3\n");
}

TEST(StatusText, OfARespawnThatWaits) {
  ObservedUnit unit;
  unit.status.name = "gateway.service";
  unit.status.active = "activating";
  unit.status.sub = "auto-restart";
  unit.status.next_start = "2026-11-27T04:10:01.500000Z";
  unit.status.died = true;
  unit.status.last = {"", "2026-11-27T04:09:58.000000Z", "oom-kill", "certain",
                      "killed out of memory", 137};
  const std::string text = status_text(unit, view());
  EXPECT_NE(text.find("  Next start: 04:10:01.500, in 1s 500ms\n"), std::string::npos) << text;
  EXPECT_NE(text.find("  Last death: oom-kill (certain): killed out of memory; 2s ago\n"),
            std::string::npos)
      << text;
}

TEST(StatusText, WithoutAMemoryControllerItAddsUpWhatIsResident) {
  ObservedUnit unit = running();
  unit.memory.reset();
  for (ObservedProcess& process : unit.processes) process.resident = 1 << 20;
  EXPECT_NE(status_text(unit, view()).find("Memory: 5.0M resident (no memory controller"),
            std::string::npos);
}

TEST(StatusText, NothingOfTheGatewaysReachesTheTerminalAsItIs) {
  ObservedUnit unit = running();
  unit.status.text = "\x1b[2Jgone\nActive: no";
  unit.processes.front().command = "\x1b]0;title\x07";
  const std::string text = status_text(unit, view());
  EXPECT_EQ(text.find('\x1b'), std::string::npos) << text;
  EXPECT_EQ(text.find("\nActive: no"), std::string::npos) << text;
}

TEST(StatusText, ProbesAndWhatFollowsFromThem) {
  ObservedUnit unit = running();
  unit.status.ready = false;
  unit.status.probes = {{"startup", "log:listening", true, 0, std::nullopt},
                        {"readiness", "exec:/bin/check", false, 2, std::nullopt},
                        {"liveness", "tcp://127.0.0.1:80", false, 0, std::nullopt}};
  const std::string text = status_text(unit, view());
  EXPECT_NE(text.find("Active: active (running), not ready since"), std::string::npos) << text;
  EXPECT_NE(text.find("Probes: startup log:listening: serving; readiness exec:/bin/check: 2 failed "
                      "in a row; liveness tcp://127.0.0.1:80: not answered yet\n"),
            std::string::npos)
      << text;
}

TEST(StatusText, ARingOfParentsEnds) {
  ObservedUnit unit = running();
  unit.processes = {{1, 2, "a", 0, 0}, {2, 1, "b", 0, 0}, {3, 3, "c", 0, 0}};
  EXPECT_NE(status_text(unit, view()).find("3 c"), std::string::npos);
}

TEST(StatusText, OfGatevisorItself) {
  const SupervisorStatus supervisor = {1,     "0.1.0", "2026-11-27T04:00:00.000000Z", "gateway.service",
                                       false, false,   "", 0, 0, 0, ""};
  EXPECT_EQ(supervisor_text(supervisor, view()), "  Supervisor: gatevisor 0.1.0, pid 1, for 10min\n");
  SupervisorStatus full = supervisor;
  full.journal = "/var/log/gatevisor";
  EXPECT_TRUE(supervisor_text(full, view()).ends_with("\n     Journal: /var/log/gatevisor\n"));
  full.journal_trouble = "write: No space left on device";
  EXPECT_TRUE(supervisor_text(full, view()).ends_with(
      "/var/log/gatevisor; cannot be written to: write: No space left on device\n"))
      << supervisor_text(full, view());
}

}  // namespace
}  // namespace gatevisor::report
