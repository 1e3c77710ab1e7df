// The verdict: why an invocation ended, with the evidence.
//
// Complete before the respawn is decided; restart policy, console record and every later reader
// (journal, `why`, `status`) use this one. Exactly one for each death.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gatevisor/exec_step.h"
#include "gatevisor/time.h"
#include "gatevisor/wait_status.h"

namespace gatevisor {

enum class Cause : std::uint8_t {
  Clean,         ///< exit 0, or SuccessExitStatus=, that nobody asked for
  Requested,     ///< gatevisor stopped it; who asked is evidence
  ExitCode,      ///< any other exit code
  Signal,        ///< killed by a signal that no line below explains
  CoreDump,      ///< the same, and the kernel wrote a core
  OomKill,       ///< oom_kill grew
  RuntimeOom,    ///< its run-time got no more memory, said so and ended
  MemoryStall,   ///< alive but spinning at its memory limit, ended by gatevisor for it
  Seccomp,       ///< SIGSYS from a system call filter
  ExecFailure,   ///< it never ran: {step, errno}
  StartTimeout,  ///< was not ready within TimeoutStartSec= and was ended for it
  RuntimeLimit,  ///< ran for RuntimeMaxSec= and was ended for it
  StopTimeout,   ///< did not stop within TimeoutStopSec= and was killed for it
  Watchdog,      ///< alive but sent no WATCHDOG=1 within WatchdogSec=, ended for it
  Protocol,  ///< it broke the rules of its Type=: ended before it was ready, left no main process
  ProbeFailure,  ///< alive but did not answer its liveness probes, ended by gatevisor for it
  TaskLimit,     ///< exit code after forks were refused (pids.events max)
};
inline constexpr std::array kAllCauses = {
    Cause::Clean,       Cause::Requested,    Cause::ExitCode,     Cause::Signal,
    Cause::CoreDump,    Cause::OomKill,      Cause::RuntimeOom,   Cause::MemoryStall,
    Cause::Seccomp,     Cause::ExecFailure,  Cause::StartTimeout, Cause::RuntimeLimit,
    Cause::StopTimeout, Cause::Watchdog,     Cause::Protocol,     Cause::ProbeFailure,
    Cause::TaskLimit};

/// Whose limit an out-of-memory kill enforced.
enum class Scope : std::uint8_t {
  OwnLimit,       ///< a limit of the gateway's own slice
  AncestorLimit,  ///< a limit further up that can be seen: the container's
  OutsideView,    ///< no visible limit was hit: the pod's, or the whole system's
};

enum class Victim : std::uint8_t { Main, Helper, Group };

enum class Sender : std::uint8_t {
  Gatevisor,  ///< our own ledger has it
  Outside,    ///< neither we nor the kernel
  Kernel,
  Itself,  ///< abort(3), or a fault of its own
};

enum class Confidence : std::uint8_t {
  Certain,  ///< counters, or a status that has one reading
  Likely,   ///< named indirect evidence
  Unknown,  ///< cannot be told on this machine; the verdict says what could not be seen
};

/// One fact: where it was read, its name there, and its value ('+1' for a growth).
struct Evidence {
  std::string source;
  std::string name;
  std::string value;
  bool operator==(const Evidence&) const = default;
};

/// A cause that was considered and is not the one.
struct RuledOut {
  Cause cause;
  std::string because;
  bool operator==(const RuledOut&) const = default;
};

enum class NextAction : std::uint8_t {
  Respawn,  ///< after `delay`
  Stop,     ///< the policy says that it stays down
  GiveUp,   ///< StartLimitBurst= was reached
};

struct Next {
  NextAction action = NextAction::Stop;
  Duration delay{0};
  std::string reason;  ///< the rule that decided: 'Restart=on-failure'
  bool operator==(const Next&) const = default;
};

/// The step between clone and execve that failed, and its errno.
struct ExecFailure {
  ExecStep step;
  int code;
  bool operator==(const ExecFailure&) const = default;
};

struct Verdict {
  std::string unit;
  std::string invocation;  ///< 32 hexadecimal digits; empty where none was started
  int pid = 0;             ///< 0 where no process was made
  Instant started{};
  Instant ended{};
  Cause cause = Cause::ExitCode;
  std::optional<Scope> scope;        ///< OomKill only
  std::optional<Victim> victim;      ///< OomKill only
  std::optional<Sender> sender;      ///< by signal only
  std::optional<WaitStatus> status;  ///< nullopt where no process was made
  std::string command;  ///< 'ExecStartPre=/bin/x' where it is the reason; empty: the main process
  std::optional<ExecFailure> exec_failure;  ///< ExecFailure only
  std::string runtime;                      ///< RuntimeOom only: 'V8', as in core/last_words.h
  Confidence confidence = Confidence::Certain;
  std::vector<Evidence> evidence;
  std::vector<RuledOut> ruled_out;
  std::optional<std::uint64_t> memory_peak;   ///< bytes
  std::optional<std::uint64_t> memory_limit;  ///< bytes; the limit that was hit, else the slice's
  std::string limit_path;                     ///< the cgroup whose limit that is
  std::string summary;                        ///< one clause in plain words, no full stop
  int shell_status = 0;  ///< 128+n for a signal; systemd's 2xx for an exec failure
  Next next;

  bool operator==(const Verdict&) const = default;
};

std::string_view to_string(Cause cause);  ///< 'oom-kill', as in every JSON and record
std::optional<Cause> cause_from_name(std::string_view name);
std::string_view to_string(Scope scope);
std::string_view to_string(Victim victim);
std::string_view to_string(Sender sender);
std::string_view to_string(Confidence confidence);
std::string_view to_string(NextAction action);

}  // namespace gatevisor
