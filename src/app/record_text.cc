#include "app/record_text.h"

#include "core/format.h"

namespace gatevisor::app {
namespace {

std::string window_text(Duration window) {
  return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(window).count()) +
         "s window";
}

std::string from_text(const Requester& from) {
  if (from.uid == Requester::kNoProcess) return from.what;
  return from.what + " from pid " + std::to_string(from.pid) + ", uid " +
         std::to_string(from.uid) + (from.command.empty() ? "" : ": " + from.command);
}

/// A signal says what it is by its name.
bool is_signal(const Requester& from) { return from.what.starts_with("SIG"); }

std::string verdict_text(const Verdict& verdict) {
  std::string text = std::string(to_string(verdict.cause)) + " (" +
                     std::string(to_string(verdict.confidence)) + "): " + verdict.summary;
  for (const RuledOut& other : verdict.ruled_out) {
    text += "; not " + std::string(to_string(other.cause)) + ": " + other.because;
  }
  if (verdict.memory_peak && verdict.cause != Cause::ExecFailure) {
    text += "; peak " + format_bytes(*verdict.memory_peak);
  }
  return text;
}

/// `count` stands behind 'respawning'.
std::string next_text(const Next& next, const std::string& count) {
  switch (next.action) {
    case NextAction::Respawn: return "respawning" + count + " in " + format_duration(next.delay);
    case NextAction::Stop: return "not respawning (" + next.reason + ")";
    case NextAction::GiveUp: return "giving up (" + next.reason + ")";
  }
  return {};
}

struct Text {
  std::string operator()(const record::Started& r) const {
    return (r.launch == 1 ? "started (pid " : "respawned (pid ") + std::to_string(r.pid) + ")";
  }

  std::string operator()(const record::Ready& r) const {
    return "ready (pid " + std::to_string(r.pid) + ", READY=1)";
  }

  std::string operator()(const record::CommandFailed& r) const {
    return std::string(to_string(r.kind)) + "=" + r.program + " failed: " + r.how;
  }

  std::string operator()(const record::Skipped& r) const {
    return r.condition + " " + r.how + "; the unit is skipped";
  }

  std::string operator()(const record::NotStarted& r) const { return "not started: " + r.reason; }

  std::string operator()(const record::Reloading& r) const {
    return "reloading (" + from_text(r.from) + ")";
  }

  std::string operator()(const record::Reloaded&) const { return "reloaded"; }

  std::string operator()(const record::Flight& r) const {
    const Sample& first = r.samples.front();
    const Sample& last = r.samples.back();
    if (r.samples.size() == 1) return "flight record: memory " + format_bytes(last.memory()) + ", 1 look";
    return "flight record: memory from " + format_bytes(first.memory()) + " to " +
           format_bytes(last.memory()) + " in " + format_duration(last.age - first.age) + ", " +
           std::to_string(r.samples.size()) + " looks";
  }

  std::string operator()(const record::Exited& r) const {
    const Verdict& verdict = r.verdict;
    const std::string rc = "(rc=" + std::to_string(verdict.shell_status) + "); ";
    std::string text = verdict.pid != 0 ? "pid " + std::to_string(verdict.pid) + " exited " + rc
                       : verdict.cause == Cause::Clean ? "started without a process; "
                                                       : "could not be started " + rc;
    const std::string count =
        " (#" + std::to_string(r.exits_in_window) + " in " + window_text(r.window) + ")";
    return text + next_text(verdict.next, count) + " — " + verdict_text(verdict);
  }

  std::string operator()(const record::Alarm& r) const {
    return "CRITICAL: " + std::to_string(r.exits) + " respawns in " + window_text(r.window) +
           " — gateway likely unstable; it is still respawned";
  }

  std::string operator()(const record::StartLimitHit& r) const {
    return "start limit hit: " + std::to_string(r.starts) + " starts in " +
           format_duration(r.interval) + " (StartLimitBurst=, StartLimitIntervalSec=)";
  }

  std::string operator()(const record::Stopping& r) const {
    if (r.for_restart) {
      return "restarting pid " + std::to_string(r.pid) + " with " + signal_name(r.signal) + " (" +
             from_text(r.from) + ")";
    }
    const bool signalled = r.from.uid != Requester::kNoProcess && is_signal(r.from);
    return (signalled ? "received signal, forwarding to children... (" : "stopping (") +
           from_text(r.from) + "; " +
           (r.pid == 0 ? "no main process runs"
                       : signal_name(r.signal) + " to pid " + std::to_string(r.pid)) +
           ")";
  }

  std::string operator()(const record::Forwarded& r) const {
    const std::string received = signal_name(r.received) + " (from pid " +
                                 std::to_string(r.from.pid) + ", uid " +
                                 std::to_string(r.from.uid) + ")";
    if (r.pid == 0) return "received " + received + ": the gateway is not running, not forwarded";
    return "forwarded " + received + " to pid " + std::to_string(r.pid) +
           (r.sent == r.received ? "" : " as " + signal_name(r.sent));
  }

  std::string operator()(const record::SignalSent& r) const {
    std::string whom = "all processes";
    if (r.whom == KillWhom::Main) whom = "pid " + std::to_string(r.pid);
    if (r.whom == KillWhom::Control) whom = "the command that runs";
    return "sent " + signal_name(r.signal) + " to " + whom + " (" + from_text(r.from) + ")";
  }

  std::string operator()(const record::KillEscalated& r) const {
    const std::string who =
        r.pid != 0 ? "pid " + std::to_string(r.pid) : std::string("what the gateway left behind");
    return who + " did not end within TimeoutStopSec=" + format_duration(r.timeout) +
           (r.signal == 9 ? ", killing all of it" : ", sending " + signal_name(r.signal));
  }

  std::string operator()(const record::OomWhileAlive& r) const {
    return "a process of the gateway was killed out of memory (oom_kill +" +
           std::to_string(r.kills) + "), the main process lives; " +
           (r.stopping ? "stopping it for that (OOMPolicy=)" : "going on (OOMPolicy=continue)");
  }

  std::string operator()(const record::MemoryStalled& r) const {
    return "stalled on memory: " + r.evidence +
           (r.killing ? "; killing it" : "; left alone (ManagedOOMMemoryPressure=auto)");
  }

  std::string operator()(const record::Failed& r) const {
    return "failed with result '" + r.result + "'; " + next_text(r.next, {});
  }

  std::string operator()(const record::Serving& r) const {
    const char* what = r.kind == ProbeKind::Startup     ? "started"
                       : r.kind == ProbeKind::Readiness ? "ready"
                                                        : "serving";
    return std::string(what) + " (" + r.target + ": " + r.detail + ")";
  }

  std::string operator()(const record::ProbeFailed& r) const {
    const char* what = r.kind == ProbeKind::Startup     ? "has not started"
                       : r.kind == ProbeKind::Readiness ? "is not ready"
                                                        : "does not serve";
    return std::string(what) + " (" + r.target + ": " + r.detail + "), probe failure " +
           std::to_string(r.failures) +
           (r.threshold == 0 ? "" : " of " + std::to_string(r.threshold)) +
           (r.ending ? "; stopping it for that" : "");
  }

  std::string operator()(const record::HookFailed& r) const {
    return std::string(setting_of(r.kind)) + "=" + r.program + ": " + r.how;
  }

  std::string operator()(const record::LeftBehind& r) const {
    const std::string who =
        r.pid != 0 ? "pid " + std::to_string(r.pid) : std::string("what the gateway left behind");
    if (r.signal == 0) return who + " did not end and is not killed (SendSIGKILL=no); left behind";
    return who + " did not end on " + signal_name(r.signal) +
           (r.signal == 9 ? " (an uninterruptible wait?)" : " (FinalKillSignal=)") +
           "; left behind";
  }

  std::string operator()(const record::Warning& r) const {
    return "warning: " + to_string(r.error);
  }

  std::string operator()(const record::Finished& r) const {
    return "gatevisor exits with status " + std::to_string(r.status) +
           (r.reason.empty() ? "" : ": " + r.reason);
  }
};

struct LevelOf {
  Level operator()(const record::Started&) const { return Level::Info; }
  Level operator()(const record::Ready&) const { return Level::Info; }
  Level operator()(const record::CommandFailed&) const { return Level::Warning; }
  Level operator()(const record::Skipped&) const { return Level::Notice; }
  Level operator()(const record::NotStarted&) const { return Level::Error; }
  Level operator()(const record::Reloading&) const { return Level::Notice; }
  Level operator()(const record::Reloaded&) const { return Level::Info; }
  Level operator()(const record::Flight&) const { return Level::Debug; }
  Level operator()(const record::Exited& r) const {
    switch (r.verdict.cause) {
      case Cause::Clean:
      case Cause::Requested: return Level::Notice;
      case Cause::ExitCode:
      case Cause::Signal: return Level::Warning;
      case Cause::CoreDump:
      case Cause::OomKill:
      case Cause::RuntimeOom:
      case Cause::MemoryStall:
      case Cause::Seccomp:
      case Cause::ExecFailure:
      case Cause::StartTimeout:
      case Cause::RuntimeLimit:
      case Cause::StopTimeout:
      case Cause::Watchdog:
      case Cause::Protocol:
      case Cause::ProbeFailure:
      case Cause::TaskLimit: return Level::Error;
    }
    return Level::Error;
  }
  Level operator()(const record::Failed&) const { return Level::Error; }
  Level operator()(const record::Alarm&) const { return Level::Critical; }
  Level operator()(const record::StartLimitHit&) const { return Level::Error; }
  Level operator()(const record::Stopping&) const { return Level::Notice; }
  Level operator()(const record::Forwarded&) const { return Level::Info; }
  Level operator()(const record::SignalSent&) const { return Level::Notice; }
  Level operator()(const record::KillEscalated&) const { return Level::Warning; }
  Level operator()(const record::OomWhileAlive&) const { return Level::Warning; }
  Level operator()(const record::MemoryStalled&) const { return Level::Warning; }
  Level operator()(const record::Serving&) const { return Level::Info; }
  Level operator()(const record::ProbeFailed&) const { return Level::Warning; }
  Level operator()(const record::HookFailed&) const { return Level::Warning; }
  Level operator()(const record::LeftBehind&) const { return Level::Error; }
  Level operator()(const record::Warning&) const { return Level::Warning; }
  Level operator()(const record::Finished&) const { return Level::Info; }
};

}  // namespace

std::string_view to_string(Level level) {
  switch (level) {
    case Level::Debug: return "debug";
    case Level::Info: return "info";
    case Level::Notice: return "notice";
    case Level::Warning: return "warning";
    case Level::Error: return "error";
    case Level::Critical: return "critical";
  }
  return "?";
}

Level level_of(const Record& record) { return std::visit(LevelOf{}, record); }

std::string message_of(const Record& record) { return std::visit(Text{}, record); }

std::string to_text(const Record& record, const std::string& unit) {
  return "[" + unit + "] " + message_of(record);
}

}  // namespace gatevisor::app
