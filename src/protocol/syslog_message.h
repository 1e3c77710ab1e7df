// A datagram of /dev/log: syslog(3)'s, of RFC 3164's form, as systemd-journald takes it apart.
//
// Pure; nothing is copied. There is nothing that is no message: what does not fit the form is text.
#pragma once

#include <optional>
#include <string_view>

namespace gatevisor::protocol {

struct SyslogMessage {
  unsigned level = 6;          ///< 0 to 7
  unsigned facility = 1;       ///< 0 to 127; 1 is 'user'
  std::string_view timestamp;  ///< 'Nov 27 12:00:00 '; empty: there is none
  std::optional<std::string_view> identifier;
  std::optional<std::string_view> pid;
  std::string_view text;
  /// It is not told by the others alone: SYSLOG_RAW= is needed, too.
  bool raw = false;
};

SyslogMessage parse_syslog(std::string_view datagram);

}  // namespace gatevisor::protocol
