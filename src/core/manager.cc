#include "core/manager.h"

#include <csignal>

namespace gatevisor::core {

Manager::Manager(ServiceSettings settings, std::uint64_t seed)
    : settings_(std::move(settings)), service_(settings_, seed) {}

Instant Manager::deadline() const { return exited_ ? Instant::max() : service_.deadline(); }

Actions Manager::step(Instant now, const Event& event) {
  Actions out;
  if (exited_) return out;
  std::visit(
      [&](const auto& happened) {
        using T = std::decay_t<decltype(happened)>;
        if constexpr (std::is_same_v<T, event::Start>) {
          service_.start(now, out);
        } else if constexpr (std::is_same_v<T, event::SignalReceived>) {
          on_signal(now, happened, out);
        } else if constexpr (std::is_same_v<T, event::RestartRequested>) {
          service_.restart(now, happened.from, out);
        } else if constexpr (std::is_same_v<T, event::ActionFailed>) {
          out.push_back(action::Emit{record::Warning{happened.error}});
        } else {
          service_.on(now, happened, out);
        }
      },
      event);
  if (service_.state() == ServiceState::Over) {
    exited_ = true;
    out.push_back(action::Emit{record::Finished{service_.exit_status(), service_.end_reason()}});
    out.push_back(action::Exit{service_.exit_status()});
  }
  return out;
}

void Manager::on_signal(Instant now, const event::SignalReceived& event, Actions& out) {
  if (event.signal == SIGTERM || event.signal == SIGINT) {
    return service_.stop(now, event.from, out);
  }
  if (event.signal == SIGHUP && service_.can_reload()) {
    return service_.reload(now, event.from, out);
  }
  const auto target = settings_.forward.find(event.signal);
  if (target == settings_.forward.end() || target->second == 0) return;
  service_.forward(now, event.signal, target->second, event.from, out);
}

}  // namespace gatevisor::core
