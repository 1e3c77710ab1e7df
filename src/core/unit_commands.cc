// What a client asks for, with systemctl's words: jobs, and what is done at once.

#include "core/manager.h"

namespace gatevisor::core {

std::string_view Manager::job(std::size_t unit) const {
  switch (units_[unit].job) {
    case Job::None: return "";
    case Job::Start: return "start";
    case Job::Stop: return "stop";
    case Job::Restart: return "restart";
  }
  return "";
}

void Manager::command(Instant now, std::size_t unit, const event::CommandRequested& asked,
                      UnitActions& out) {
  const bool brings_up = asked.verb == Verb::Start || asked.verb == Verb::Restart;
  if (brings_up && ending_) {
    return answer(asked.ticket, unit, JobResult::Canceled, "gatevisor ends");
  }
  switch (asked.verb) {
    case Verb::Start: return start_command(unit, asked.ticket);
    case Verb::Stop: return stop_command(unit, asked);
    case Verb::Restart: return restart_command(unit, asked);
    case Verb::Reload: return reload_command(now, unit, asked, out);
    case Verb::Kill: return kill_command(now, unit, asked, out);
    case Verb::ResetFailed:
      units_[unit].service.reset_failed();
      return answer(asked.ticket, unit, JobResult::Done);
  }
}

void Manager::start_command(std::size_t unit, std::uint64_t ticket) {
  Unit& each = units_[unit];
  add_start(unit);
  if (each.job == Job::None && each.service.activity() == Activity::Activating) {
    each.job = Job::Start;  // a respawn's, which was no job until now
    each.running = true;
  }
  wait_for_job(unit, ticket);
}

void Manager::stop_command(std::size_t unit, const event::CommandRequested& asked) {
  add_stop(unit, asked.from);
  wait_for_job(unit, asked.ticket);
}

// systemctl(1): one that does not run is started.
void Manager::restart_command(std::size_t unit, const event::CommandRequested& asked) {
  Unit& each = units_[unit];
  const bool starts = each.job == Job::Start;
  if (each.job == Job::Stop || each.at_rest()) {
    add_start(unit);
  } else if (starts && (each.running ? !each.checking
                                     : each.service.activity() == Activity::Deactivating)) {
    each.job = Job::Restart;
    each.running = false;
    each.from = asked.from;
    restart_with(unit);
  } else if (!starts) {
    add_restart(unit, asked.from);
    start_with(unit);
  }
  wait_for_job(unit, asked.ticket);
}

void Manager::reload_command(Instant now, std::size_t unit, const event::CommandRequested& asked,
                             UnitActions& out) {
  Unit& each = units_[unit];
  if (!each.service.can_reload()) {
    return answer(asked.ticket, unit, JobResult::Invalid, "it has no ExecReload=");
  }
  const bool waits = reload_waits(unit);
  if (!waits && each.service.state() != ServiceState::Running) {
    const std::string state(to_string(each.service.state()));
    return answer(asked.ticket, unit, JobResult::Invalid, "it is " + state + ", and not running");
  }
  ask_reload(now, unit, asked.from, out);
  wait_in(waits ? each.next_reloads : each.reloads, unit, asked.ticket);
}

// What a start or a reload reads now may be older than what is asked for.
bool Manager::reload_waits(std::size_t unit) const {
  const Service& service = units_[unit].service;
  return service.state() == ServiceState::Reloading || service.activity() == Activity::Activating;
}

void Manager::end_reload(Instant now, std::size_t unit, UnitActions& out) {
  Unit& each = units_[unit];
  while (!reload_waits(unit)) {
    const JobResult result = each.service.was_reloaded() ? JobResult::Done : JobResult::Failed;
    for (const std::uint64_t ticket : each.reloads) answer(ticket, unit, result);
    each.reloads.clear();
    if (!each.reload_next) return;
    const Requester from = std::move(*each.reload_next);
    each.reload_next.reset();
    each.reloads.swap(each.next_reloads);
    if (each.service.state() == ServiceState::Running) {
      reload(now, unit, from, out);
      continue;
    }
    for (const std::uint64_t ticket : each.reloads) answer(ticket, unit, JobResult::Failed);
    each.reloads.clear();
  }
}

void Manager::kill_command(Instant now, std::size_t unit, const event::CommandRequested& asked,
                           UnitActions& out) {
  bool sent = false;
  with(unit, out, [&](Service& service, Actions& actions) {
    sent = service.kill(now, asked.signal, asked.whom, asked.from, actions);
  });
  if (sent) return answer(asked.ticket, unit, JobResult::Done);
  answer(asked.ticket, unit, JobResult::Invalid, "it has no such process");
}

// ---- answers ---------------------------------------------------------------------------------

/// Where there is none, it is as was asked for already.
void Manager::wait_for_job(std::size_t unit, std::uint64_t ticket) {
  if (units_[unit].job == Job::None) return answer(ticket, unit, JobResult::Done);
  wait_in(units_[unit].tickets, unit, ticket);
}

void Manager::wait_in(std::vector<std::uint64_t>& list, std::size_t unit, std::uint64_t ticket) {
  if (ticket == 0) return;
  if (list.size() < kMostWaiting) return list.push_back(ticket);
  answer(ticket, unit, JobResult::Canceled, "too many wait for it; it goes on");
}

void Manager::answer(std::uint64_t ticket, std::size_t unit, JobResult result,
                     std::string detail) {
  if (ticket != 0) answers_.push_back({unit, action::Answer{ticket, result, std::move(detail)}});
}

void Manager::answer_all(std::size_t unit, JobResult result, const std::string& detail) {
  for (const std::uint64_t ticket : units_[unit].tickets) answer(ticket, unit, result, detail);
  units_[unit].tickets.clear();
}

void Manager::give_answers(UnitActions& out) {
  for (UnitAction& each : answers_) out.push_back(std::move(each));
  answers_.clear();
}

}  // namespace gatevisor::core
