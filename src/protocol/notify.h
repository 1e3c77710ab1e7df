// The datagrams of sd_notify(3).
#pragma once

#include <string>
#include <string_view>

#include "gatevisor/event.h"

namespace gatevisor::protocol {

/// Longest datagram that is looked at, as systemd's NOTIFY_BUFFER_MAX (a page).
inline constexpr std::size_t kMaxNotification = 4096;
/// Longest STATUS= that is kept, in bytes.
inline constexpr std::size_t kMaxStatusText = 512;

/// 'READY=1\nSTATUS=…'. Unknown names are left out, as sd_notify(3) wants it, and so is a value
/// that is none of its name. Never fails; control bytes in STATUS= become '?'.
event::Notified parse_notification(std::string_view datagram);

/// What becomes of descriptors: FDSTORE=1 takes those that came with the datagram, FDSTOREREMOVE=1
/// gives up those of a name.
struct StoreRequest {
  bool store = false;
  bool remove = false;
  bool poll = true;             ///< FDPOLL=0: also when their other end is gone
  std::string name = "stored";  ///< FDNAME=
};
StoreRequest parse_store_request(std::string_view datagram);

}  // namespace gatevisor::protocol
