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

/// '/a.slice/a-b.slice', where systemd puts it; nullopt: no slice's name.
std::optional<std::string> slice_path(std::string_view name) {
  constexpr std::string_view kSuffix = ".slice";
  if (!name.ends_with(kSuffix) || name.find('/') != name.npos) return std::nullopt;
  const std::string_view stem = name.substr(0, name.size() - kSuffix.size());
  if (stem == "-") return "";
  std::string path;
  for (std::size_t end = 0; end <= stem.size(); ++end) {
    if (end < stem.size() && stem[end] != '-') continue;
    // No part is empty.
    if (end == 0 || stem[end - 1] == '-') return std::nullopt;
    path += "/" + std::string(stem.substr(0, end)) + std::string(kSuffix);
  }
  return path;
}

/// '[SLICE:]LIMIT[/TIME]' as 'CGROUP|HUNDREDTHS OF A PERCENT|avg300'; CGROUP '*' is the machine.
Parsed<std::string> check_pressure(std::string_view text) {
  constexpr const char* kForm = "expected [SLICE:]LIMIT[/10sec|1min|5min] such as 10%/1min";
  std::string cgroup = "*";
  if (const std::size_t colon = text.find(':'); colon != text.npos) {
    const auto path = slice_path(trim(text.substr(0, colon)));
    if (!path) return refuse(kForm);
    cgroup = *path;
    text = text.substr(colon + 1);
  }
  std::string_view time = "avg300";
  if (const std::size_t slash = text.find('/'); slash != text.npos) {
    constexpr std::array kTimes = {Choice<std::string_view>{"10sec", "avg10"},
                                   Choice<std::string_view>{"1min", "avg60"},
                                   Choice<std::string_view>{"5min", "avg300"}};
    const auto known =
        std::ranges::find(kTimes, trim(text.substr(slash + 1)), &Choice<std::string_view>::name);
    if (known == kTimes.end()) return refuse(kForm);
    time = known->value;
    text = text.substr(0, slash);
  }
  const auto limit = parse_share(trim(text), kWholeShare);
  if (!limit) return refuse(kForm);
  return cgroup + "|" + std::to_string(*limit) + "|" + std::string(time);
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
    case Kind::MemoryPressure:
    case Kind::CPUPressure:
    case Kind::IOPressure: return check_pressure(parameter);
    case Kind::Firmware:
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
