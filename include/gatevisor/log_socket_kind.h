// The sockets at which services may log, beside what they write to their outputs.
#pragma once

#include <cstdint>

namespace gatevisor {

enum class LogSocketKind : std::uint8_t {
  Journal,  ///< sd_journal_send(3)
  Syslog    ///< syslog(3)
};

}  // namespace gatevisor
