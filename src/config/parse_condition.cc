#include "config/parse_condition.h"

#include <algorithm>
#include <array>

#include "config/check_condition.h"

namespace gatevisor::config {
namespace {

constexpr std::array kConditions = {
    Choice{"PathExists", Condition::Kind::PathExists},
    Choice{"PathExistsGlob", Condition::Kind::PathExistsGlob},
    Choice{"PathIsDirectory", Condition::Kind::PathIsDirectory},
    Choice{"PathIsSymbolicLink", Condition::Kind::PathIsSymbolicLink},
    Choice{"PathIsMountPoint", Condition::Kind::PathIsMountPoint},
    Choice{"PathIsReadWrite", Condition::Kind::PathIsReadWrite},
    Choice{"DirectoryNotEmpty", Condition::Kind::DirectoryNotEmpty},
    Choice{"FileNotEmpty", Condition::Kind::FileNotEmpty},
    Choice{"FileIsExecutable", Condition::Kind::FileIsExecutable},
    Choice{"Environment", Condition::Kind::Environment},
    Choice{"Architecture", Condition::Kind::Architecture},
    Choice{"KernelCommandLine", Condition::Kind::KernelCommandLine},
    Choice{"KernelVersion", Condition::Kind::KernelVersion},
    Choice{"OSRelease", Condition::Kind::OSRelease},
    Choice{"Host", Condition::Kind::Host},
    Choice{"Virtualization", Condition::Kind::Virtualization},
    Choice{"Security", Condition::Kind::Security},
    Choice{"Capability", Condition::Kind::Capability},
    Choice{"Memory", Condition::Kind::Memory},
    Choice{"CPUs", Condition::Kind::CPUs},
    Choice{"CPUFeature", Condition::Kind::CPUFeature},
    Choice{"User", Condition::Kind::User},
    Choice{"Group", Condition::Kind::Group},
    Choice{"ControlGroupController", Condition::Kind::ControlGroupController},
    Choice{"ACPower", Condition::Kind::ACPower},
    Choice{"FirstBoot", Condition::Kind::FirstBoot},
    Choice{"NeedsUpdate", Condition::Kind::NeedsUpdate},
    Choice{"Credential", Condition::Kind::Credential},
    Choice{"PathIsEncrypted", Condition::Kind::PathIsEncrypted},
    Choice{"Firmware", Condition::Kind::Firmware},
    Choice{"MemoryPressure", Condition::Kind::MemoryPressure},
    Choice{"CPUPressure", Condition::Kind::CPUPressure},
    Choice{"IOPressure", Condition::Kind::IOPressure},
};

}  // namespace

std::optional<ConditionName> condition_name(std::string_view directive) {
  const bool assertion = directive.starts_with("Assert");
  if (!assertion && !directive.starts_with("Condition")) return std::nullopt;
  const std::string_view kind = directive.substr(assertion ? 6 : 9);
  const auto known = std::ranges::find(kConditions, kind, &Choice<Condition::Kind>::name);
  if (known == kConditions.end()) return std::nullopt;
  return ConditionName{std::string(directive), known->value, assertion};
}

Parsed<Condition> parse_condition(
    const ConditionName& name, std::string_view value,
    const std::function<Parsed<std::string>(std::string_view)>& expand) {
  Condition condition;
  condition.kind = name.kind;
  condition.assertion = name.assertion;
  const auto take = [&value](char mark) {
    const bool there = value.starts_with(mark);
    if (there) value = trim(value.substr(1));
    return there;
  };
  condition.trigger = take('|');
  condition.negate = take('!');
  auto parameter = expand(value);
  if (!parameter) return std::unexpected(std::move(parameter.error()));
  auto checked = check_condition(condition.kind, std::move(*parameter));
  if (!checked) return std::unexpected(name.directive + "=: " + checked.error());
  condition.parameter = std::move(*checked);
  return condition;
}

}  // namespace gatevisor::config
