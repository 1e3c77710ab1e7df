// A small gateway to try gatevisor with: an HTTP server that can be made to misbehave.
//
//   GET /         'serving, pid P'
//   GET /leak     allocates and touches memory, 1 MB after the other, until something stops it
//   GET /crash    abort(3)
//   GET /exit/N   exits with code N
//
// One request at a time, on the loopback interface; stops on SIGTERM with exit code 0.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

namespace {

constexpr std::size_t kMegabyte = std::size_t{1} << 20;

void stop(int) { _exit(0); }

[[noreturn]] void leak() {
  for (;;) {
    // Not freed on purpose, and written so that the pages are really there.
    void* memory = std::malloc(kMegabyte);
    if (memory == nullptr) std::abort();
    std::memset(memory, 1, kMegabyte);
  }
}

void answer(int client, const std::string& body) {
  const std::string text = "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\nContent-Length: " +
                           std::to_string(body.size()) + "\r\nConnection: close\r\n\r\n" + body;
  [[maybe_unused]] const ssize_t put = write(client, text.data(), text.size());
}

void serve(int client) {
  char request[1024];
  const ssize_t got = read(client, request, sizeof request - 1);
  if (got <= 0) return;
  request[got] = '\0';
  if (std::strncmp(request, "GET /leak", 9) == 0) leak();
  if (std::strncmp(request, "GET /crash", 10) == 0) std::abort();
  if (std::strncmp(request, "GET /exit/", 10) == 0) std::exit(std::atoi(request + 10));
  answer(client, "serving, pid " + std::to_string(getpid()) + "\n");
}

}  // namespace

int main(int argc, char** argv) {
  const int port = argc > 1 ? std::atoi(argv[1]) : 8080;
  std::signal(SIGTERM, stop);
  std::signal(SIGPIPE, SIG_IGN);
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      listen(listener, 16) != 0) {
    std::perror("sample-gateway: cannot listen");
    return 1;
  }
  std::printf("sample-gateway: listening on 127.0.0.1:%d, pid %d\n", port, getpid());
  std::fflush(stdout);
  for (;;) {
    const int client = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0) continue;
    serve(client);
    close(client);
  }
}
