#include "protocol/notify.h"

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace gatevisor::protocol {
namespace {

template <typename Number>
std::optional<Number> number(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<Duration> microseconds(std::string_view text) {
  const auto value = number<std::uint64_t>(text);
  if (!value) return std::nullopt;
  const auto most = static_cast<std::uint64_t>(kForever.count());
  return *value >= most ? kForever : Duration(static_cast<Duration::rep>(*value));
}

std::string printable_status(std::string_view text) {
  std::string status(text.substr(0, kMaxStatusText));
  for (char& c : status) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) c = '?';
  }
  return status;
}

void take(event::Notified& notified, std::string_view name, std::string_view value) {
  if (name == "READY") {
    notified.ready = value == "1";
  } else if (name == "STOPPING") {
    notified.stopping = value == "1";
  } else if (name == "RELOADING") {
    notified.reloading = value == "1";
  } else if (name == "WATCHDOG") {
    notified.watchdog = value == "1";
    notified.watchdog_trigger = value == "trigger";
  } else if (name == "WATCHDOG_USEC") {
    notified.watchdog_usec = microseconds(value);
  } else if (name == "EXTEND_TIMEOUT_USEC") {
    notified.extend_timeout = microseconds(value);
  } else if (name == "MAINPID") {
    if (const auto pid = number<int>(value); pid && *pid > 1) notified.main_pid = pid;
  } else if (name == "ERRNO") {
    if (const auto code = number<int>(value); code && *code >= 0) notified.error_number = code;
  } else if (name == "STATUS") {
    notified.status = printable_status(value);
  }
}

template <typename Take>
void each_assignment(std::string_view datagram, Take take) {
  while (!datagram.empty()) {
    const std::size_t end = std::min(datagram.find('\n'), datagram.size());
    const std::string_view line = datagram.substr(0, end);
    if (const std::size_t equals = line.find('='); equals != std::string_view::npos) {
      take(line.substr(0, equals), line.substr(equals + 1));
    }
    datagram.remove_prefix(std::min(end + 1, datagram.size()));
  }
}

/// sd_pid_notify_with_fds(3): they stand in $LISTEN_FDNAMES with ':' between them.
bool is_descriptor_name(std::string_view name) {
  constexpr std::size_t kMost = 255;
  return !name.empty() && name.size() <= kMost && std::ranges::all_of(name, [](char c) {
    return c >= ' ' && c < 127 && c != ':';
  });
}

}  // namespace

event::Notified parse_notification(std::string_view datagram) {
  event::Notified notified;
  each_assignment(datagram, [&](std::string_view name, std::string_view value) {
    take(notified, name, value);
  });
  return notified;
}

StoreRequest parse_store_request(std::string_view datagram) {
  StoreRequest request;
  each_assignment(datagram, [&](std::string_view name, std::string_view value) {
    if (name == "FDSTORE") request.store = value == "1";
    if (name == "FDSTOREREMOVE") request.remove = value == "1";
    if (name == "FDPOLL") request.poll = value != "0";
    if (name == "FDNAME" && is_descriptor_name(value)) request.name = value;
  });
  return request;
}

}  // namespace gatevisor::protocol
