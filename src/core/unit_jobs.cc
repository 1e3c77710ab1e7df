// Starts and stops of units among others: systemd's jobs, and what follows when one is done.

#include <algorithm>

#include "core/manager.h"

namespace gatevisor::core {
namespace {

Requester following(const std::string& what) { return {what, 0, Requester::kNoProcess}; }

/// sysexits.h: what systemd would not start for an assertion is a mistake of configuration.
constexpr int kConfig = 78;

/// systemd's auto_start_stop_ratelimit: so many in 10 s, and then no more.
constexpr unsigned kMostUpheld = 16;

bool is_over(Activity activity) {
  return activity == Activity::Inactive || activity == Activity::Failed;
}

bool has_ended(Activity activity) {
  return is_over(activity) || activity == Activity::Deactivating ||
         activity == Activity::AutoRestart;
}

}  // namespace

bool Manager::Unit::at_rest() const { return is_over(service.activity()); }

// Every turn ends a job, begins one, or takes up a change of a unit's activity, and no unit is
// called for twice: it comes to an end.
void Manager::settle(Instant now, UnitActions& out) {
  for (Unit& unit : units_) unit.called_in_step = false;
  for (bool changed = true; changed;) {
    changed = false;
    for (std::size_t unit = 0; unit < units_.size(); ++unit) {
      changed = note_activity(unit, out) || changed;
      changed = begin_job(now, unit, out) || changed;
      changed = begin_respawn(now, unit, out) || changed;
      changed = uphold(now, unit) || changed;
    }
  }
}

bool Manager::note_activity(std::size_t unit, UnitActions& out) {
  Unit& each = units_[unit];
  const Activity was = each.activity;
  const Activity is = each.service.activity();
  if (was == is) return false;
  each.activity = is;
  if (each.job == Job::Start && each.running) {
    // A oneshot is done when it has ended; and a start has failed though it is tried again.
    const bool failed = is == Activity::Failed || is == Activity::AutoRestart;
    if (failed || is == Activity::Active || is == Activity::Inactive) end_job(unit);
    if (failed) fail_dependents(unit, "failed", out);
  } else if (each.ending() && is_over(is)) {
    const bool again = each.job == Job::Restart;
    end_job(unit);
    if (again) add_start(unit);
  } else if (each.job == Job::None && !has_ended(was) && has_ended(is)) {
    // Nobody asked for it.
    for (const std::size_t other : set_.graph.of(unit).bound) {
      add_stop(other, following("the end of " + each.settings.unit_name()));
    }
  }
  if (is == Activity::Failed) call(set_.graph.of(unit).on_failure, unit);
  if (is == Activity::Inactive && was != Activity::Failed)
    call(set_.graph.of(unit).on_success, unit);
  return true;
}

// ---- jobs begin ------------------------------------------------------------------------------

bool Manager::begin_job(Instant now, std::size_t unit, UnitActions& out) {
  Unit& each = units_[unit];
  if (each.job == Job::None || each.running) return false;
  if (each.job == Job::Start) {
    if (!may_start(unit)) return false;
    each.running = true;
    begin_start(now, unit, out);
    return true;
  }
  if (!may_stop(unit)) return false;
  each.running = true;
  with(unit, out,
       [&](Service& service, Actions& actions) { service.stop(now, each.from, actions); });
  return true;
}

// What is ordered before it is started first; and stops come before starts, whatever the order.
bool Manager::may_start(std::size_t unit) const {
  const UnitGraph::Node& node = set_.graph.of(unit);
  const auto ending = [this](std::size_t other) { return units_[other].ending(); };
  const auto busy = [this](std::size_t other) { return units_[other].job != Job::None; };
  if (units_[unit].activity == Activity::Deactivating) return false;
  return std::ranges::none_of(node.predecessors, busy) &&
         std::ranges::none_of(node.successors, ending) &&
         std::ranges::none_of(node.conflicting, ending);
}

bool Manager::may_stop(std::size_t unit) const {
  return std::ranges::none_of(set_.graph.of(unit).successors,
                              [this](std::size_t other) { return units_[other].ending(); });
}

void Manager::begin_start(Instant now, std::size_t unit, UnitActions& out) {
  Unit& each = units_[unit];
  if (!each.service.can_start()) return end_job(unit);  // it runs
  const UnitGraph::Node& node = set_.graph.of(unit);
  for (const std::size_t other : node.expected) {
    if (!contains(node.predecessors, other)) continue;
    if (units_[other].activity == Activity::Active) continue;
    const std::string name = units_[other].settings.unit_name();
    refuse(unit, units_[other].service.exit_status(), name + ", which it expects, does not run",
           out);
    return call(node.on_failure, unit);
  }
  if (!each.settings.conditions.empty()) {
    each.checking = true;
    out.push_back({unit, action::CheckConditions{}});
    return;
  }
  start(now, unit, out);
}

void Manager::start(Instant now, std::size_t unit, UnitActions& out) {
  Unit& each = units_[unit];
  with(unit, out, [&](Service& service, Actions& actions) { service.start(now, actions); });
  // StartLimitBurst= of one that had failed: nothing changes.
  if (!each.at_rest() || each.activity != Activity::Failed) return;
  end_job(unit);
  fail_dependents(unit, "failed", out);
}

void Manager::conditions_checked(Instant now, std::size_t unit,
                                 const event::ConditionsChecked& event, UnitActions& out) {
  using Result = event::ConditionsChecked::Result;
  Unit& each = units_[unit];
  if (!each.checking) return;  // a stop came meanwhile
  each.checking = false;
  switch (event.result) {
    case Result::Met: return start(now, unit, out);
    case Result::Skip:
      // systemd.unit(5): no failure; what is ordered behind it goes on.
      out.push_back({unit, action::Emit{record::Skipped{event.condition, "is not met"}}});
      end_job(unit);
      each.service.refuse(0, "skipped: " + event.condition + " is not met");
      return;
    case Result::Failed: refuse(unit, kConfig, event.condition + " does not hold", out); return;
  }
}

// The delay of a respawn is over. As systemd's, it is a start: its conditions are looked at, and
// what requires it is restarted with it.
bool Manager::begin_respawn(Instant now, std::size_t unit, UnitActions& out) {
  Unit& each = units_[unit];
  const bool due = each.service.state() == ServiceState::Waiting && each.service.deadline() <= now;
  if (!due || each.job != Job::None) return false;
  const UnitGraph::Units& dependents = set_.graph.of(unit).restart_with;
  if (each.settings.conditions.empty() && !has_running(dependents) && may_start(unit)) {
    start(now, unit, out);
    return true;
  }
  each.job = Job::Start;
  each.running = false;
  for (const std::size_t other : dependents) {
    add_restart(other, following("the restart of " + each.settings.unit_name()));
  }
  return true;
}

// systemd.unit(5), Upholds=: started whenever they are found at rest, as long as it is up.
bool Manager::uphold(Instant now, std::size_t unit) {
  const Unit& each = units_[unit];
  if (each.activity != Activity::Active || each.job != Job::None || ending_) return false;
  bool any = false;
  for (const std::size_t other : set_.graph.of(unit).upheld) {
    Unit& upheld = units_[other];
    if (!upheld.at_rest() || upheld.job != Job::None || upheld.called_in_step) continue;
    if (upheld.upheld.count(now) >= kMostUpheld) continue;
    upheld.upheld.add(now);
    upheld.called_in_step = true;
    add_start(other);
    any = true;
  }
  return any;
}

bool Manager::has_running(const UnitGraph::Units& units) const {
  return std::ranges::any_of(units, [this](std::size_t unit) {
    return units_[unit].activity == Activity::Active ||
           units_[unit].activity == Activity::Activating;
  });
}

// ---- jobs come and go ------------------------------------------------------------------------

void Manager::add_start(std::size_t unit) {
  Unit& each = units_[unit];
  if (ending_ || each.job == Job::Start || each.job == Job::Restart) return;
  if (each.job == Job::Stop) {
    each.job = Job::Restart;
    return;
  }
  if (!each.service.can_start() && each.activity != Activity::Deactivating) return;
  each.job = Job::Start;
  each.running = false;
  const UnitGraph::Node& node = set_.graph.of(unit);
  for (const std::size_t other : node.conflicting) {
    add_stop(other, following("the start of " + each.settings.unit_name()));
  }
  for (const std::size_t other : node.needed) add_start(other);
  for (const std::size_t other : node.wanted) add_start(other);
}

void Manager::add_stop(std::size_t unit, const Requester& from) {
  Unit& each = units_[unit];
  if (each.job == Job::Stop) return;
  if (each.at_rest()) return end_job(unit);
  const bool under_way = each.ending() && each.running;
  each.job = Job::Stop;
  each.running = under_way;
  each.checking = false;
  each.from = from;
  for (const std::size_t other : set_.graph.of(unit).stop_with) {
    add_stop(other, following("the stop of " + each.settings.unit_name()));
  }
}

// Of what runs: a unit that does not is not started by the restart of another.
void Manager::add_restart(std::size_t unit, const Requester& from) {
  Unit& each = units_[unit];
  if (each.job != Job::None || each.at_rest() || ending_) return;
  each.job = Job::Restart;
  each.running = false;
  each.from = from;
  for (const std::size_t other : set_.graph.of(unit).restart_with) {
    add_restart(other, following("the restart of " + each.settings.unit_name()));
  }
}

void Manager::end_job(std::size_t unit) {
  Unit& each = units_[unit];
  each.job = Job::None;
  each.running = false;
  each.checking = false;
  each.called = false;
}

void Manager::refuse(std::size_t unit, int status, const std::string& reason, UnitActions& out) {
  out.push_back({unit, action::Emit{record::NotStarted{reason}}});
  end_job(unit);
  units_[unit].service.refuse(status == 0 ? 1 : status, "not started: " + reason);
  fail_dependents(unit, "was not started", out);
}

void Manager::fail_dependents(std::size_t unit, const std::string& how, UnitActions& out) {
  const int status = units_[unit].service.exit_status();
  const std::string name = units_[unit].settings.unit_name();
  for (const std::size_t other : set_.graph.of(unit).fail_with) {
    if (!units_[other].start_waits()) continue;
    refuse(other, status, name + ", which it requires, " + how, out);
    call(set_.graph.of(other).on_failure, other);
  }
}

// OnFailure=, OnSuccess=: of a unit that ended by itself, not for gatevisor's own end. Once in a
// step: two that cannot be started and call each other would go on for ever.
void Manager::call(const UnitGraph::Units& units, std::size_t caller) {
  // systemd.exec(5), $MONITOR_SERVICE_RESULT and its like.
  const Service& from = units_[caller].service;
  std::vector<std::string> variables = from.result_variables("MONITOR_");
  variables.push_back("MONITOR_INVOCATION_ID=" + from.invocation());
  variables.push_back("MONITOR_UNIT=" + units_[caller].settings.unit_name());
  for (const std::size_t unit : units) {
    Unit& each = units_[unit];
    if (each.called_in_step) continue;
    each.called_in_step = true;
    add_start(unit);
    if (each.job != Job::Start || each.running) continue;
    each.called = true;
    each.service.set_caller(variables);
  }
}

}  // namespace gatevisor::core
