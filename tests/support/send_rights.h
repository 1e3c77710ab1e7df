// A datagram with descriptors (unix(7), SCM_RIGHTS), as any client of a socket may send it.
#pragma once

#include <sys/socket.h>

#include <cstring>
#include <span>
#include <string_view>

namespace gatevisor::testing {

/// At most as many as the kernel takes (SCM_MAX_FD). `to`: of a socket that is not connected.
inline ssize_t send_rights(int socket, std::string_view bytes, std::span<const int> fds,
                           const sockaddr* to = nullptr, socklen_t to_size = 0) {
  constexpr std::size_t kMost = 253;
  iovec part{const_cast<char*>(bytes.data()), bytes.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * kMost)] = {};
  msghdr message{};
  message.msg_name = const_cast<sockaddr*>(to);
  message.msg_namelen = to_size;
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (!fds.empty()) {
    message.msg_control = control;
    message.msg_controllen = CMSG_SPACE(fds.size_bytes());
    cmsghdr* const header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(fds.size_bytes());
    std::memcpy(CMSG_DATA(header), fds.data(), fds.size_bytes());
  }
  return sendmsg(socket, &message, MSG_NOSIGNAL);
}

}  // namespace gatevisor::testing
