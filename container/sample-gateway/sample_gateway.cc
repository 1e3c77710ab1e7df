// A small gateway to try gatevisor with: an HTTP server that can be made to misbehave.
//
//   GET /         'serving, pid P'
//   GET /leak     allocates and touches memory, 1 MB after the other, until something stops it
//   GET /crash    abort(3)
//   GET /exit/N   exits with code N
//
//   sample-gateway [PORT]          serves; one request at a time, on the loopback interface; stops
//   on
//                                  SIGTERM with exit code 0
//   sample-gateway get PORT PATH   asks for PATH once it is served (10 s), and prints the answer

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
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

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

int get(int port, const std::string& path) {
  const sockaddr_in address = loopback(port);
  for (int attempt = 0; attempt < 200; ++attempt) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      close(fd);
      poll(nullptr, 0, 50);
      continue;
    }
    const std::string request = "GET " + path + " HTTP/1.0\r\n\r\n";
    std::string answer;
    char buffer[1024];
    if (write(fd, request.data(), request.size()) > 0) {
      for (ssize_t got; (got = read(fd, buffer, sizeof buffer)) > 0;) {
        answer.append(buffer, static_cast<std::size_t>(got));
      }
    }
    close(fd);
    const std::size_t body = answer.find("\r\n\r\n");
    if (body == std::string::npos) return 1;  // it died meanwhile
    std::fputs(answer.c_str() + body + 4, stdout);
    return 0;
  }
  std::fprintf(stderr, "sample-gateway: nobody serves 127.0.0.1:%d\n", port);
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 4 && std::strcmp(argv[1], "get") == 0) return get(std::atoi(argv[2]), argv[3]);
  const int port = argc > 1 ? std::atoi(argv[1]) : 8080;
  std::signal(SIGTERM, stop);
  std::signal(SIGPIPE, SIG_IGN);
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const sockaddr_in address = loopback(port);
  if (bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
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
