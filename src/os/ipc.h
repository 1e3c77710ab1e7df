// What a user has left of IPC: System V objects, POSIX shared memory and message queues.
//
// They outlive every process (sysvipc(7), shm_overview(7), mq_overview(7)) and keep their memory.
#pragma once

#include <string>

#include "gatevisor/error.h"

namespace gatevisor::os {

struct IpcOwner {
  unsigned uid = 0;
  unsigned gid = 0;
};

/// Where it looks, for tests.
struct IpcPlaces {
  std::string sysvipc = "/proc/sysvipc";
  std::string shared_memory = "/dev/shm";
  std::string queues = "/dev/mqueue";
};

/// Removes what belongs to the user or to the group of `owner`; never root's. Nothing while a
/// process of the user lives, such as another unit's: systemd too waits for the last. What cannot
/// be removed is left, and told as one error; a place that is not there is none. At most some
/// thousands: more are left to the next time.
Expected<void> remove_ipc(const IpcOwner& owner, const IpcPlaces& places = {});

}  // namespace gatevisor::os
