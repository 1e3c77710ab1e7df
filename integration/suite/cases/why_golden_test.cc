// What `why` says of each cause, whole, of a real death: in the virtual machines, where each can be had.
//
// What differs from run to run is replaced: pids, ids, times, spans, and sizes that the kernel rounds.

#include <gtest/gtest.h>

#include <sys/stat.h>

#include <csignal>
#include <fstream>
#include <regex>
#include <set>

#include "gatevisor/verdict.h"
#include "unit.h"

namespace gatevisor::testing {
namespace {

/// 'N' for pids, 'ID', 'DATE', 'TIME', 'SPAN'; of the rest every word counts.
std::string normal(std::string text) {
  const std::pair<const char*, const char*> rules[] = {
      {"pid [0-9]+", "pid N"},
      {"[0-9a-f]{32}", "ID"},
      {"on [A-Z][a-z]{2} [0-9-]+ [0-9:]+ [A-Z]+", "on DATE"},
      {"[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}", "TIME"},
      {"(lived|after) [0-9]+(ms|us|s|min)( [0-9]+(ms|us|s))?", "$1 SPAN"},
      {"(died|ended|be started) ([0-9a-z ]+ ago|just now)", "$1 SPAN ago"},
      {"peak [0-9.]+[KMG]?( of|,)", "peak SIZE$1"},
      {", [0-9]+ %", ", SHARE"},
      {"peak was [0-9.]+ [KM]iB", "peak was SIZE"},
      {"127\\.0\\.0\\.1:[0-9]+", "ADDRESS"},
      {"/tmp/[A-Za-z0-9._-]+/", "FILES/"},
      {"/[a-z/]*bin/misbehave", "misbehave"},
      {"[^ (]*\\.slice", "SLICE"},
      {"SLICE/1/pids", "SLICE/pids"},  // where Linux up to 6.11 counts
      {"Killed process [0-9]+", "Killed process N"},
      {"(total-vm|anon-rss|file-rss|shmem-rss|pgtables):[0-9]+kB", "$1:SIZE"},
      {"audit\\([0-9.:]+\\): .* comm=", "audit(TIME): … comm="},
      {"ip=0x[0-9a-f]+", "ip=ADDRESS"},
      {"local oom: \\+[0-9]+", "local oom: +N"},  // how often it tried before it killed
      {"oom \\+[0-9]+ in the last reading, oom_kill \\+0 for [0-9]+s( [0-9]+ms)?",
       "oom +N in the last reading, oom_kill +0 for SPAN"},
  };
  for (const auto& [pattern, replacement] : rules) {
    text = std::regex_replace(text, std::regex(pattern), replacement);
  }
  return text;
}

struct Death {
  std::vector<std::string> command;
  std::vector<std::string> properties = {};
  std::vector<std::string> raw_command = {};
  std::function<void(Gatevisor&)> meanwhile = nullptr;  ///< until it is to have died
};

/// Of which causes a whole text was compared, for the last test.
std::set<Cause>& told() {
  static std::set<Cause> causes;
  return causes;
}

void expect_why(Cause cause, Death death, int status, const std::string& golden) {
  TempDir files;
  for (const char* property : {"Restart=no", "MemorySampleSec=0", "LimitCORE=0"}) {
    death.properties.insert(death.properties.begin(), property);
  }
  {
    Gatevisor supervisor({.command = death.command,
                          .properties = death.properties,
                          .options = {"--journal-dir=" + files.file("journal")},
                          .raw_command = death.raw_command});
    if (death.meanwhile) death.meanwhile(supervisor);
    EXPECT_EQ(supervisor.expect("exited", patience(60s)).text("/verdict/cause"), to_string(cause));
    supervisor.expect_end();
  }
  const auto [code, text] = answer_of("why --utc -D " + files.file("journal"));
  EXPECT_EQ(code, status);
  EXPECT_EQ(normal(text), golden);
  told().insert(cause);
}

TEST(Golden, Clean) {
  expect_why(Cause::Clean, {{"exit", "0"}}, 0,
             R"(gateway (pid N) ended SPAN ago, on DATE; it had lived SPAN

Because     exited by itself with code 0
Verdict     clean (certain), exit code 0
Evidence    waitid status: exit code 0
Ruled out   oom-kill: oom_kill +0 in SLICE/1/memory.events
Memory      peak SIZE, no limit of its own
Next        not respawned (Restart=no)
Around it   TIME started (pid N)
            TIME *** this death
            TIME gatevisor exits with status 0: exited by itself with code 0
Invocation  ID
)");
}

TEST(Golden, Requested) {
  TempDir ours;
  expect_why(Cause::Requested,
             {.command = waiting(ours),
              .meanwhile =
                  [&ours](Gatevisor& supervisor) {
                    supervisor.expect_started();
                    expect_waiting(ours);
                    supervisor.signal(SIGTERM);
                  }},
             0, R"(gateway (pid N) ended SPAN ago, on DATE; it had lived SPAN

Because     stopped on request: SIGTERM from pid N (uid 0)
Verdict     requested (certain), exit code 0
Evidence    waitid status: exit code 0
            request from: SIGTERM from pid N (uid 0)
Memory      peak SIZE, no limit of its own
Next        not respawned (stop requested)
Around it   TIME started (pid N)
            TIME received signal, forwarding to children... (SIGTERM from pid N, uid 0; SIGTERM to pid N)
            TIME *** this death
            TIME gatevisor exits with status 0: stopped on request: SIGTERM from pid N (uid 0)
Invocation  ID
)");
}

TEST(Golden, ExitCode) {
  expect_why(Cause::ExitCode, {{"exit", "78"}}, 10,
             R"(gateway (pid N) died SPAN ago, on DATE; it had lived SPAN

Because     exit code 78 (EX_CONFIG): a configuration error
Verdict     exit-code (certain), exit code 78
Evidence    waitid status: exit code 78 (EX_CONFIG)
Ruled out   oom-kill: oom_kill +0 in SLICE/1/memory.events
Memory      peak SIZE, no limit of its own
Next        not respawned (RestartPreventExitStatus=)
Around it   TIME started (pid N)
            TIME *** this death
            TIME gatevisor exits with status 78: exit code 78 (EX_CONFIG): a configuration error
Invocation  ID

What to do  The gateway says that its configuration is wrong: correct it, then start it again. A
            respawn does not help, which is why RestartPreventExitStatus= has 78.
)");
}

TEST(Golden, Signal) {
  expect_why(Cause::Signal,
             {.command = {"wait"},
              .meanwhile =
                  [](Gatevisor& supervisor) {
                    kill(supervisor.expect_started(), SIGKILL);
                  }},
             10, R"(gateway (pid N) died SPAN ago, on DATE; it had lived SPAN

Because     killed by SIGKILL from outside
Verdict     signal (certain), SIGKILL, sender: outside
Evidence    waitid status: SIGKILL
Ruled out   requested: gatevisor sent it no SIGKILL
            oom-kill: oom_kill +0 in SLICE/1/memory.events
Memory      peak SIZE, no limit of its own
Next        not respawned (Restart=no)
Around it   TIME started (pid N)
            TIME *** this death
            TIME gatevisor exits with status 137: killed by SIGKILL from outside
Invocation  ID

What to do  Memory was not the reason: find who sends SIGKILL: an operator, a script, or another
            supervisor in the same container or on the machine.
)");
}

TEST(Golden, CoreDump) {
  expect_why(Cause::CoreDump, {{"abort"}, {"LimitCORE=infinity", "WorkingDirectory=/tmp"}}, 10,
             R"(gateway (pid N) died SPAN ago, on DATE; it had lived SPAN

Because     killed by SIGABRT, a fault of its own; a core was written
Verdict     core-dump (likely), SIGABRT, sender: itself
Evidence    waitid status: SIGABRT (core dumped)
Ruled out   oom-kill: oom_kill +0 in SLICE/1/memory.events
Memory      peak SIZE, no limit of its own
Next        not respawned (Restart=no)
Around it   TIME started (pid N)
            TIME *** this death
            TIME gatevisor exits with status 134: killed by SIGABRT, a fault of its own; a core was written
Invocation  ID

What to do  A core was written: /proc/sys/kernel/core_pattern says where; a debugger shows the place
            of the crash ('bt full' in gdb).
)");
}

TEST(Golden, OomKill) {
  expect_why(Cause::OomKill, {{"alloc", "200", "wait"}, {"MemoryMax=32M", "MemorySwapMax=0"}}, 11,
             R"(gateway (pid N) died SPAN ago, on DATE; it had lived SPAN

Because     killed out of memory; at its own memory limit of 32.0M (SLICE)
Verdict     oom-kill (certain), SIGKILL, own-limit, victim: main, sender: kernel
Evidence    waitid status: SIGKILL
            SLICE/1/memory.events oom_kill: +1
            SLICE/memory.events.local oom: +N
            kmsg line: Memory cgroup out of memory: Killed process N (misbehave) total-vm:SIZE, anon-rss:SIZE, file-rss:SIZE, shmem-rss:SIZE, UID:0 pgtables:SIZE oom_score_adj:0
            kmsg constraint: CONSTRAINT_MEMCG
            kmsg oom_memcg: SLICE
Memory      peak SIZE of a limit of 32.0M (SLICE), SHARE
Next        not respawned (Restart=no)
Around it   TIME started (pid N)
            TIME *** this death
            TIME gatevisor exits with status 137: killed out of memory; at its own memory limit of 32.0M (SLICE)
Invocation  ID

What to do  MemoryMax= is 32 MiB and the peak was SIZE: raise it, or keep a managed heap below
            it: --max-old-space-size=24 for Node.js, -Xmx24m for Java, GOMEMLIMIT=24MiB for Go.
)");
}

TEST(Golden, OomKillOfAHelper) {
  expect_why(Cause::OomKill,
             {{"child", "await-idle-parent", "alloc", "200", "hang", "end", "wait"},
              {"MemoryMax=32M", "MemorySwapMax=0", "OOMPolicy=stop"}},
             11, R"(gateway (pid N) died SPAN ago, on DATE; it had lived SPAN

Because     a process that it had started was killed out of memory; at its own memory limit of 32.0M (SLICE); the main process ended with exit code 0
Verdict     oom-kill (certain), exit code 0, own-limit, victim: helper
Evidence    waitid status: exit code 0
            SLICE/1/memory.events oom_kill: +1
            SLICE/memory.events.local oom: +N
            kmsg line: Memory cgroup out of memory: Killed process N (misbehave) total-vm:SIZE, anon-rss:SIZE, file-rss:SIZE, shmem-rss:SIZE, UID:0 pgtables:SIZE oom_score_adj:0
            kmsg constraint: CONSTRAINT_MEMCG
            kmsg oom_memcg: SLICE
Memory      peak SIZE of a limit of 32.0M (SLICE), SHARE
Next        not respawned (Restart=no)
Around it   TIME started (pid N)
            TIME a process of the gateway was killed out of memory (oom_kill +1), the main process lives; stopping it for that (OOMPolicy=)
            TIME *** this death
            TIME gatevisor exits with status 0: a process that it had started was killed out of memory; at its own memory limit of 32.0M (SLICE); the main process ended with exit code 0
Invocation  ID

What to do  MemoryMax= is 32 MiB and the peak was SIZE: raise it, or bound the helper process
            that grew (the kernel killed 'misbehave').
)");
}

TEST(Golden, MemoryStall) {
  expect_why(Cause::MemoryStall,
             {{"protect", "alloc", "200", "wait"}, {"MemoryMax=32M", "MemorySwapMax=0"}}, 11,
             R"(gateway (pid N) died SPAN ago, on DATE; it had lived SPAN

Because     alive but stalled at its memory limit, ended for it: oom +N in the last reading, oom_kill +0 for SPAN
Verdict     memory-stall (likely), SIGKILL, sender: gatevisor
Evidence    waitid status: SIGKILL
            gatevisor stall: oom +N in the last reading, oom_kill +0 for SPAN
Memory      peak SIZE of a limit of 32.0M (SLICE), SHARE
Next        not respawned (Restart=no)
Around it   TIME started (pid N)
            TIME stalled on memory: oom +N in the last reading, oom_kill +0 for SPAN; killing it
            TIME *** this death
            TIME gatevisor exits with status 137: alive but stalled at its memory limit, ended for it: oom +N in the last reading, oom_kill +0 for SPAN
Invocation  ID

What to do  MemoryMax= is 32 MiB and the peak was SIZE, and it spent its time on getting memory
            back: raise it, or keep a managed heap below it: --max-old-space-size=24 for Node.js,
            -Xmx24m for Java, GOMEMLIMIT=24MiB for Go.
)");
}

TEST(Golden, Seccomp) {
  expect_why(Cause::Seccomp, {{"seccomp"}}, 10,
             R"(gateway (pid N) died SPAN ago, on DATE; it had lived SPAN

Because     made the system call getppid(2), which its seccomp filter kills for
Verdict     seccomp (likely), SIGSYS, sender: kernel
Evidence    waitid status: SIGSYS
            proc status Seccomp: 3
            kmsg line: audit: type=1326 audit(TIME): … comm="misbehave" exe="misbehave" sig=31 arch=c000003e syscall=110 compat=0 ip=ADDRESS code=0x80000000
            kmsg syscall: getppid
Memory      peak SIZE, no limit of its own
Next        not respawned (Restart=no)
Around it   TIME started (pid N)
            TIME *** this death
            TIME gatevisor exits with status 159: made the system call getppid(2), which its seccomp filter kills for
Invocation  ID

What to do  Add getppid to SystemCallFilter=, if the filter is the unit's;
            SystemCallErrorNumber=EPERM makes it an error instead of a kill.
)");
}

TEST(Golden, ExecFailure) {
  TempDir files;
  { std::ofstream(files.file("text")) << "this is no program\n"; }
  chmod(files.file("text").c_str(), 0755);
  expect_why(Cause::ExecFailure, {.raw_command = {files.file("text")}}, 12, R"(gateway (pid N) could not be started SPAN ago, on DATE

Because     could not execute FILES/text: Exec format error
Verdict     exec-failure (certain), exit code 203
Evidence    waitid status: exit code 203
            exec step: exec
            exec errno: Exec format error
Next        not respawned (a start that failed like this is not retried)
Around it   TIME *** this death
            TIME gatevisor exits with status 203: could not execute FILES/text: Exec format error
Invocation  ID

What to do  It is no program: a script needs '#!' and an interpreter in its first line.
)");
}

TEST(Golden, StartTimeout) {
  expect_why(Cause::StartTimeout, {{"hang"}, {"Type=notify", "TimeoutStartSec=200ms"}}, 12,
             R"(gateway (pid N) died SPAN ago, on DATE; it had lived SPAN

Because     had not started within 200ms, ended for it
Verdict     start-timeout (certain), SIGTERM, sender: gatevisor
Evidence    waitid status: SIGTERM
            setting TimeoutStartSec: 200ms
Ruled out   oom-kill: oom_kill +0 in SLICE/1/memory.events
Memory      peak SIZE, no limit of its own
Next        not respawned (Restart=no)
Around it   TIME started (pid N)
            TIME *** this death
            TIME gatevisor exits with status 143: had not started within 200ms, ended for it
Invocation  ID

What to do  TimeoutStartSec= is 200ms: raise it if the start takes longer; with Type=notify, see
            that it sends READY=1.
)");
}

TEST(Golden, RuntimeLimit) {
  expect_why(Cause::RuntimeLimit, {{"hang"}, {"RuntimeMaxSec=1"}}, 13,
             R"(gateway (pid N) died SPAN ago, on DATE; it had lived SPAN

Because     had run for 1s, ended for it
Verdict     runtime-limit (certain), SIGTERM, sender: gatevisor
Evidence    waitid status: SIGTERM
            setting RuntimeMaxSec: 1s
Ruled out   oom-kill: oom_kill +0 in SLICE/1/memory.events
Memory      peak SIZE, no limit of its own
Next        not respawned (Restart=no)
Around it   TIME started (pid N)
            TIME *** this death
            TIME gatevisor exits with status 143: had run for 1s, ended for it
Invocation  ID

What to do  RuntimeMaxSec= is 1s: it is meant to end then; raise it or leave it out if not.
)");
}

TEST(Golden, StopTimeout) {
  TempDir files;
  expect_why(Cause::StopTimeout,
             {.command = {"ignore", "15", "report", files.file("ready"), "hang"},
              .properties = {"TimeoutStopSec=500ms"},
              .meanwhile =
                  [&](Gatevisor& supervisor) {
                    files.wait_file("ready");
                    supervisor.signal(SIGTERM);
                  }},
             13, R"(gateway (pid N) died SPAN ago, on DATE; it had lived SPAN

Because     did not stop within 500ms of SIGTERM and was killed
Verdict     stop-timeout (certain), SIGKILL, sender: gatevisor
Evidence    waitid status: SIGKILL
            setting TimeoutStopSec: 500ms
Memory      peak SIZE, no limit of its own
Next        not respawned (stop requested)
Around it   TIME started (pid N)
            TIME received signal, forwarding to children... (SIGTERM from pid N, uid 0; SIGTERM to pid N)
            TIME pid N did not end within TimeoutStopSec=500ms, killing all of it
            TIME *** this death
            TIME gatevisor exits with status 137: did not stop within 500ms of SIGTERM and was killed
Invocation  ID

What to do  TimeoutStopSec= is 500ms: raise it if the gateway needs longer to finish its work (and
            the container's own stop time-out with it), or see why it does not end on its stop
            signal; a shell as main process does not pass it on: let it 'exec' the gateway.
)");
}

TEST(Golden, Watchdog) {
  expect_why(Cause::Watchdog, {{"notify", "READY=1", "hang"}, {"Type=notify", "WatchdogSec=300ms"}}, 10,
             R"(gateway (pid N) died SPAN ago, on DATE; it had lived SPAN

Because     alive but sent no WATCHDOG=1 within 300ms, ended for it
Verdict     watchdog (certain), SIGABRT, sender: gatevisor
Evidence    waitid status: SIGABRT
            setting WatchdogSec: 300ms
Ruled out   oom-kill: oom_kill +0 in SLICE/1/memory.events
Memory      peak SIZE, no limit of its own
Next        not respawned (Restart=no)
Around it   TIME started (pid N)
            TIME ready (pid N, READY=1)
            TIME *** this death
            TIME gatevisor exits with status 134: alive but sent no WATCHDOG=1 within 300ms, ended for it
Invocation  ID

What to do  WatchdogSec= is 300ms: the gateway hung, or sends WATCHDOG=1 too seldom (half of that
            time is the custom); WatchdogSignal=SIGABRT with LimitCORE=infinity leaves a core of the
            hang.
)");
}

TEST(Golden, Protocol) {
  expect_why(Cause::Protocol, {{"exit", "0"}, {"Type=notify"}}, 10,
             R"(gateway (pid N) died SPAN ago, on DATE; it had lived SPAN

Because     ended before it sent READY=1
Verdict     protocol (certain), exit code 0
Evidence    waitid status: exit code 0
Ruled out   oom-kill: oom_kill +0 in SLICE/1/memory.events
Memory      peak SIZE, no limit of its own
Next        not respawned (Restart=no)
Around it   TIME started (pid N)
            TIME *** this death
            TIME gatevisor exits with status 1: ended before it sent READY=1
Invocation  ID

What to do  What it does and its Type= do not agree: forking needs a parent that ends after the
            start (and PIDFile=), notify needs READY=1 (NotifyAccess=all if a child sends it),
            simple and exec need neither.
)");
}

TEST(Golden, ProbeFailure) {
  const std::string probe = "LivenessProbe=http://127.0.0.1:9/health";
  expect_why(Cause::ProbeFailure,
             {{"hang"}, {probe, "LivenessProbeSec=100ms", "LivenessProbeStartFailures=3"}}, 10,
             R"(gateway (pid N) died SPAN ago, on DATE; it had lived SPAN

Because     alive but did not serve, ended for it: 3 probes of http://ADDRESS/health failed in a row, the last with: connect: Connection refused
Verdict     probe-failure (certain), SIGTERM, sender: gatevisor
Evidence    waitid status: SIGTERM
            setting LivenessProbe: http://ADDRESS/health
            probe failures: 3
            probe last: connect: Connection refused
            probe had served: no
Ruled out   oom-kill: oom_kill +0 in SLICE/1/memory.events
Memory      peak SIZE, no limit of its own
Next        not respawned (Restart=no)
Around it   TIME started (pid N)
            TIME does not serve (http://ADDRESS/health: connect: Connection refused), probe failure 3 of 3; stopping it for that
            TIME *** this death
            TIME gatevisor exits with status 143: alive but did not serve, ended for it: 3 probes of http://ADDRESS/health failed in a row, the last with: connect: Connection refused
Invocation  ID

What to do  It was alive and did not serve: see what it waits for; if the probe is too strict, raise
            LivenessProbeTimeoutSec= or LivenessProbeFailures=.
)");
}

TEST(Golden, RuntimeOom) {
  expect_why(Cause::RuntimeOom, {{"print", "serving", "grow"}, {"LimitAS=256M"}}, 11,
             R"(gateway (pid N) died SPAN ago, on DATE; it had lived SPAN

Because     its run-time (C++) could get no more memory and gave up: SIGABRT
Verdict     runtime-oom (likely), SIGABRT, sender: itself
Evidence    waitid status: SIGABRT
            output C++: terminate called after throwing an instance of 'std::bad_alloc'
Ruled out   oom-kill: oom_kill +0 in SLICE/1/memory.events
Memory      peak SIZE, no limit of its own
Last lines  TIME serving
            TIME terminate called after throwing an instance of 'std::bad_alloc'
Next        not respawned (Restart=no)
Around it   TIME started (pid N)
            TIME *** this death
            TIME gatevisor exits with status 134: its run-time (C++) could get no more memory and gave up: SIGABRT
Invocation  ID

What to do  An allocation was refused, which a memory limit of a cgroup does not do: see LimitAS=
            and LimitDATA= (ulimit -v and -d), vm.overcommit_memory of the machine, and what asked
            for so much at once.
)");
}

TEST(Golden, TaskLimit) {
  expect_why(Cause::TaskLimit, {{"forks"}, {"TasksMax=8"}}, 13,
             R"(gateway (pid N) died SPAN ago, on DATE; it had lived SPAN

Because     exit code 1 after new processes or threads were refused at its task limit
Verdict     task-limit (likely), exit code 1
Evidence    waitid status: exit code 1
            SLICE/pids.events max: +1
Ruled out   oom-kill: oom_kill +0 in SLICE/1/memory.events
Memory      peak SIZE, no limit of its own
Next        not respawned (Restart=no)
Around it   TIME started (pid N)
            TIME *** this death
            TIME gatevisor exits with status 1: exit code 1 after new processes or threads were refused at its task limit
Invocation  ID

What to do  TasksMax= (or the container's limit of processes) refused new processes or threads:
            raise it, or find what starts so many.
)");
}

// Behind the others, as they are in one run.
TEST(GoldenAll, EachCauseIsAmongThem) {
  if (told().empty()) FAIL() << "run it with Golden.*";
  for (const Cause cause : kAllCauses) EXPECT_TRUE(told().contains(cause)) << to_string(cause);
}

}  // namespace
}  // namespace gatevisor::testing
