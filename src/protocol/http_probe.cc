#include "protocol/http_probe.h"

#include <algorithm>

namespace gatevisor::protocol {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

std::string http_request(const ProbeTarget& target) {
  const std::string port = target.port == 80 ? "" : ":" + std::to_string(target.port);
  return "GET " + target.path + " HTTP/1.1\r\nHost: " + target.host + port +
         "\r\nUser-Agent: gatevisor\r\nAccept: */*\r\nConnection: close\r\n\r\n";
}

// RFC 9112, 4: HTTP-version SP status-code SP [ reason-phrase ] CRLF.
HttpAnswer http_answer(std::string_view bytes) {
  using Kind = HttpAnswer::Kind;
  constexpr std::string_view kVersion = "HTTP/1.";
  constexpr std::size_t kCode = kVersion.size() + 2;  // behind the minor version and a space
  const std::size_t known = std::min(bytes.size(), kVersion.size());
  if (bytes.substr(0, known) != kVersion.substr(0, known)) return {Kind::NotHttp, 0};
  if (bytes.size() < kCode + 4) return {};
  const std::string_view code = bytes.substr(kCode, 3);
  const char behind = bytes[kCode + 3];
  const bool well_formed = is_digit(bytes[kVersion.size()]) && bytes[kCode - 1] == ' ' &&
                           code[0] >= '1' && code[0] <= '5' && is_digit(code[1]) &&
                           is_digit(code[2]) && (behind == ' ' || behind == '\r' || behind == '\n');
  if (!well_formed) return {Kind::NotHttp, 0};
  return {Kind::Status, (code[0] - '0') * 100 + (code[1] - '0') * 10 + (code[2] - '0')};
}

std::optional<ProbeResult> http_result(std::string_view bytes, bool ended,
                                       const HttpStatusSet& accepted) {
  const HttpAnswer answer = http_answer(bytes);
  switch (answer.kind) {
    case HttpAnswer::Kind::Status: {
      const bool serves = accepted.test(static_cast<std::size_t>(answer.status));
      return ProbeResult{serves ? ProbeOutcome::Serving : ProbeOutcome::Failed,
                         "HTTP status " + std::to_string(answer.status)};
    }
    case HttpAnswer::Kind::NotHttp:
      return ProbeResult{ProbeOutcome::Failed, "an answer that is not HTTP"};
    case HttpAnswer::Kind::Unfinished: break;
  }
  if (!ended) return std::nullopt;
  return ProbeResult{ProbeOutcome::Failed, "the connection was closed without an answer"};
}

}  // namespace gatevisor::protocol
