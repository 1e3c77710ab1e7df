// Why it died: from the facts of one death to its verdict.
//
// A pure function. Every fact is in Death; nothing else is looked at.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "gatevisor/event.h"
#include "gatevisor/evidence.h"
#include "gatevisor/kernel_log.h"
#include "gatevisor/last_words.h"
#include "gatevisor/settings.h"
#include "gatevisor/verdict.h"

namespace gatevisor::core {

/// The ledger: what gatevisor sent to the main process, and why.
struct SentSignal {
  int signal;
  Instant at;
  std::string why;         ///< 'forwarded SIGHUP', 'stop', 'stop time-out'
  bool forwarded = false;  ///< a user's signal that went through; else sent to end the process
};

/// Why gatevisor itself was ending the invocation when it ended.
enum class StopReason : std::uint8_t {
  None,
  Request,
  OutOfMemory,
  MemoryStall,
  ProbeFailure,
  StartTimeout,
  RuntimeLimit,
  Watchdog,
  CommandFailed,  ///< Death::command says which
  Protocol        ///< Death::protocol says what
};

/// A command of the unit that failed, and the unit with it.
struct FailedCommand {
  CommandKind kind;
  std::string program;
  int pid = 0;
  std::optional<WaitStatus> status;  ///< nullopt: no process was made
  std::optional<ExecFailure> exec_failure;
};

/// Out-of-memory kills that were noticed while the main process lived.
struct OomHistory {
  std::uint64_t kills = 0;  ///< oom_kill at the last reading
  Instant last_growth{};
};

struct Death {
  int pid = 0;
  std::string invocation;
  Instant started{};
  Instant ended{};
  std::optional<WaitStatus> status;  ///< nullopt: no process was made
  std::optional<ExecFailure> exec_failure;
  CgroupSnapshot baseline;  ///< before it was started
  CgroupSnapshot after;     ///< when it was dead
  int seccomp_mode = -1;    ///< event::MainExited
  std::optional<LastWords> last_words;
  std::optional<KernelLog> kernel_log;
  std::vector<SentSignal> sent;
  StopReason stop_reason = StopReason::None;
  Requester requester;                   ///< StopReason::Request only
  Instant asked_at{};                    ///< and when it asked
  bool timed_out = false;                ///< TimeoutStopSec= passed and it was killed for it
  std::string stall;                     ///< StopReason::MemoryStall: what was seen
  std::vector<Evidence> probes;          ///< StopReason::ProbeFailure: what was asked and answered
  std::string probe_summary;             ///< the same in one clause
  struct LastProbe {
    std::string target;
    std::string detail;
  };
  std::optional<LastProbe> last_probe;   ///< of StartupProbe=
  std::optional<FailedCommand> command;  ///< StopReason::CommandFailed
  std::string protocol;                  ///< StopReason::Protocol: what it did or left undone
  Duration watchdog{0};                  ///< StopReason::Watchdog: WatchdogSec=, or its own
  std::string status_text;               ///< the last STATUS= that it sent
  std::optional<int> error_number;       ///< the last ERRNO=
  OomHistory oom;
};

/// 'exit code 1', 'SIGSEGV (core dumped)'
std::string how_it_ended(const WaitStatus& status);

/// A process that was killed out of memory longer ago than this is no reason for the main
/// process's end: a launcher or a gateway notices the loss of a helper within seconds.
inline constexpr Duration kOomAttribution = std::chrono::seconds{10};
/// A main process that lives this long after a noticed kill was probably not the victim: it is told
/// as a helper's, and a later SIGKILL is only likely to be the kernel's.
inline constexpr Duration kOomSameKill = std::chrono::milliseconds{500};

/// Everything but `next`.
Verdict judge(const Death& death, const ServiceSettings& settings);

}  // namespace gatevisor::core
