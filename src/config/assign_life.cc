// systemd.service(5): when a service counts as started, and how long it may take and live.

#include <array>

#include "config/setters.h"
#include "config/signal_map.h"
#include "config/time_span.h"
#include "config/words.h"

namespace gatevisor::config {
namespace {

constexpr std::array kTimeoutModes = {
    Choice{"terminate", TimeoutMode::Terminate},
    Choice{"abort", TimeoutMode::Abort},
    Choice{"kill", TimeoutMode::Kill},
};

}  // namespace

Parsed<void> set_type(ServiceSettings& settings, std::string_view value) {
  constexpr std::array kChoices = {
      Choice{"simple", ServiceType::Simple},
      Choice{"exec", ServiceType::Exec},
      Choice{"idle", ServiceType::Idle},
      Choice{"oneshot", ServiceType::Oneshot},
      Choice{"forking", ServiceType::Forking},
      Choice{"notify", ServiceType::Notify},
      Choice{"notify-reload", ServiceType::NotifyReload},
  };
  if (value == "dbus") return refuse("there is no message bus here; use another Type=");
  return store(settings.life.type, choose(value, kChoices));
}

Parsed<void> set_exit_type(ServiceSettings& settings, std::string_view value) {
  constexpr std::array kChoices = {
      Choice{"main", ExitType::Main},
      Choice{"cgroup", ExitType::Cgroup},
  };
  return store(settings.life.exit_type, choose(value, kChoices));
}

Parsed<void> set_remain_after_exit(ServiceSettings& settings, std::string_view value) {
  return store(settings.life.remain_after_exit, parse_boolean(value));
}

Parsed<void> set_timeout_start(ServiceSettings& settings, std::string_view value) {
  return store(settings.life.timeout_start, parse_timeout(value));
}

Parsed<void> set_timeout(ServiceSettings& settings, std::string_view value) {
  if (auto done = set_timeout_start(settings, value); !done) return done;
  return set_timeout_stop(settings, value);
}

Parsed<void> set_timeout_start_mode(ServiceSettings& settings, std::string_view value) {
  return store(settings.life.start_failure, choose(value, kTimeoutModes));
}

Parsed<void> set_timeout_stop_mode(ServiceSettings& settings, std::string_view value) {
  return store(settings.life.stop_failure, choose(value, kTimeoutModes));
}

Parsed<void> set_timeout_abort(ServiceSettings& settings, std::string_view value) {
  if (value.empty()) {
    settings.life.timeout_abort.reset();
    return {};
  }
  return store(settings.life.timeout_abort, parse_timeout(value));
}

Parsed<void> set_runtime_max(ServiceSettings& settings, std::string_view value) {
  return store(settings.life.runtime_max, parse_timeout(value));
}

Parsed<void> set_runtime_extra(ServiceSettings& settings, std::string_view value) {
  return store(settings.life.runtime_extra, parse_time_span(value));
}

Parsed<void> set_watchdog(ServiceSettings& settings, std::string_view value) {
  const auto time = parse_time_span(value);
  if (!time) return refuse(time.error());
  settings.life.watchdog = *time == kForever ? Duration{0} : *time;
  return {};
}

Parsed<void> set_watchdog_signal(ServiceSettings& settings, std::string_view value) {
  return store(settings.life.watchdog_signal, parse_signal(value));
}

Parsed<void> set_reload_signal(ServiceSettings& settings, std::string_view value) {
  return store(settings.life.reload_signal, parse_signal(value));
}

Parsed<void> set_stored_descriptors(ServiceSettings& settings, std::string_view value) {
  // gatevisor's own limit of open files bounds what comes.
  return store(settings.life.stored_descriptors, parse_decimal(value, 0, UINT32_MAX));
}

Parsed<void> set_notify_access(ServiceSettings& settings, std::string_view value) {
  constexpr std::array kChoices = {
      Choice{"none", NotifyAccess::None},
      Choice{"main", NotifyAccess::Main},
      Choice{"exec", NotifyAccess::Exec},
      Choice{"all", NotifyAccess::All},
  };
  return store(settings.life.notify_access, choose(value, kChoices));
}

}  // namespace gatevisor::config
