// Starts and stops of units among others: systemd's jobs, and what follows when one is done.

#include <algorithm>

#include "core/manager.h"

namespace gatevisor::core {
namespace {

Requester following(const std::string& what) { return {what, 0, Requester::kNoProcess}; }

/// sysexits.h: what systemd would not start for an assertion is a mistake of configuration.
constexpr int kConfig = 78;

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
      changed = note_activity(now, unit, out) || changed;
      changed = begin_job(now, unit, out) || changed;
      changed = begin_respawn(now, unit, out) || changed;
    }
  }
  for (std::size_t unit = 0; unit < units_.size(); ++unit) end_reload(now, unit, out);
}

bool Manager::note_activity(Instant now, std::size_t unit, UnitActions& out) {
  Unit& each = units_[unit];
  const Activity was = each.activity;
  const Activity is = each.service.activity();
  if (was == is) return false;
  each.activity = is;
  each.since = now;
  end_job_by(unit, was, is, out);
  if (is == Activity::Failed) call(set_.graph.of(unit).on_failure, unit);
  if (is == Activity::Inactive && was != Activity::Failed) call(set_.graph.of(unit).on_success, unit);
  return true;
}

// What a change of its activity means for its job, and without one for those that are bound to it.
void Manager::end_job_by(std::size_t unit, Activity was, Activity is, UnitActions& out) {
  Unit& each = units_[unit];
  const std::string& reason = each.service.end_reason();
  if (each.job == Job::Start && each.running) {
    // A oneshot is done when it has ended; and a start has failed though it is tried again.
    const bool failed = is == Activity::Failed || is == Activity::AutoRestart;
    if (failed) {
      end_job(unit, JobResult::Failed, reason);
      fail_dependents(unit, "failed", out);
    } else if (is == Activity::Inactive && each.service.was_skipped()) {
      end_job(unit, JobResult::Skipped, reason);
    } else if (is == Activity::Active || is == Activity::Inactive) {
      end_job(unit, JobResult::Done);
    }
  } else if (each.job == Job::Restart && each.running && is == Activity::AutoRestart) {
    each.job = Job::Start;
    each.running = false;
  } else if (each.job == Job::Restart && is_over(is)) {
    each.job = Job::None;
    add_start(unit);
    if (each.job == Job::None) end_job(unit, JobResult::Canceled);
  } else if (each.job == Job::Restart && each.running && is == Activity::Active) {
    end_job(unit, JobResult::Done);  // KillMode=none: it could not be ended, and has started
  } else if (each.job == Job::Stop && is_over(is)) {
    end_job(unit, JobResult::Done);
  } else if (each.job == Job::None && !has_ended(was) && has_ended(is)) {
    // Nobody asked for it.
    for (const std::size_t other : set_.graph.of(unit).bound) {
      add_stop(other, following("the end of " + each.settings.unit_name()));
    }
  }
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
  begin_stop(now, unit, out);
  return true;
}

void Manager::begin_stop(Instant now, std::size_t unit, UnitActions& out) {
  Unit& each = units_[unit];
  const Requester from = each.from;
  if (each.job == Job::Stop) {
    return with(unit, out,
                [&](Service& service, Actions& actions) { service.stop(now, from, actions); });
  }
  with(unit, out, [&](Service& service, Actions& actions) { service.restart(now, from, actions); });
  const Activity is = each.service.activity();
  if (is == Activity::AutoRestart) {  // it ran no more, or ended at once
    each.job = Job::Start;
    each.running = false;
  } else if (is == Activity::Active) {
    end_job(unit, JobResult::Failed, "KillMode=none: it is restarted when it ends by itself");
  }
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
  if (!each.service.can_start()) return end_job(unit, JobResult::Done);  // it runs
  const UnitGraph::Node& node = set_.graph.of(unit);
  for (const std::size_t other : node.expected) {
    if (!contains(node.predecessors, other)) continue;
    if (units_[other].activity == Activity::Active) continue;
    const std::string name = units_[other].settings.unit_name();
    refuse(unit, JobResult::Dependency, units_[other].service.exit_status(),
           name + ", which it expects, does not run", out);
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
  end_job(unit, JobResult::Failed, each.service.end_reason());
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
      end_job(unit, JobResult::Skipped, event.condition + " is not met");
      each.service.refuse(0, "skipped: " + event.condition + " is not met");
      return;
    case Result::Failed:
      refuse(unit, JobResult::Failed, kConfig, event.condition + " does not hold", out);
      return;
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
  restart_with(unit);
  return true;
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
    answer_all(unit, JobResult::Canceled, "it is started again");
    each.job = Job::Restart;
    return;
  }
  if (!each.service.can_start() && each.activity != Activity::Deactivating) return;
  each.job = Job::Start;
  each.running = false;
  start_with(unit);
}

// What it needs and wants, and what it cannot run beside.
void Manager::start_with(std::size_t unit) {
  const UnitGraph::Node& node = set_.graph.of(unit);
  const Unit& each = units_[unit];
  for (const std::size_t other : node.conflicting) {
    add_stop(other, following("the start of " + each.settings.unit_name()));
  }
  for (const std::size_t other : node.needed) add_start(other);
  for (const std::size_t other : node.wanted) add_start(other);
}

void Manager::add_stop(std::size_t unit, const Requester& from) {
  Unit& each = units_[unit];
  if (each.job == Job::Stop) return;
  const std::string canceled = "it is stopped: " + from.what;
  if (each.at_rest()) return end_job(unit, JobResult::Canceled, canceled);
  answer_all(unit, JobResult::Canceled, canceled);
  each.job = Job::Stop;
  each.running = false;  // also of a restart: what ends is not to be started again
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
  restart_with(unit);
}

void Manager::restart_with(std::size_t unit) {
  const std::string name = units_[unit].settings.unit_name();
  for (const std::size_t other : set_.graph.of(unit).restart_with) {
    add_restart(other, following("the restart of " + name));
  }
}

void Manager::end_job(std::size_t unit, JobResult result, const std::string& detail) {
  Unit& each = units_[unit];
  each.job = Job::None;
  each.running = false;
  each.checking = false;
  each.called = false;
  answer_all(unit, result, detail);
}

void Manager::refuse(std::size_t unit, JobResult result, int status, const std::string& reason,
                     UnitActions& out) {
  out.push_back({unit, action::Emit{record::NotStarted{reason}}});
  end_job(unit, result, reason);
  units_[unit].service.refuse(status == 0 ? 1 : status, "not started: " + reason);
  fail_dependents(unit, "was not started", out);
}

void Manager::fail_dependents(std::size_t unit, const std::string& how, UnitActions& out) {
  const int status = units_[unit].service.exit_status();
  const std::string name = units_[unit].settings.unit_name();
  for (const std::size_t other : set_.graph.of(unit).fail_with) {
    if (!units_[other].start_waits()) continue;
    refuse(other, JobResult::Dependency, status, name + ", which it requires, " + how, out);
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
