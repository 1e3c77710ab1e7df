#include "core/advice.h"

#include <csignal>
#include <optional>

#include "core/advice_exec.h"

namespace gatevisor::core {
namespace {

constexpr std::uint64_t kMebi = std::uint64_t{1} << 20;
// Of a limit, what a managed heap may have: the rest is stacks, code, buffers outside the heap and
// the kernel's memory. About what OpenJDK's MaxRAMPercentage= and Node.js's own guides come to.
constexpr std::uint64_t kHeapPercent = 75;

std::string mebibytes(std::uint64_t bytes) {
  std::string text = std::to_string(bytes / kMebi);
  if (bytes % kMebi != 0) text += "." + std::to_string(bytes % kMebi * 10 / kMebi);
  return text + " MiB";
}

std::string heap_flags(std::uint64_t limit) {
  const std::string heap = std::to_string(limit * kHeapPercent / 100 / kMebi);
  return "keep a managed heap below it: --max-old-space-size=" + heap + " for Node.js, -Xmx" +
         heap + "m for Java, GOMEMLIMIT=" + heap + "MiB for Go";
}

/// The value of a setting, or of anything else that is evidence; empty where it is not there.
std::string evidence_of(const Verdict& verdict, std::string_view name) {
  for (const Evidence& fact : verdict.evidence) {
    if (fact.name == name) return fact.value;
  }
  return {};
}

std::string with_value(const Verdict& verdict, const char* setting) {
  const std::string value = evidence_of(verdict, setting);
  return std::string(setting) + "=" + (value.empty() ? "" : " is " + value);
}

std::string peak_words(const Verdict& verdict) {
  return verdict.memory_peak ? " and the peak was " + mebibytes(*verdict.memory_peak) : "";
}

std::string for_oom_kill(const Verdict& verdict) {
  const auto limit = verdict.memory_limit;
  if (!verdict.scope) {
    return "Whose limit it was cannot be seen here: 'gatevisor doctor' says what would show it.";
  }
  switch (*verdict.scope) {
    case Scope::OwnLimit: {
      if (!limit) return "Raise MemoryMax= of the unit, or make the gateway need less.";
      std::string text =
          "MemoryMax= is " + mebibytes(*limit) + peak_words(verdict) + ": raise it, or ";
      if (verdict.victim == Victim::Helper) {
        const std::string name = evidence_of(verdict, "killed");
        return text + "bound the helper process that grew" +
               (name.empty() ? "" : " (the kernel killed '" + name + "')") + ".";
      }
      return text + heap_flags(*limit) + ".";
    }
    case Scope::AncestorLimit: {
      const std::string which =
          verdict.limit_path.empty() ? "A cgroup" : "The cgroup " + verdict.limit_path;
      if (!limit)
        return which + " above the unit's own is too small: raise its limit (the container's).";
      return which + " above the unit's own has a limit of " + mebibytes(*limit) +
             peak_words(verdict) +
             ": raise it (the container's memory limit), or set MemoryMax= below it "
             "so that the gateway is bounded by its own limit; or " +
             heap_flags(*limit) + ".";
    }
    case Scope::OutsideView:
      if (const std::string group = evidence_of(verdict, "oom_memcg"); !group.empty()) {
        return "By the kernel's log it was the limit of the cgroup " + group +
               ", which cannot be seen from here: raise it (the pod's, or the engine's); "
               "MemoryMax= below it would make the kill the gateway's own and leave gatevisor "
               "alone.";
      }
      return "The limit is outside of what this container can see: look at the memory limit of its "
             "pod or "
             "engine, and at the machine's free memory; MemoryMax= below it would make the kill "
             "the "
             "gateway's own and leave gatevisor alone.";
  }
  return {};
}

std::string for_exit_code(const Verdict& verdict) {
  if (!verdict.command.empty()) {
    return "Make " + verdict.command +
           " succeed; if its failure does not matter, put '-' before its path.";
  }
  const int code = verdict.status && !verdict.status->by_signal() ? verdict.status->value : -1;
  switch (code) {
    case 64:
      return "The gateway does not accept its command line: correct the options in ExecStart=.";
    case 66:
      return "The gateway misses an input file: see which one it names, and its owner and mode.";
    case 69: return "Something that the gateway needs was not there: start or reach that first.";
    case 73:
      return "The gateway could not create a file: see the owner of its directories; "
             "StateDirectory= makes them.";
    case 77:
      return "The gateway was not permitted something: see User=, the owner of its files, and the "
             "sandbox settings.";
    case 78:
      return "The gateway says that its configuration is wrong: correct it, then start it again. A "
             "respawn "
             "does not help, which is why RestartPreventExitStatus= has 78.";
    case 126:
      return "A shell in between could not execute a program: see its mode and its first line.";
    case 127: return "A shell in between did not find a program: see the path and PATH=.";
    default: break;
  }
  if (code > 128 && code <= 128 + 64) {
    return "A shell in between passed on the " + signal_name(code - 128) +
           " of its child: let the script end with 'exec' so that gatevisor sees the gateway "
           "itself.";
  }
  return "The gateway ended by its own decision: what it wrote last says why; its manual has the "
         "meaning "
         "of this exit code.";
}

std::string for_signal(const Verdict& verdict) {
  const int signal = verdict.status ? verdict.status->value : 0;
  if (!verdict.command.empty()) {
    return "See what ended " + verdict.command +
           "; if its failure does not matter, put '-' before its path.";
  }
  if (verdict.sender == Sender::Gatevisor) {
    return "gatevisor passed it on: if the gateway does not handle " + signal_name(signal) +
           ", take it out of ForwardSignals=.";
  }
  switch (signal) {
    case SIGXCPU: return "It used up LimitCPU=: raise it, or find what spins.";
    case SIGXFSZ:
      return "It wrote a file beyond LimitFSIZE=: raise it, or let the file be rotated.";
    case SIGPIPE:
      return "It wrote to a connection or pipe that nobody reads: IgnoreSIGPIPE=yes makes that an "
             "error instead.";
    case SIGSYS:
      return "A seccomp filter of the container or of its own may have killed it: see the audit "
             "log for type=SECCOMP.";
    case SIGSEGV:
    case SIGBUS:
    case SIGILL:
    case SIGFPE:
    case SIGTRAP:
    case SIGABRT:
      return "It crashed and left no core: set LimitCORE=infinity, see "
             "/proc/sys/kernel/core_pattern, and the "
             "next crash leaves one for a debugger.";
    case SIGKILL:
      if (verdict.confidence == Confidence::Unknown) {
        return "Whether it was for memory cannot be seen here: give gatevisor a cgroup of its own "
               "('gatevisor doctor' says how), and see the kernel's log for 'Out of memory'.";
      }
      return "Memory was not the reason: find who sends SIGKILL: an operator, a script, or another "
             "supervisor in the same container or on the machine.";
    default: break;
  }
  return "Somebody sent it " + signal_name(signal) +
         " past gatevisor: find who; to stop the service, send SIGTERM to gatevisor instead.";
}

/// A heap that is larger than the one that was too small. nullopt: its limit does not leave room for
/// one, or nothing was measured.
std::optional<std::uint64_t> larger_heap(const Verdict& verdict) {
  const std::uint64_t had = verdict.memory_peak.value_or(0);
  if (!verdict.memory_limit) {
    return had == 0 ? std::nullopt : std::optional(2 * had);
  }
  const std::uint64_t heap = *verdict.memory_limit * kHeapPercent / 100;
  return heap > had ? std::optional(heap) : std::nullopt;
}

/// `flag`: 'NODE_OPTIONS=--max-old-space-size=' and what comes behind the figure.
std::string for_heap_limit(const Verdict& verdict, const std::string& flag, const char* unit) {
  const auto heap = larger_heap(verdict);
  std::string text = "The limit of its heap was too small, or it leaks";
  if (verdict.memory_peak) text += " (the peak was " + mebibytes(*verdict.memory_peak) + ")";
  if (heap) {
    text += ": Environment=" + flag + std::to_string(*heap / kMebi) + unit;
    if (verdict.memory_limit) {
      return text + " is three quarters of its memory limit of " +
             mebibytes(*verdict.memory_limit) + ".";
    }
    return text + " is twice that.";
  }
  if (!verdict.memory_limit) return text + ": raise it with Environment=" + flag + "N" + unit + ".";
  return text + ": raise MemoryMax=, which is " + mebibytes(*verdict.memory_limit) +
         ", and with it the heap (Environment=" + flag + "N" + unit + ", three quarters of it).";
}

std::string for_runtime_oom(const Verdict& verdict) {
  if (verdict.runtime == "V8") {
    return for_heap_limit(verdict, "NODE_OPTIONS=--max-old-space-size=", "");
  }
  if (verdict.runtime == "JVM") {
    return for_heap_limit(verdict, "JAVA_TOOL_OPTIONS=-Xmx", "m");
  }
  return "An allocation was refused, which a memory limit of a cgroup does not do: see LimitAS= and "
         "LimitDATA= (ulimit -v and -d), vm.overcommit_memory of the machine, and what asked for so "
         "much at once.";
}

std::string for_seccomp(const Verdict& verdict) {
  const std::string call = evidence_of(verdict, "syscall");
  const std::string group = evidence_of(verdict, "syscall group");
  const std::string add =
      call.empty() ? "Find the call's number in the audit or kernel log (type=SECCOMP … syscall=) "
                     "and add it to SystemCallFilter="
                   : "Add " + call + (group.empty() ? "" : " (or all of " + group + ")") +
                         " to SystemCallFilter=, if the filter is the unit's";
  return add + "; SystemCallErrorNumber=EPERM makes it an error instead of a kill.";
}

std::string for_memory_stall(const Verdict& verdict) {
  if (!verdict.memory_limit)
    return "It needs more memory than its limit leaves: raise MemoryMax= or MemoryHigh=.";
  return "MemoryMax= is " + mebibytes(*verdict.memory_limit) + peak_words(verdict) +
         ", and it spent its time on getting memory back: raise it, or " +
         heap_flags(*verdict.memory_limit) + ".";
}

}  // namespace

std::string advice(const Verdict& verdict) {
  switch (verdict.cause) {
    case Cause::Clean:
    case Cause::Requested: return {};
    case Cause::ExitCode: return for_exit_code(verdict);
    case Cause::Signal: return for_signal(verdict);
    case Cause::CoreDump:
      return "A core was written: /proc/sys/kernel/core_pattern says where; a debugger shows the "
             "place of "
             "the crash ('bt full' in gdb).";
    case Cause::OomKill: return for_oom_kill(verdict);
    case Cause::RuntimeOom: return for_runtime_oom(verdict);
    case Cause::MemoryStall: return for_memory_stall(verdict);
    case Cause::Seccomp: return for_seccomp(verdict);
    case Cause::ExecFailure: return advice_for_exec_failure(verdict);
    case Cause::StartTimeout:
      return with_value(verdict, "TimeoutStartSec") +
             ": raise it if the start takes longer; with Type=notify, see that it sends READY=1.";
    case Cause::RuntimeLimit:
      return with_value(verdict, "RuntimeMaxSec") +
             ": it is meant to end then; raise it or leave it out if not.";
    case Cause::StopTimeout:
      return with_value(verdict, "TimeoutStopSec") +
             ": raise it if the gateway needs longer to finish its work (and the container's own "
             "stop "
             "time-out with it), or see why it does not end on its stop signal; a shell as main "
             "process does "
             "not pass it on: let it 'exec' the gateway.";
    case Cause::Watchdog:
      return with_value(verdict, "WatchdogSec") +
             ": the gateway hung, or sends WATCHDOG=1 too seldom (half of that time is the "
             "custom); "
             "WatchdogSignal=SIGABRT with LimitCORE=infinity leaves a core of the hang.";
    case Cause::Protocol:
      return "What it does and its Type= do not agree: forking needs a parent that ends after the "
             "start (and "
             "PIDFile=), notify needs READY=1 (NotifyAccess=all if a child sends it), simple and "
             "exec need "
             "neither.";
    case Cause::ProbeFailure:
      return "It was alive and did not serve: see what it waits for; if the probe is too strict, "
             "raise "
             "LivenessProbeTimeoutSec= or LivenessProbeFailures=.";
    case Cause::TaskLimit:
      return "TasksMax= (or the container's limit of processes) refused new processes or threads: "
             "raise it, or find "
             "what starts so many.";
  }
  return {};
}

DeathClass death_class(Cause cause) {
  switch (cause) {
    case Cause::Clean:
    case Cause::Requested: return DeathClass::Fine;
    case Cause::ExitCode:
    case Cause::Signal:
    case Cause::CoreDump:
    case Cause::Seccomp:
    case Cause::Protocol:
    case Cause::Watchdog:
    case Cause::ProbeFailure: return DeathClass::Program;
    case Cause::OomKill:
    case Cause::RuntimeOom:
    case Cause::MemoryStall: return DeathClass::Memory;
    case Cause::ExecFailure:
    case Cause::StartTimeout: return DeathClass::Start;
    case Cause::RuntimeLimit:
    case Cause::StopTimeout:
    case Cause::TaskLimit: return DeathClass::Limit;
  }
  return DeathClass::Program;
}

std::string_view to_string(DeathClass death_class) {
  switch (death_class) {
    case DeathClass::Fine: return "fine";
    case DeathClass::Program: return "program";
    case DeathClass::Memory: return "memory";
    case DeathClass::Start: return "start";
    case DeathClass::Limit: return "limit";
  }
  return "?";
}

}  // namespace gatevisor::core
