#include "os/invocation.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

#include "os/cgroup_dir.h"
#include "os/file.h"

namespace gatevisor::os {

const std::uint32_t kReadable = EPOLLIN;
const std::uint32_t kWritable = EPOLLOUT;
const std::uint32_t kChanged = EPOLLPRI;
const std::uint32_t kOnlyErrors = 0;
const std::uint32_t kChangedOnce = EPOLLPRI | EPOLLONESHOT;

std::string new_invocation_id() {
  std::array<unsigned char, 16> bytes{};
  // 16 bytes are given at once or, before the pool is ready, not at all (getrandom(2)): an id that
  // is not random is better than a PID 1 that waits.
  [[maybe_unused]] const ssize_t got = getrandom(bytes.data(), bytes.size(), GRND_NONBLOCK);
  constexpr char kDigits[] = "0123456789abcdef";
  std::string id;
  for (const unsigned char byte : bytes) {
    id += kDigits[byte >> 4];
    id += kDigits[byte & 15];
  }
  return id;
}

std::uint64_t random_seed() {
  std::uint64_t seed = 0;
  [[maybe_unused]] const ssize_t got = getrandom(&seed, sizeof seed, GRND_NONBLOCK);
  return seed;
}

Expected<Pipe> make_pipe() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return fail("pipe2", "", errno);
  return Pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

Message read_message(const UniqueFd& pipe, void* message, std::size_t size) {
  const ssize_t got = read(pipe.get(), message, size);
  if (got == static_cast<ssize_t>(size)) return Message::Whole;
  return got == 0 ? Message::End : Message::None;
}

bool still_populated(const UniqueFd& cgroup_events) {
  const auto content = read_again(cgroup_events.get(), "cgroup.events");
  // Unreadable is removed: nothing lives there.
  return content && keyed_value(*content, "populated").value_or(0) != 0;
}

void acknowledge(const UniqueFd& events) { (void)read_again(events.get(), "memory.events"); }

bool is_child_signal(int signal) { return signal == SIGCHLD; }

bool is_seccomp_signal(const WaitStatus& status) { return status.by_signal(SIGSYS); }

bool signal_group(int leader, int signal) { return kill(-leader, signal) == 0; }

void signal_child(int pid, int signal) { kill(pid, signal); }

}  // namespace gatevisor::os
