#include "config/probe_target.h"

#include <arpa/inet.h>

#include <algorithm>

#include "config/command_line.h"
#include "config/words.h"

namespace gatevisor::config {
namespace {

constexpr const char* kForm =
    "expected http://ADDRESS:PORT/PATH, tcp://ADDRESS:PORT or exec:COMMAND, such as "
    "http://127.0.0.1:8080/health";
constexpr const char* kNumeric =
    "expected a numeric address, [IPv6] or localhost: names are not resolved";
/// Longer than any health check's, and a request that fits into one segment.
constexpr std::size_t kMaxTarget = 1024;

bool is_address(int family, const std::string& text) {
  unsigned char bytes[sizeof(in6_addr)];
  return inet_pton(family, text.c_str(), bytes) == 1;
}

/// Takes ADDRESS from the front of `rest`.
Parsed<void> take_address(std::string_view& rest, ProbeTarget& target) {
  if (rest.starts_with('[')) {
    const std::size_t end = rest.find(']');
    if (end == std::string_view::npos) return refuse(kNumeric);
    target.address = rest.substr(1, end - 1);
    target.host = rest.substr(0, end + 1);
    rest.remove_prefix(end + 1);
    return is_address(AF_INET6, target.address) ? Parsed<void>{} : refuse(kNumeric);
  }
  const std::size_t end = std::min(rest.find_first_of(":/"), rest.size());
  target.host = rest.substr(0, end);
  target.address = target.host == "localhost" ? "127.0.0.1" : target.host;
  rest.remove_prefix(end);
  return is_address(AF_INET, target.address) ? Parsed<void>{} : refuse(kNumeric);
}

Parsed<ProbeTarget> parse_command_target(std::string_view text, std::string_view line) {
  auto commands = parse_command_line(line);
  if (!commands) return refuse(std::move(commands.error().message));
  if (commands->size() != 1) return refuse("expected one command behind exec:");
  ProbeTarget target;
  target.kind = ProbeTarget::Kind::Command;
  target.command = to_command(std::move(commands->front()));
  target.text = printable(text);
  return target;
}

Parsed<ProbeTarget> parse_line_target(std::string_view text, std::string_view line) {
  const bool plain = std::ranges::none_of(line, [](char c) { return c >= 0 && c < ' '; });
  if (line.empty() || line.size() > kMaxTarget || !plain) {
    return refuse("expected a text of one line behind log:");
  }
  ProbeTarget target;
  target.kind = ProbeTarget::Kind::Line;
  target.line = line;
  target.text = printable(text);
  return target;
}

}  // namespace

Parsed<ProbeTarget> parse_probe_target(std::string_view text) {
  constexpr std::string_view kCommand = "exec:";
  constexpr std::string_view kLine = "log:";
  if (text.starts_with(kCommand)) {
    return parse_command_target(text, text.substr(kCommand.size()));
  }
  if (text.starts_with(kLine)) return parse_line_target(text, trim(text.substr(kLine.size())));
  constexpr std::string_view kHttp = "http://";
  constexpr std::string_view kTcp = "tcp://";
  const bool plain = std::ranges::all_of(text, [](char c) { return c > ' ' && c < 127; });
  if (!plain || text.size() > kMaxTarget) return refuse(kForm);
  if (text.starts_with("https://")) {
    return refuse("TLS is not spoken; " + std::string(kForm));
  }
  ProbeTarget target;
  target.text = text;
  target.kind = text.starts_with(kHttp) ? ProbeTarget::Kind::Http : ProbeTarget::Kind::Tcp;
  const bool http = target.kind == ProbeTarget::Kind::Http;
  if (!http && !text.starts_with(kTcp)) return refuse(kForm);
  std::string_view rest = text.substr(http ? kHttp.size() : kTcp.size());
  if (auto address = take_address(rest, target); !address) {
    return refuse(std::move(address.error()));
  }
  if (http) target.port = 80;
  if (rest.starts_with(':')) {
    const std::size_t end = std::min(rest.find('/'), rest.size());
    const auto port = parse_decimal(rest.substr(1, end - 1), 1, 65'535);
    if (!port) return refuse("expected a port from 1 to 65535");
    target.port = static_cast<std::uint16_t>(*port);
    rest.remove_prefix(end);
  }
  if (target.port == 0 || (!http && !rest.empty())) return refuse(kForm);
  if (http) target.path = rest.empty() ? "/" : rest.substr(0, rest.find('#'));
  return target;
}

Parsed<HttpStatusSet> parse_http_statuses(std::string_view text) {
  if (trim(text).empty()) return default_http_statuses();
  return parse_ranges<HttpStatusSet{}.size()>(
      text, 100, 599, "expected codes from 100 to 599, such as 200-299 401");
}

}  // namespace gatevisor::config
