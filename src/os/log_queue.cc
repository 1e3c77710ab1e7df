#include "os/log_queue.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <iterator>
#include <vector>

#include "os/channel.h"

namespace gatevisor::os {
namespace {

/// No recvmsg(2) tells that.
constexpr int kNotTaken = -1;

}  // namespace

struct LogQueue::Received {
  std::size_t size = 0;  ///< as it was sent
  LogSender sender;
  std::vector<UniqueFd> fds;
  bool cut = false;  ///< there were more of them
  bool is_plain() const { return fds.empty() && !cut; }
  bool is_file() const { return size == 0 && fds.size() == 1 && !cut; }
};

LogQueue::LogQueue(UniqueFd fd, LogInbox& inbox, bool files)
    : fd_(std::move(fd)), inbox_(inbox), files_(files) {}

// ---- out of the socket ------------------------------------------------------------------------

/// Looks at the first one.
Expected<std::optional<LogQueue::Received>> LogQueue::receive(std::span<char> into) {
  iovec bytes{into.data(), into.size()};
  // Of descriptors one too many is enough to know; the kernel makes no more than fit.
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(timeval)) + CMSG_SPACE(sizeof(ucred)) +
                                CMSG_SPACE(2 * sizeof(int))];
  msghdr message{};
  message.msg_iov = &bytes;
  message.msg_iovlen = 1;
  ssize_t got = -1;
  do {
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    got = recvmsg(fd(), &message, MSG_PEEK | MSG_TRUNC | MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  } while (got < 0 && errno == EINTR);
  if (got < 0 && errno == EAGAIN) return std::nullopt;
  if (got < 0) return fail("recvmsg", "a log socket", errno);
  Received received;
  received.size = static_cast<std::size_t>(got);
  received.cut = (message.msg_flags & MSG_CTRUNC) != 0;
  for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr;
       part = CMSG_NXTHDR(&message, part)) {
    if (part->cmsg_level != SOL_SOCKET) continue;
    if (part->cmsg_type == SCM_CREDENTIALS) {
      ucred sender{};
      std::memcpy(&sender, CMSG_DATA(part), sizeof sender);
      received.sender.pid = std::max(sender.pid, 0);
      received.sender.uid = sender.uid;
      received.sender.gid = sender.gid;
    } else if (part->cmsg_type == SCM_TIMESTAMP) {
      timeval time{};
      std::memcpy(&time, CMSG_DATA(part), sizeof time);
      received.sender.realtime_usec = static_cast<std::uint64_t>(time.tv_sec) * 1'000'000 +
                                      static_cast<std::uint64_t>(time.tv_usec);
    } else {
      std::ranges::move(descriptors_in(*part), std::back_inserter(received.fds));
    }
  }
  return received;
}

std::uint64_t LogQueue::taken() const {
  const std::uint64_t turns = std::atomic_ref(inbox_.turns).load();
  const bool one_more =
      turns % 2 != 0 && std::atomic_ref(inbox_.message.msg_flags).load() != kNotTaken;
  return turns / 2 + (one_more ? 1 : 0);
}

// The message has room for nothing: what it had is dropped, its descriptors too. Each step is
// atomic, so that the compiler keeps their order. The library's recvmsg(3) may hand the kernel a
// copy of the message: then its flags would be told there.
Expected<void> LogQueue::take() {
  const std::uint64_t before = taken();
  std::atomic_ref turns(inbox_.turns);
  turns.store(2 * before);
  std::atomic_ref(inbox_.message.msg_flags).store(kNotTaken);
  turns.store(2 * before + 1);
  while (syscall(SYS_recvmsg, fd(), &inbox_.message, MSG_DONTWAIT) < 0) {
    if (errno == EINTR) continue;
    const int error = errno;
    turns.store(2 * before);
    return fail("recvmsg", "a log socket", error);
  }
  turns.store(2 * before + 2);
  return {};
}

// ---- the inbox --------------------------------------------------------------------------------

Expected<void> LogQueue::collect() {
  if (count() != 0) return {};
  odd_waits_ = false;
  std::size_t end = 0;
  for (std::size_t i = 0; i < inbox_.items.size(); ++i) {
    const std::span<char> room = std::span(inbox_.bytes).subspan(end);
    const auto first = receive(room);
    if (!first) return std::unexpected(first.error());
    if (!*first) return {};
    const Received& received = **first;
    const bool is_long = received.is_plain() && received.size > room.size();
    if (is_long || (files_ && received.is_file())) {
      odd_waits_ = i == 0;
      return {};
    }
    // With descriptors that nobody has asked for it is nothing.
    const std::size_t size = received.is_plain() ? received.size : 0;
    inbox_.items[i] = {end, size, received.sender};
    if (auto done = take(); !done) return done;
    end += size;
  }
  return {};
}

std::size_t LogQueue::count() const {
  return static_cast<std::size_t>(
      std::min<std::uint64_t>(taken() - inbox_.done, inbox_.items.size()));
}

LogQueue::Datagram LogQueue::at(std::size_t item) const {
  const LogInbox::Item& found = inbox_.items[item];
  const std::string_view all(inbox_.bytes.data(), inbox_.bytes.size());
  return {inbox_.done + item + 1, found.sender,
          all.substr(std::min<std::uint64_t>(found.begin, all.size()), found.size)};
}

void LogQueue::clear() { std::atomic_ref(inbox_.done).store(taken()); }

// ---- what does not fit there ------------------------------------------------------------------

Expected<std::optional<LogQueue::Datagram>> LogQueue::odd() {
  if (!odd_waits_) return std::nullopt;
  auto first = receive({});
  if (first && *first && (*first)->size != 0) {
    buffer_.resize(std::min((*first)->size, kMostBytes));
    first = receive(buffer_);
  }
  if (!first) return std::unexpected(std::move(first.error()));
  if (!*first) return std::nullopt;
  const Received& received = **first;
  Datagram datagram{taken() + 1, received.sender, {}};
  if (received.is_file()) {
    datagram.bytes = read_file(received.fds.front().get());
  } else if (received.size == buffer_.size()) {
    datagram.bytes = buffer_;
  }
  return datagram;
}

Expected<void> LogQueue::take_odd() {
  // Whoever comes before the inbox is cleared finds nothing in its place.
  inbox_.items[0] = {};
  odd_waits_ = false;
  std::string().swap(buffer_);
  if (auto done = take(); !done) return done;
  clear();
  return {};
}

/// It is read and never mapped: what its owner cuts off meanwhile is missed and no more. Only a
/// file in memory has seals, these or none: to read it waits for nobody, as a pipe or a disk would.
std::string_view LogQueue::read_file(int fd) {
  struct stat info {};
  const bool in_memory =
      fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && fcntl(fd, F_GET_SEALS) >= 0;
  if (!in_memory || info.st_size <= 0) return {};
  const auto size = static_cast<std::uint64_t>(info.st_size);
  if (size > kMostBytes) return {};
  buffer_.resize(size);
  std::size_t done = 0;
  while (done < size) {
    const ssize_t got = pread(fd, buffer_.data() + done, size - done, static_cast<off_t>(done));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return {};
    done += static_cast<std::size_t>(got);
  }
  return buffer_;
}

}  // namespace gatevisor::os
