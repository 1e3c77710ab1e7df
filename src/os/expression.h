// The comparisons in conditions: systemd.unit(5), ConditionKernelVersion= and its like.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gatevisor::os {

/// By systemd's rules, which are those of the UAPI group's version format: below 0, 0 or above 0 as
/// `a` is older, the same or newer.
int compare_versions(std::string_view a, std::string_view b);

enum class Operator : std::uint8_t {
  Equal,         ///< '=': the same text
  Unequal,       ///< '!='
  Same,          ///< '==': the same version
  Different,     ///< '<>'
  Less,          ///< '<'
  LessEqual,     ///< '<='
  Greater,       ///< '>'
  GreaterEqual,  ///< '>='
  Matches,       ///< '$=': a shell's pattern
  MatchesNot,    ///< '!$='
};

/// The operator that `text` begins with; `text` moves behind it and white space. nullopt: none.
std::optional<Operator> take_operator(std::string_view& text);

/// Without the quotes around it, if it has some.
std::string unquoted(std::string value);

bool holds_for_text(Operator op, const std::string& actual, const std::string& wanted);
/// The two of texts and patterns compare numbers too.
bool holds_for_number(Operator op, std::uint64_t actual, std::uint64_t wanted);

}  // namespace gatevisor::os
