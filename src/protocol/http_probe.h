// One GET of a liveness probe: the request, and the status line of what comes back (RFC 9112).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "gatevisor/probe.h"

namespace gatevisor::protocol {

/// As much of an answer as is ever read: a status line is shorter.
inline constexpr std::size_t kMostAnswer = 512;

std::string http_request(const ProbeTarget& target);

/// What the first bytes of an answer say.
struct HttpAnswer {
  enum class Kind : std::uint8_t {
    Unfinished,  ///< more has to come
    Status,
    NotHttp,
  };
  Kind kind = Kind::Unfinished;
  int status = 0;  ///< 100 to 599, Status only
};
HttpAnswer http_answer(std::string_view bytes);

/// The same as a result; nullopt: more has to come. `ended`: no more will.
std::optional<ProbeResult> http_result(std::string_view bytes, bool ended,
                                       const HttpStatusSet& accepted);

}  // namespace gatevisor::protocol
