// One line of Condition…= or Assert…=: systemd.unit(5), 'Conditions and Asserts'.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "config/text.h"
#include "gatevisor/settings.h"

namespace gatevisor::config {

struct ConditionName {
  std::string directive;
  Condition::Kind kind;
  bool assertion;
};

/// nullopt: it is no condition that is checked.
std::optional<ConditionName> condition_name(std::string_view directive);

/// Everything but `text`. `expand`: replaces specifiers.
Parsed<Condition> parse_condition(
    const ConditionName& name, std::string_view value,
    const std::function<Parsed<std::string>(std::string_view)>& expand);

}  // namespace gatevisor::config
