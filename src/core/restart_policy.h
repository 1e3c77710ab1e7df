// Whether the gateway comes back, and when.
//
// Reads a verdict and the settings; owns the count of respawns. Never spawns anything.
#pragma once

#include <cstdint>
#include <random>

#include "gatevisor/settings.h"
#include "gatevisor/verdict.h"

namespace gatevisor::core {

/// The classes by which Restart= tells ends apart: the table in systemd.service(5).
enum class EndClass : std::uint8_t { Clean, UncleanCode, UncleanSignal, Abnormal, Watchdog };

/// Of systemd's Result= (core/death.h). Every one that is not listed there is Abnormal, as it is in
/// systemd's service_shall_restart().
EndClass end_class(std::string_view result);

/// systemd.service(5), SuccessExitStatus=: exit 0, the clean signals (SIGHUP, SIGINT, SIGTERM,
/// SIGPIPE), and what the user added.
bool is_success(const WaitStatus& status, const ServiceSettings& settings);

/// A transient reason for which a gateway could not be started: the next try may succeed.
bool is_transient(int error_number);

class RestartPolicy {
 public:
  /// `seed` drives RestartRandomizedDelaySec= alone. `settings` must outlive the policy.
  RestartPolicy(const ServiceSettings& settings, std::uint64_t seed);
  RestartPolicy(const ServiceSettings&&, std::uint64_t) = delete;

  /// The decision on an end that nobody asked for. Counts it. `result`: systemd's Result=.
  Next decide(const Verdict& verdict, std::string_view result);
  /// Another result came of it than was decided for.
  Next decide_again(const Verdict& verdict, std::string_view result);

  /// Somebody asked for a restart: the delay grows from its first step again, as systemd's does.
  void start_anew() { respawns_ = 0; }

  unsigned respawns() const { return respawns_; }

 private:
  bool restarts(const Verdict& verdict, std::string_view result, std::string& reason) const;
  Duration delay(const Verdict& verdict);

  const ServiceSettings& settings_;
  std::mt19937_64 random_;
  unsigned respawns_ = 0;  ///< since start_anew(), or a life that was long enough
};

}  // namespace gatevisor::core
