// `gatevisor exporter`: serves what `metrics` prints. A process of its own that asks over the control socket: the
// supervisor never listens on a network.

#include <algorithm>
#include <list>

#include "app/control_client.h"
#include "app/look.h"
#include "config/probe_target.h"
#include "os/clock.h"
#include "os/control_socket.h"
#include "os/invocation.h"
#include "os/poller.h"
#include "os/tcp_listener.h"
#include "protocol/http_server.h"

namespace gatevisor::app {
namespace {

/// More at a time wait in the kernel until one of them is done.
constexpr std::size_t kMostClients = 16;
/// A client that has not asked, or not read its answer, by then is let go.
constexpr Duration kPatience = std::chrono::seconds{10};

constexpr const char* kPlain = "text/plain; charset=utf-8";
constexpr const char* kPrometheus = "text/plain; version=0.0.4; charset=utf-8";
constexpr const char* kOpenMetrics = "application/openmetrics-text; version=1.0.0; charset=utf-8";

class Exporter {
 public:
  Exporter(const ExporterOptions& options, os::TcpListener listener, os::Poller poller)
      : options_(options), listener_(std::move(listener)), poller_(std::move(poller)) {}

  void run() {
    for (;;) {
      const bool room = clients_.size() < kMostClients;
      if (room != listening_) {
        if (room) (void)poller_.watch(listener_.fd(), os::kReadable, kListener);
        if (!room) poller_.unwatch(listener_.fd());
        listening_ = room;
      }
      for (const os::Poller::Ready& ready : poller_.wait(time_left())) {
        ready.key == kListener ? accept() : serve(ready.key);
      }
      const Instant now = os::now();
      std::erase_if(clients_, [now](const Client& client) { return client.done || now >= client.due; });
    }
  }

 private:
  static constexpr std::uint64_t kListener = 0;

  struct Client {
    std::uint64_t key;
    os::ControlStream stream;  ///< closing it takes it from the poller
    Instant due;
    std::string request;
    std::string answer;
    bool done = false;
  };

  std::optional<Duration> time_left() const {
    if (clients_.empty()) return std::nullopt;
    const auto first = std::ranges::min_element(clients_, {}, &Client::due);
    return std::max(first->due - os::now(), Duration{0});
  }

  void accept() {
    os::UniqueFd fd = listener_.accept();
    if (!fd) return;
    const std::uint64_t key = ++last_key_;
    if (!poller_.watch(fd.get(), os::kReadable, key)) return;
    clients_.push_back({key, os::ControlStream(std::move(fd)), after(os::now(), kPatience), {}, {}});
  }

  void serve(std::uint64_t key) {
    const auto client = std::ranges::find(clients_, key, &Client::key);
    if (client == clients_.end()) return;
    if (client->answer.empty() && !is_asked(*client)) return;
    using Result = os::ControlStream::Result;
    client->done = client->stream.send(client->answer) == Result::End || client->answer.empty();
    if (!client->done) poller_.change(client->stream.fd(), os::kWritable, key);
  }

  /// Whether its request is whole, and is answered now.
  bool is_asked(Client& client) {
    const auto result = client.stream.receive(client.request, protocol::kMostRequest);
    const protocol::HttpRequest request = protocol::http_request_head(client.request);
    if (request.kind == protocol::HttpRequest::Kind::Unfinished) {
      client.done = result == os::ControlStream::Result::End;
      return false;
    }
    client.answer = answer(request);
    return true;
  }

  std::string answer(const protocol::HttpRequest& request) const {
    using protocol::http_response;
    if (request.kind == protocol::HttpRequest::Kind::Bad) {
      return http_response(400, kPlain, "this is no request\n");
    }
    if (request.method != "GET") return http_response(405, kPlain, "only GET\n");
    if (request.path != "/metrics") return http_response(404, kPlain, "see /metrics\n");
    const auto seen = look(options_, "exporter");
    if (!seen) return http_response(503, kPlain, to_string(seen.error().error) + "\n");
    const bool open = request.accept.find("application/openmetrics-text") != std::string::npos;
    const auto format =
        open ? report::MetricsFormat::OpenMetrics : report::MetricsFormat::Prometheus;
    return http_response(200, open ? kOpenMetrics : kPrometheus,
                         report::metrics_text(seen->supervisor, seen->units, format));
  }

  const ExporterOptions& options_;
  os::TcpListener listener_;
  os::Poller poller_;
  std::list<Client> clients_;
  std::uint64_t last_key_ = kListener;
  bool listening_ = false;
};

}  // namespace

int exporter(const ExporterOptions& options) {
  const auto target = config::parse_probe_target("tcp://" + options.listen);
  if (!target) {
    complain_of("exporter: --listen=" + options.listen + ": expected ADDRESS:PORT, such as 127.0.0.1:9900");
    return kUsage;
  }
  auto listener = os::TcpListener::listen(target->address, target->port);
  if (!listener) {
    complain_of("exporter: " + to_string(listener.error()));
    return kOsError;
  }
  auto poller = os::Poller::create(kMostClients + 1);
  if (!poller) {
    complain_of("exporter: " + to_string(poller.error()));
    return kOsError;
  }
  Exporter(options, std::move(*listener), std::move(*poller)).run();
  return kOk;
}

}  // namespace gatevisor::app
