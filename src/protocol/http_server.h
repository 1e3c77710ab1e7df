// What a client of an HTTP server of ours asks, and what it is answered (RFC 9112): as much as a scraper needs.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace gatevisor::protocol {

/// A longer head is refused.
inline constexpr std::size_t kMostRequest = std::size_t{8} << 10;

struct HttpRequest {
  enum class Kind : std::uint8_t {
    Unfinished,  ///< more has to come
    Whole,
    Bad,
  };
  Kind kind = Kind::Unfinished;
  std::string method;
  std::string path;  ///< without what follows a '?'
  std::string accept;  ///< the header; empty: none
};
/// The head at the start of `bytes`; a body is not read.
HttpRequest http_request_head(std::string_view bytes);

/// The connection is closed behind it. `type`: of the content.
std::string http_response(int status, std::string_view type, std::string_view content);

}  // namespace gatevisor::protocol
