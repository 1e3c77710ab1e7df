#include "config/check_condition.h"

#include <algorithm>

#include "config/capability_set.h"
#include "config/size.h"

namespace gatevisor::config {
namespace {

/// Those of numbers: the text from which on there is none.
std::string_view take_operator(std::string_view& text) {
  const std::size_t length = std::min(text.find_first_not_of("<>=!"), text.size());
  const std::string_view op = text.substr(0, length);
  text = trim(text.substr(length));
  return op;
}

Parsed<std::string> check_number(std::string_view text, bool size) {
  constexpr std::array<std::string_view, 9> kOperators = {
      "", "<", "<=", "=", "==", "!=", "<>", ">=", ">"};
  const std::string_view op = take_operator(text);
  const bool known = std::ranges::find(kOperators, op) != kOperators.end();
  Parsed<std::uint64_t> number = refuse("");
  if (size) {
    number = parse_size(text);
  } else if (const auto count = parse_decimal(text)) {
    number = *count;
  }
  if (!known || !number) {
    return refuse(size ? "expected a size such as >=512M" : "expected a number such as >=2");
  }
  return std::string(op.empty() ? ">=" : op) + std::to_string(*number);
}

/// 'CAP_KILL', in any case.
Parsed<std::string> check_capability(std::string_view text) {
  std::optional<std::uint64_t> set;
  if (merge_bounding_set(set, text) && set && *set != 0 && (*set & (*set - 1)) == 0) {
    int number = 0;
    while ((*set >> number & 1) == 0) ++number;
    return std::to_string(number);
  }
  return refuse("expected a capability such as CAP_KILL");
}

}  // namespace

Parsed<std::string> check_condition(Condition::Kind kind, std::string parameter) {
  using Kind = Condition::Kind;
  switch (kind) {
    case Kind::PathExists:
    case Kind::PathExistsGlob:
    case Kind::PathIsDirectory:
    case Kind::PathIsSymbolicLink:
    case Kind::PathIsMountPoint:
    case Kind::PathIsReadWrite:
    case Kind::PathIsEncrypted:
    case Kind::DirectoryNotEmpty:
    case Kind::FileNotEmpty:
    case Kind::FileIsExecutable:
    case Kind::NeedsUpdate:
      if (!parameter.starts_with('/')) return refuse("expected an absolute path");
      return parameter;
    case Kind::Memory: return check_number(parameter, true);
    case Kind::CPUs: return check_number(parameter, false);
    case Kind::Capability: return check_capability(parameter);
    case Kind::ACPower:
    case Kind::FirstBoot: {
      const auto yes = parse_boolean(parameter);
      if (!yes) return refuse(yes.error());
      return std::string(*yes ? "yes" : "no");
    }
    case Kind::Environment:
    case Kind::Architecture:
    case Kind::KernelCommandLine:
    case Kind::KernelVersion:
    case Kind::OSRelease:
    case Kind::Host:
    case Kind::Virtualization:
    case Kind::Security:
    case Kind::CPUFeature:
    case Kind::User:
    case Kind::Group:
    case Kind::ControlGroupController:
    case Kind::Credential: return parameter;
  }
  return parameter;
}

}  // namespace gatevisor::config
