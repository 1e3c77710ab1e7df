#include "core/manager.h"

#include <algorithm>
#include <csignal>

namespace gatevisor::core {
namespace {

UnitSet one_unit(ServiceSettings settings) {
  UnitSet set;
  set.settings.push_back(std::move(settings));
  // One unit has no order that could be wrong.
  if (auto graph = UnitGraph::make(set.settings, {0})) set.graph = std::move(*graph);
  return set;
}

}  // namespace

Manager::Manager(UnitSet units, std::uint64_t seed) : set_(std::move(units)) {
  for (const ServiceSettings& settings : set_.settings) units_.emplace_back(settings, seed++);
}

Manager::Manager(ServiceSettings settings, std::uint64_t seed)
    : Manager(one_unit(std::move(settings)), seed) {}

Instant Manager::deadline() const {
  Instant next = Instant::max();
  if (exited_) return next;
  for (const Unit& unit : units_) {
    // A respawn that is due may have to wait for other units, or never come.
    const bool held = unit.service.state() == ServiceState::Waiting && unit.job != Job::None;
    if (!held) next = std::min(next, unit.service.deadline());
    next = std::min(next, unit.service.hook_deadline());
  }
  return next;
}

UnitActions Manager::step(Instant now, const Event& event, std::size_t unit) {
  UnitActions out;
  if (exited_ || unit >= units_.size()) return out;
  take(now, event, unit, out);
  settle(now, out);
  check_end(now, out);  // its Exit is the last of all
  return out;
}

void Manager::take(Instant now, const Event& event, std::size_t unit, UnitActions& out) {
  std::visit(
      [&](const auto& happened) {
        using T = std::decay_t<decltype(happened)>;
        if constexpr (std::is_same_v<T, event::Start>) {
          for (const std::size_t each : set_.graph.initial()) {
            if (units_[each].service.state() == ServiceState::Inactive) add_start(each);
          }
        } else if constexpr (std::is_same_v<T, event::ConditionsChecked>) {
          conditions_checked(now, unit, happened, out);
        } else if constexpr (std::is_same_v<T, event::SignalReceived>) {
          on_signal(now, happened, out);
        } else if constexpr (std::is_same_v<T, event::TimerExpired>) {
          on_timer(now, out);
        } else if constexpr (std::is_same_v<T, event::CommandRequested>) {
          command(now, unit, happened, out);
        } else if constexpr (std::is_same_v<T, event::ActionFailed>) {
          out.push_back({unit, action::Emit{record::Warning{happened.error}}});
        } else {
          with(unit, out,
               [&](Service& service, Actions& actions) { service.on(now, happened, actions); });
        }
      },
      event);
}

void Manager::on_signal(Instant now, const event::SignalReceived& event, UnitActions& out) {
  if (event.signal == SIGTERM || event.signal == SIGINT) return shut_down(now, event.from, out);
  if (event.signal == SIGHUP && units_[set_.main].service.can_reload()) {
    return ask_reload(now, set_.main, event.from, out);
  }
  const SignalMap& forward = units_[set_.main].settings.forward;
  const auto target = forward.find(event.signal);
  if (target == forward.end() || target->second == 0) return;
  with(set_.main, out, [&](Service& service, Actions& actions) {
    service.forward(now, event.signal, target->second, event.from, actions);
  });
}

// One that is asked for too early is done as soon as it can be.
void Manager::ask_reload(Instant now, std::size_t unit, const Requester& from, UnitActions& out) {
  if (!reload_waits(unit)) return reload(now, unit, from, out);
  units_[unit].reload_next = from;
}

// And those that are reloaded with it.
void Manager::reload(Instant now, std::size_t unit, const Requester& from, UnitActions& out) {
  const auto ask = [&](Service& service, Actions& actions) { service.reload(now, from, actions); };
  with(unit, out, ask);
  for (const std::size_t other : set_.graph.of(unit).reload_with) {
    const Unit& each = units_[other];
    if (each.activity == Activity::Active && each.service.can_reload()) with(other, out, ask);
  }
}

void Manager::on_timer(Instant now, UnitActions& out) {
  for (std::size_t unit = 0; unit < units_.size(); ++unit) {
    with(unit, out, [&](Service& service, Actions& actions) {
      service.on(now, event::TimerExpired{}, actions);
    });
  }
}

// ---- the end of all --------------------------------------------------------------------------

void Manager::shut_down(Instant now, const Requester& from, UnitActions& out) {
  if (ending_) return;  // TimeoutStopSec= bounds the first one; a second changes nothing
  ending_ = true;
  for (std::size_t unit = 0; unit < units_.size(); ++unit) {
    Unit& each = units_[unit];
    each.checking = false;
    if (each.at_rest()) {
      end_job(unit, JobResult::Canceled, "gatevisor ends");
    } else if (each.job != Job::Stop) {
      answer_all(unit, JobResult::Canceled, "gatevisor ends");
      each.job = Job::Stop;
      each.running = false;
      each.from = from;
    }
  }
  if (units_[set_.main].service.state() != ServiceState::Inactive) return;
  with(set_.main, out, [&](Service& service, Actions& actions) { service.stop(now, from, actions); });
}

bool Manager::somebody_was_called() const {
  return std::ranges::any_of(
      units_, [](const Unit& unit) { return unit.called && unit.job == Job::Start; });
}

void Manager::check_end(Instant now, UnitActions& out) {
  const Unit& main = units_[set_.main];
  const bool main_is_over = main.service.state() == ServiceState::Over && main.job == Job::None;
  // What its OnFailure= has called may do its work first.
  if (main_is_over && !set_.keep_running && !ending_ && !somebody_was_called()) {
    shut_down(now, {"the end of " + main.settings.unit_name(), 0, Requester::kNoProcess}, out);
    settle(now, out);
  }
  give_answers(out);
  const auto is_done = [](const Unit& unit) {
    return unit.at_rest() && unit.job == Job::None && !unit.service.hook_runs();
  };
  if (!ending_ || !std::ranges::all_of(units_, is_done)) return;
  exited_ = true;
  const int status = main.service.exit_status();
  out.push_back({set_.main, action::Emit{record::Finished{status, main.service.end_reason()}}});
  out.push_back({set_.main, action::Exit{status}});
}

}  // namespace gatevisor::core
