#include "app/conditions.h"

#include "os/condition.h"

namespace gatevisor::app {
namespace {

/// systemd.unit(5): every condition without '|', and one of those with it. nullptr: all is well.
const Condition* unmet(const std::vector<Condition>& conditions, bool assertion) {
  const Condition* missed_trigger = nullptr;
  bool triggered = false;
  for (const Condition& condition : conditions) {
    if (condition.assertion != assertion) continue;
    const bool met = os::is_met(condition);
    if (!condition.trigger && !met) return &condition;
    if (condition.trigger && met) triggered = true;
    if (condition.trigger && !met && missed_trigger == nullptr) missed_trigger = &condition;
  }
  return triggered ? nullptr : missed_trigger;
}

}  // namespace

event::ConditionsChecked check_conditions(const std::vector<Condition>& conditions) {
  using Result = event::ConditionsChecked::Result;
  if (const Condition* condition = unmet(conditions, false)) {
    return {Result::Skip, condition->text};
  }
  if (const Condition* assertion = unmet(conditions, true)) {
    return {Result::Failed, assertion->text};
  }
  return {Result::Met, {}};
}

}  // namespace gatevisor::app
