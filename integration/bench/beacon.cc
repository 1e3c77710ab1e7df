// The gateway of the benchmarks: says at once that main() was reached, then waits to be killed.
//
// Sends {CLOCK_MONOTONIC nanoseconds, pid} as one datagram to the socket at argv[1].

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <ctime>

int main(int argc, char** argv) {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  const std::int64_t message[2] = {now.tv_sec * 1'000'000'000LL + now.tv_nsec, getpid()};
  if (argc < 2) return 64;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, argv[1], sizeof address.sun_path - 1);
  const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return 71;
  if (sendto(fd, message, sizeof message, 0, reinterpret_cast<sockaddr*>(&address),
             sizeof address) != sizeof message) {
    return 74;
  }
  for (;;) pause();
}
