// `gatevisor why` as a person reads it: each cause's whole text.

#include "report/why_text.h"

#include <gtest/gtest.h>

#include <cerrno>

#include "core/advice.h"
#include "log/utf8.h"
#include "report_testing.h"

namespace gatevisor::report {
namespace {

std::string shown(const DeathReport& report, bool bar = false) {
  const log::UtcCalendar calendar;
  return why_text(report, {calendar, kDied + 185 * kSecond, bar});
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// Everything in front of the advice, which tests/core/advice_test.cc is about.
std::string facts(const DeathReport& report) {
  const std::string text = shown(report);
  return text.substr(0, text.find("\nWhat to do"));
}

TEST(WhyText, OomKillWhole) {
  EXPECT_EQ(
      shown(out_of_memory()),
      R"(gateway (pid 124) died 3min 5s ago, on Tue 2026-11-24 09:44:33 UTC; it had lived 1min 2s

Because     killed out of memory; at its own memory limit of 512.0M (gateway.slice)
Verdict     oom-kill (certain), SIGKILL, own-limit, victim: main, sender: kernel
Evidence    waitid status: SIGKILL
            gateway.slice/2/memory.events oom_kill: +1
Ruled out   requested: gatevisor sent it no SIGKILL
Memory      peak 511.0M of a limit of 512.0M (gateway.slice), 99 %
Next        respawned (Restart=on-failure): pid 130 at 09:44:34.005, after 1s 5ms
Around it   09:43:31.000 started (pid 124)
            09:44:33.000 *** this death
            09:44:34.005 respawned (pid 130)
Invocation  0123456789abcdef0123456789abcdef

What to do  MemoryMax= is 512 MiB and the peak was 511 MiB: raise it, or keep a managed heap below
            it: --max-old-space-size=384 for Node.js, -Xmx384m for Java, GOMEMLIMIT=384MiB for Go.
)");
}

TEST(WhyText, ABarIsDrawnOnATerminal) {
  DeathReport report = out_of_memory();
  report.verdict.memory_peak = 264 * kMebi;
  EXPECT_TRUE(
      has(shown(report, true), "Memory      ████████████████▌··············· peak 264.0M of"))
      << shown(report, true);
  // Read a moment later than the kill, the peak can be above the limit.
  report.verdict.memory_peak = 600 * kMebi;
  EXPECT_TRUE(has(shown(report, true), "████████████████████████████████ peak 600.0M of"));
  report.verdict.memory_limit = 0;
  EXPECT_FALSE(has(shown(report, true), "█"));
}

constexpr const char* kRespawn =
    "to be respawned after 1s (Restart=on-failure); no start is recorded since";

struct Golden {
  Cause cause;
  void (*fill)(DeathReport& report);
  const char* text;  ///< what stands between the head and the next
  const char* next = kRespawn;
  const char* head =
      "gateway (pid 124) died 3min 5s ago, on Tue 2026-11-24 09:44:33 UTC; it had lived 1min 2s";
};

// The whole of what is told of a death of each cause, but the advice and the invocation.
const Golden kGolden[] = {
    {Cause::Clean,
     [](DeathReport& r) {
       r.verdict.status = WaitStatus::exited(0);
       r.verdict.summary = "exited by itself with code 0";
       r.verdict.next = {NextAction::Stop, {}, "Restart=on-failure"};
     },
     R"(Because     exited by itself with code 0
Verdict     clean (certain), exit code 0
)",
     "not respawned (Restart=on-failure)",
     "gateway (pid 124) ended 3min 5s ago, on Tue 2026-11-24 09:44:33 UTC; it had lived 1min 2s"},
    {Cause::Requested,
     [](DeathReport& r) {
       r.verdict.status = WaitStatus::killed(SIGTERM);
       r.verdict.sender = Sender::Gatevisor;
       r.verdict.summary = "stopped on request: SIGTERM from pid 9 (uid 0)";
       r.verdict.evidence = {{"request", "from", "SIGTERM from pid 9 (uid 0)"}};
       r.verdict.next = {NextAction::Stop, {}, "requested"};
     },
     R"(Because     stopped on request: SIGTERM from pid 9 (uid 0)
Verdict     requested (certain), SIGTERM, sender: gatevisor
Evidence    request from: SIGTERM from pid 9 (uid 0)
)",
     "not respawned (requested)",
     "gateway (pid 124) ended 3min 5s ago, on Tue 2026-11-24 09:44:33 UTC; it had lived 1min 2s"},
    {Cause::ExitCode,
     [](DeathReport& r) {
       r.verdict.status = WaitStatus::exited(78);
       r.verdict.summary = "exit code 78 (EX_CONFIG): a configuration error";
       r.verdict.next = {NextAction::Stop, {}, "RestartPreventExitStatus="};
       r.exits_in_window = 3;
     },
     R"(Because     exit code 78 (EX_CONFIG): a configuration error
Verdict     exit-code (certain), exit code 78
)",
     "not respawned (RestartPreventExitStatus=)",
     "gateway (pid 124) died 3min 5s ago, on Tue 2026-11-24 09:44:33 UTC; it had lived 1min 2s; "
     "end number 3 within 1min"},
    {Cause::Signal,
     [](DeathReport& r) {
       r.verdict.status = WaitStatus::killed(SIGKILL);
       r.verdict.sender = Sender::Outside;
       r.verdict.confidence = Confidence::Unknown;
       r.verdict.memory_peak = kMebi;
       r.verdict.summary = "killed by SIGKILL from outside; whether for memory cannot be seen here";
     },
     R"(Because     killed by SIGKILL from outside; whether for memory cannot be seen here
Verdict     signal (unknown), SIGKILL, sender: outside
Memory      peak 1.0M, no limit of its own
)"},
    {Cause::CoreDump,
     [](DeathReport& r) {
       r.verdict.status = WaitStatus::dumped(SIGSEGV);
       r.verdict.sender = Sender::Itself;
       r.verdict.confidence = Confidence::Likely;
       r.verdict.summary = "killed by SIGSEGV, a fault of its own; a core was written";
     },
     R"(Because     killed by SIGSEGV, a fault of its own; a core was written
Verdict     core-dump (likely), SIGSEGV, sender: itself
)"},
    {Cause::OomKill,
     [](DeathReport& r) {
       r.verdict.status = WaitStatus::exited(1);
       r.verdict.scope = Scope::AncestorLimit;
       r.verdict.victim = Victim::Helper;
       r.verdict.confidence = Confidence::Likely;
       r.verdict.memory_limit = 64 * kMebi;
       r.verdict.limit_path = "/box";
       r.verdict.summary = "a process that it had started was killed out of memory";
     },
     R"(Because     a process that it had started was killed out of memory
Verdict     oom-kill (likely), exit code 1, ancestor-limit, victim: helper
Memory      peak not known of a limit of 64.0M (/box)
)"},
    {Cause::RuntimeOom,
     [](DeathReport& r) {
       r.verdict.status = WaitStatus::killed(SIGABRT);
       r.verdict.sender = Sender::Itself;
       r.verdict.runtime = "V8";
       r.verdict.confidence = Confidence::Likely;
       r.verdict.evidence = {{"output", "V8", "JavaScript heap out of memory"}};
       r.verdict.summary = "its run-time (V8) could get no more memory and gave up: SIGABRT";
     },
     R"(Because     its run-time (V8) could get no more memory and gave up: SIGABRT
Verdict     runtime-oom (likely), SIGABRT, sender: itself
Evidence    output V8: JavaScript heap out of memory
)"},
    {Cause::MemoryStall,
     [](DeathReport& r) {
       r.verdict.status = WaitStatus::killed(SIGKILL);
       r.verdict.sender = Sender::Gatevisor;
       r.verdict.confidence = Confidence::Likely;
       r.verdict.summary = "alive but stalled at its memory limit, ended for it: full 90 %";
     },
     R"(Because     alive but stalled at its memory limit, ended for it: full 90 %
Verdict     memory-stall (likely), SIGKILL, sender: gatevisor
)"},
    {Cause::Seccomp,
     [](DeathReport& r) {
       r.verdict.status = WaitStatus::killed(SIGSYS);
       r.verdict.sender = Sender::Kernel;
       r.verdict.confidence = Confidence::Likely;
       r.verdict.summary = "made a system call that its seccomp filter kills for";
     },
     R"(Because     made a system call that its seccomp filter kills for
Verdict     seccomp (likely), SIGSYS, sender: kernel
)"},
    {Cause::ExecFailure,
     [](DeathReport& r) {
       r.verdict.status = WaitStatus::exited(203);
       r.verdict.exec_failure = ExecFailure{ExecStep::Exec, ENOENT};
       r.verdict.memory_peak = kMebi;
       r.verdict.summary = "could not execute /no: No such file or directory";
       r.verdict.evidence = {{"exec", "step", "exec"}};
       r.verdict.next = {NextAction::GiveUp, {}, "StartLimitBurst="};
     },
     R"(Because     could not execute /no: No such file or directory
Verdict     exec-failure (certain), exit code 203
Evidence    exec step: exec
)",
     "gave up (StartLimitBurst=)",
     "gateway (pid 124) could not be started 3min 5s ago, on Tue 2026-11-24 09:44:33 UTC"},
    {Cause::StartTimeout,
     [](DeathReport& r) {
       r.verdict.status = WaitStatus::killed(SIGTERM);
       r.verdict.sender = Sender::Gatevisor;
       r.verdict.summary = "had not started within 1min, ended for it";
       r.verdict.evidence = {{"setting", "TimeoutStartSec", "1min"}};
     },
     R"(Because     had not started within 1min, ended for it
Verdict     start-timeout (certain), SIGTERM, sender: gatevisor
Evidence    setting TimeoutStartSec: 1min
)"},
    {Cause::RuntimeLimit,
     [](DeathReport& r) {
       r.verdict.status = WaitStatus::killed(SIGTERM);
       r.verdict.summary = "had run for 1min, ended for it";
     },
     R"(Because     had run for 1min, ended for it
Verdict     runtime-limit (certain), SIGTERM
)"},
    {Cause::StopTimeout,
     [](DeathReport& r) {
       r.verdict.status = WaitStatus::killed(SIGKILL);
       r.verdict.sender = Sender::Gatevisor;
       r.verdict.summary = "did not stop within 8s of SIGTERM and was killed";
       r.verdict.next = {NextAction::Stop, {}, "requested"};
       r.next_start = NextStart{kDied + 5 * kSecond, 130, "f"};
     },
     R"(Because     did not stop within 8s of SIGTERM and was killed
Verdict     stop-timeout (certain), SIGKILL, sender: gatevisor
)",
     "not respawned (requested); started again later: pid 130 at 09:44:38.000, after 5s"},
    {Cause::Watchdog,
     [](DeathReport& r) {
       r.verdict.status = WaitStatus::killed(SIGABRT);
       r.verdict.summary = "alive but sent no WATCHDOG=1 within 10s, ended for it";
     },
     R"(Because     alive but sent no WATCHDOG=1 within 10s, ended for it
Verdict     watchdog (certain), SIGABRT
)"},
    {Cause::Protocol,
     [](DeathReport& r) {
       r.verdict.pid = 0;
       r.verdict.summary = "ended before it was ready";
       r.started_usec = 0;
     },
     R"(Because     ended before it was ready
Verdict     protocol (certain)
)",
     kRespawn, "gateway died 3min 5s ago, on Tue 2026-11-24 09:44:33 UTC; it had lived unknown"},
    {Cause::ProbeFailure,
     [](DeathReport& r) {
       r.verdict.status = WaitStatus::killed(SIGTERM);
       r.verdict.summary = "alive but did not serve, ended for it: no answer within 5s";
     },
     R"(Because     alive but did not serve, ended for it: no answer within 5s
Verdict     probe-failure (certain), SIGTERM
)"},
    {Cause::TaskLimit,
     [](DeathReport& r) {
       r.verdict.status = WaitStatus::exited(1);
       r.verdict.confidence = Confidence::Likely;
       r.verdict.summary = "exit code 1 after new processes were refused at its task limit";
       r.verdict.evidence = {{"gateway.slice/1/pids.events", "max", "+3"}};
     },
     R"(Because     exit code 1 after new processes were refused at its task limit
Verdict     task-limit (likely), exit code 1
Evidence    gateway.slice/1/pids.events max: +3
)"},
};

TEST(WhyText, EachCauseWhole) {
  ASSERT_EQ(std::size(kGolden), kAllCauses.size());
  for (std::size_t i = 0; i < kAllCauses.size(); ++i) {
    const Golden& golden = kGolden[i];
    ASSERT_EQ(golden.cause, kAllCauses[i]);
    DeathReport report = death(golden.cause);
    golden.fill(report);
    EXPECT_EQ(facts(report), std::string(golden.head) + "\n\n" + golden.text + "Next        " +
                                 golden.next + "\nInvocation  0123456789abcdef0123456789abcdef\n");
    EXPECT_EQ(has(shown(report), "\nWhat to do  "), !core::advice(report.verdict).empty());
  }
}

// STATUS= is the gateway's own text: it must not move a cursor, nor forge a line.
TEST(WhyText, WhatTheGatewaySaidCannotSpeakToTheTerminal) {
  DeathReport report = out_of_memory();
  report.verdict.unit = "gate\nway";
  report.verdict.summary = "a\x1b[2J\nNext  forged \xff b\xc2\x9b";
  report.verdict.evidence = {{"sd_notify", "STATUS", "ok\r\x1b]0;title\x07 grüße"}};
  report.before = {{kDied, "started", "\x1b[1mstarted\nover"}};
  const std::string text = shown(report);
  for (const char c : text) EXPECT_TRUE(c == '\n' || static_cast<unsigned char>(c) >= 0x20) << text;
  EXPECT_TRUE(log::is_printable(text));
  EXPECT_TRUE(has(text, "Because     a?[2J?Next  forged ? b?\n")) << text;
  EXPECT_TRUE(has(text, "ok??]0;title? grüße")) << text;
}

// They are in the line; JSON has them one by one.
TEST(WhyText, NumbersOfTheKernelsLineAreNotSaidTwice) {
  DeathReport report = out_of_memory();
  report.verdict.evidence = {{"kmsg", "line", "Killed process 7 (node) total-vm:1kB"},
                             {"kmsg", "killed", "node"},
                             {"kmsg", "pid", "7"},
                             {"kmsg", "total-vm", "1024"},
                             {"kmsg", "oom_score_adj", "0"},
                             {"kmsg", "oom_memcg", "/pod"},
                             {"other", "pid", "8"}};
  EXPECT_TRUE(has(shown(report),
                  "Evidence    kmsg line: Killed process 7 (node) total-vm:1kB\n"
                  "            kmsg oom_memcg: /pod\n"
                  "            other pid: 8\n"))
      << shown(report);
}

TEST(WhyText, ClocksThatDisagreeAreNotHidden) {
  DeathReport report = out_of_memory();
  report.ended_usec = kDied + 300 * kSecond;
  report.started_usec = kDied + 400 * kSecond;
  const std::string text = shown(report);
  EXPECT_TRUE(has(text, "died in 1min 55s by this clock, on ")) << text;
  EXPECT_TRUE(has(text, "it had lived unknown")) << text;
}

}  // namespace
}  // namespace gatevisor::report
