// Whether a gateway that is alive also serves: what a liveness probe asks, and what it can learn.
//
// Words and meanings are those of Kubernetes' liveness probes; the thresholds before and after the
// first success are the ones of the loop that gatevisor replaces.
#pragma once

#include <bitset>
#include <cstdint>
#include <optional>
#include <string>

#include "gatevisor/time.h"

namespace gatevisor {

/// Where a probe connects to. Names are never resolved: that would block.
struct ProbeTarget {
  enum class Kind : std::uint8_t {
    Tcp,   ///< serving: the connection is accepted
    Http,  ///< serving: GET is answered with an accepted status
  };
  Kind kind = Kind::Tcp;
  std::string address;  ///< numeric, IPv4 or IPv6 without brackets
  std::uint16_t port = 0;
  std::string host;  ///< as it was written, for the Host header
  std::string path;  ///< Http only; begins with '/'
  std::string text;  ///< the whole as it was written

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

struct ProbeSettings {
  std::optional<ProbeTarget> target;                 ///< LivenessProbe=; nullopt: it is not probed
  HttpStatusSet accepted = default_http_statuses();  ///< LivenessProbeStatus=
  Duration interval = std::chrono::seconds{10};      ///< LivenessProbeSec=
  Duration timeout = std::chrono::seconds{5};        ///< LivenessProbeTimeoutSec=
  unsigned failures = 4;         ///< LivenessProbeFailures=: in a row, once it has served
  unsigned start_failures = 20;  ///< LivenessProbeStartFailures=: the same before that
  bool operator==(const ProbeSettings&) const = default;
};

enum class ProbeOutcome : std::uint8_t {
  Serving,
  Failed,     ///< it does not serve: refused, reset, another status, no answer in time
  CannotRun,  ///< nothing was learnt about the gateway: no descriptor, no route, no permission
};

struct ProbeResult {
  ProbeOutcome outcome = ProbeOutcome::Failed;
  std::string detail;  ///< 'HTTP status 200', 'connect: Connection refused'
  bool operator==(const ProbeResult&) const = default;
};

}  // namespace gatevisor
