// Whether a gateway that is alive also serves: what a probe asks, and what it can learn.
//
// Words and meanings are those of Kubernetes' probes; the thresholds of the liveness probe before
// and after the first success are the ones of the loop that gatevisor replaces.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "gatevisor/command.h"
#include "gatevisor/time.h"

namespace gatevisor {

/// What a probe asks. Names are never resolved: that would block.
struct ProbeTarget {
  enum class Kind : std::uint8_t {
    Tcp,      ///< serving: the connection is accepted
    Http,     ///< serving: GET is answered with an accepted status
    Command,  ///< serving: it exits with 0; run as the unit's other commands are
    Line,     ///< serving from the line of output on that contains a text; asked once
  };
  Kind kind = Kind::Tcp;
  std::string address;  ///< numeric, IPv4 or IPv6 without brackets
  std::uint16_t port = 0;
  std::string host;  ///< as it was written, for the Host header
  std::string path;  ///< Http only; begins with '/'
  std::optional<gatevisor::Command> command;  ///< Command only
  std::string line;                           ///< Line only: what is looked for; not empty
  std::string text;                           ///< the whole as it was written

  bool operator==(const ProbeTarget&) const = default;
};

/// HTTP status codes, 100 to 599.
using HttpStatusSet = std::bitset<600>;

/// 200 to 399, as Kubernetes has it, and 401: it serves, and asks who is there.
inline HttpStatusSet default_http_statuses() {
  HttpStatusSet set;
  for (std::size_t code = 200; code < 400; ++code) set.set(code);
  set.set(401);
  return set;
}

enum class ProbeKind : std::uint8_t {
  Startup,   ///< the service counts as started once it serves
  Liveness,  ///< it is restarted when it does not serve
  Readiness  ///< it is not ready while it does not serve, and nothing else follows
};
inline constexpr std::array kAllProbeKinds = {ProbeKind::Startup, ProbeKind::Liveness,
                                              ProbeKind::Readiness};
std::string_view to_string(ProbeKind kind);  ///< 'liveness'
std::string_view setting_of(ProbeKind kind);  ///< 'LivenessProbe'

/// Of one kind: LivenessProbe= and what begins with it.
struct ProbeSettings {
  std::optional<ProbeTarget> target;                 ///< LivenessProbe=; nullopt: it is not probed
  HttpStatusSet accepted = default_http_statuses();  ///< LivenessProbeStatus=
  Duration interval = std::chrono::seconds{10};      ///< LivenessProbeSec=
  Duration timeout = std::chrono::seconds{5};        ///< LivenessProbeTimeoutSec=
  unsigned failures = 4;         ///< LivenessProbeFailures=: in a row, once it has served
  unsigned start_failures = 20;  ///< LivenessProbeStartFailures=: the same before that; 0: any
  bool operator==(const ProbeSettings&) const = default;
};

struct ProbeSet {
  /// TimeoutStartSec= bounds it, unless StartupProbeFailures= (`start_failures`) does.
  ProbeSettings startup;
  ProbeSettings liveness;
  ProbeSettings readiness;

  ProbeSet() {
    startup.interval = startup.timeout = std::chrono::seconds{1};
    startup.start_failures = 0;
    readiness.failures = 3;
    readiness.start_failures = 0;
  }

  const ProbeSettings& of(ProbeKind kind) const {
    switch (kind) {
      case ProbeKind::Startup: return startup;
      case ProbeKind::Liveness: return liveness;
      case ProbeKind::Readiness: return readiness;
    }
    return liveness;
  }
  ProbeSettings& of(ProbeKind kind) {
    return const_cast<ProbeSettings&>(static_cast<const ProbeSet*>(this)->of(kind));
  }
  bool operator==(const ProbeSet&) const = default;
};

enum class ProbeOutcome : std::uint8_t {
  Serving,
  Failed,     ///< it does not serve: refused, reset, another status, no answer in time
  CannotRun,  ///< nothing was learnt about the gateway: no descriptor, no route, no permission
};

struct ProbeResult {
  ProbeOutcome outcome = ProbeOutcome::Failed;
  std::string detail;  ///< 'HTTP status 200', 'connect: Connection refused', 'exit code 1'
  bool operator==(const ProbeResult&) const = default;
};

}  // namespace gatevisor
