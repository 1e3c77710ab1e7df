// What a client may ask of a unit over the control socket, and what came of it: systemctl's words.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace gatevisor {

enum class Verb : std::uint8_t { Start, Stop, Restart, Reload, Kill, ResetFailed };
inline constexpr std::array kAllVerbs = {Verb::Start,  Verb::Stop, Verb::Restart,
                                         Verb::Reload, Verb::Kill, Verb::ResetFailed};

/// systemctl(1), --kill-whom=.
enum class KillWhom : std::uint8_t {
  All,     ///< every process of the invocation
  Main,    ///< the main process
  Control  ///< the command that runs (ExecStartPre= and its like)
};

/// How a job ended: systemd's words (org.freedesktop.systemd1(5), JobRemoved).
enum class JobResult : std::uint8_t {
  Done,
  Skipped,     ///< a condition was not met; no failure
  Failed,      ///< it was started and failed, or could not be restarted
  Dependency,  ///< what it requires failed
  Canceled,    ///< another job took its place, or gatevisor ends
  Invalid      ///< it is not in a state for that: a reload of what does not run
};

std::string_view to_string(Verb verb);  ///< 'reset-failed'
std::string_view to_string(KillWhom whom);
std::string_view to_string(JobResult result);
std::optional<KillWhom> kill_whom_from_name(std::string_view name);

}  // namespace gatevisor
