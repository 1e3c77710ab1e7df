// How a process ended, as waitid(2) tells it.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace gatevisor {

/// CLD_EXITED, CLD_KILLED and CLD_DUMPED of waitid(2). CLD_DUMPED means that a core was really
/// written: an abort() with LimitCORE=0 is Killed.
enum class EndKind : std::uint8_t { Exited, Killed, Dumped };
/// $EXIT_CODE of systemd.exec(5), and EXIT_CODE= of its journal: 'exited', 'killed', 'dumped'.
std::string_view to_string(EndKind kind);

/// A value type; `value` is the exit code (0-255) or the signal's number.
struct WaitStatus {
  EndKind kind = EndKind::Exited;
  int value = 0;

  static constexpr WaitStatus exited(int code) { return {EndKind::Exited, code}; }
  static constexpr WaitStatus killed(int signal) { return {EndKind::Killed, signal}; }
  static constexpr WaitStatus dumped(int signal) { return {EndKind::Dumped, signal}; }

  constexpr bool by_signal() const { return kind != EndKind::Exited; }
  constexpr bool by_signal(int signal) const { return by_signal() && value == signal; }
  constexpr bool with_code(int code) const { return !by_signal() && value == code; }

  /// The shell's number: the exit code, or 128 + n for signal n.
  constexpr int shell_status() const { return by_signal() ? 128 + value : value; }

  auto operator<=>(const WaitStatus&) const = default;
};

/// 'SIGKILL' for 9, 'SIGRTMIN+2' for real-time signals, 'signal 77' for what has no name.
std::string signal_name(int signal);

/// Accepts 'SIGTERM', 'TERM', 'RTMIN+2' and '15', as systemd does. 0 for what is no signal.
int signal_from_name(std::string_view name);

/// sysexits.h(3) names of exit codes 64-78 ('EX_CONFIG'); empty for any other code.
std::string_view sysexit_name(int code);

}  // namespace gatevisor
