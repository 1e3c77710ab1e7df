#include "protocol/http_server.h"

#include <algorithm>

namespace gatevisor::protocol {
namespace {

constexpr std::string_view kEnd = "\r\n\r\n";
constexpr std::string_view kLine = "\r\n";

char lower(char character) {
  return character >= 'A' && character <= 'Z' ? static_cast<char>(character - 'A' + 'a') : character;
}

/// The value of a header line of that name; empty: it is another one.
std::string_view header_value(std::string_view line, std::string_view name) {
  if (line.size() <= name.size() || line[name.size()] != ':') return {};
  const bool same = std::ranges::equal(line.substr(0, name.size()), name, {}, lower);
  if (!same) return {};
  line.remove_prefix(name.size() + 1);
  while (line.starts_with(' ')) line.remove_prefix(1);
  return line;
}

const char* reason(int status) {
  switch (status) {
    case 200: return "OK";
    case 400: return "Bad Request";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 503: return "Service Unavailable";
    default: return "Error";
  }
}

}  // namespace

HttpRequest http_request_head(std::string_view bytes) {
  HttpRequest request;
  const std::size_t end = bytes.find(kEnd);
  if (end == bytes.npos) {
    if (bytes.size() >= kMostRequest) request.kind = HttpRequest::Kind::Bad;
    return request;
  }
  std::string_view rest = bytes.substr(0, end + kLine.size());
  const auto next_line = [&rest] {
    const std::size_t size = rest.find(kLine);
    const std::string_view line = rest.substr(0, size);
    rest.remove_prefix(size + kLine.size());
    return line;
  };
  request.kind = HttpRequest::Kind::Bad;
  const std::string_view line = next_line();
  const std::size_t first = line.find(' ');
  const std::size_t second = line.rfind(' ');
  if (first == line.npos || second <= first + 1 || !line.substr(second + 1).starts_with("HTTP/1.")) {
    return request;
  }
  const std::string_view target = line.substr(first + 1, second - first - 1);
  if (!target.starts_with('/') || target.find(' ') != target.npos) return request;
  request.method = line.substr(0, first);
  request.path = target.substr(0, target.find('?'));
  while (!rest.empty()) {
    if (const auto value = header_value(next_line(), "accept"); !value.empty()) {
      request.accept = value;
    }
  }
  request.kind = HttpRequest::Kind::Whole;
  return request;
}

std::string http_response(int status, std::string_view type, std::string_view content) {
  std::string text = "HTTP/1.1 " + std::to_string(status) + " " + reason(status) + "\r\n";
  text += "Content-Type: " + std::string(type) + "\r\n";
  text += "Content-Length: " + std::to_string(content.size()) + "\r\nConnection: close\r\n\r\n";
  return text += content;
}

}  // namespace gatevisor::protocol
