// The small things that one invocation needs of the kernel.
#pragma once

#include <cstdint>
#include <string>

#include "gatevisor/error.h"
#include "gatevisor/wait_status.h"
#include "os/unique_fd.h"

namespace gatevisor::os {

/// 32 hexadecimal digits of getrandom(2), as a systemd invocation id.
std::string new_invocation_id();
std::uint64_t random_seed();

struct Pipe {
  UniqueFd read;  ///< non-blocking
  UniqueFd write;
};
/// Both ends close-on-exec.
Expected<Pipe> make_pipe();

enum class Message : std::uint8_t { None, Whole, End };
/// One message of `size` bytes from a non-blocking pipe; End when all writers are gone.
Message read_message(const UniqueFd& pipe, void* message, std::size_t size);

/// A file of cgroup v2 that tells of changes: read it, and poll(2) says when it is worth reading
/// again.
bool still_populated(const UniqueFd& cgroup_events);
void acknowledge(const UniqueFd& events);

inline constexpr int kKillSignal = 9;
bool is_child_signal(int signal);
/// SIGSYS, dumped or not.
bool is_seccomp_signal(const WaitStatus& status);
/// False where no such group exists.
bool signal_group(int leader, int signal);
/// `pid` must be an unreaped child.
void signal_child(int pid, int signal);

// Masks for EventLoop::watch().
extern const std::uint32_t kReadable;
extern const std::uint32_t kWritable;
extern const std::uint32_t kChanged;      ///< kernel files that signal a change (EPOLLPRI)
extern const std::uint32_t kOnlyErrors;   ///< its other end is gone, or it has failed
extern const std::uint32_t kChangedOnce;  ///< until rewatch()

}  // namespace gatevisor::os
