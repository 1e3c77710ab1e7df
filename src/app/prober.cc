#include "app/prober.h"

#include "os/invocation.h"
#include "protocol/http_probe.h"

namespace gatevisor::app {

Prober::Prober(const ProbeSettings& settings, os::EventLoop& loop, std::uint32_t unit)
    : settings_(settings), loop_(loop), unit_(unit) {
  const bool http = settings.target && settings.target->kind == ProbeTarget::Kind::Http;
  if (http) request_ = protocol::http_request(*settings.target);
}

std::optional<ProbeResult> Prober::ask() {
  end();
  if (!settings_.target) return ProbeResult{ProbeOutcome::CannotRun, "no target"};
  auto socket = os::ProbeSocket::connect(*settings_.target);
  if (!socket) return std::move(socket.error());
  if (auto watched = loop_.watch(socket->fd(), os::kWritable, os::Source::Probe, unit_); !watched) {
    return ProbeResult{ProbeOutcome::CannotRun, to_string(watched.error())};
  }
  socket_.emplace(std::move(*socket));
  return std::nullopt;
}

std::optional<ProbeResult> Prober::ready() {
  if (!socket_) return std::nullopt;
  if (!connected_) {
    auto connected = socket_->finish_connecting();
    if (!connected) return std::nullopt;
    const bool http = settings_.target->kind == ProbeTarget::Kind::Http;
    if (connected->outcome != ProbeOutcome::Serving || !http) {
      return finished(std::move(*connected));
    }
    connected_ = true;
  }
  if (!sent_) {
    const auto sent = socket_->send(request_);
    if (!sent) return finished(sent.error());
    if (!*sent) return std::nullopt;
    sent_ = true;
    if (auto watched = loop_.rewatch(socket_->fd(), os::kReadable, os::Source::Probe, unit_);
        !watched) {
      return finished({ProbeOutcome::CannotRun, to_string(watched.error())});
    }
    return std::nullopt;
  }
  const auto ended = socket_->receive(protocol::kMostAnswer);
  if (!ended) return finished(ended.error());
  auto result = protocol::http_result(socket_->answer(), *ended, settings_.accepted);
  if (!result) return std::nullopt;
  return finished(std::move(*result));
}

ProbeResult Prober::finished(ProbeResult result) {
  end();
  return result;
}

void Prober::end() {
  if (socket_) loop_.unwatch(socket_->fd());
  socket_.reset();
  connected_ = false;
  sent_ = false;
}

}  // namespace gatevisor::app
