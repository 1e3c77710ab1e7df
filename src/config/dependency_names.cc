#include "config/dependency_names.h"

#include <algorithm>
#include <array>
#include <string>

#include "config/specifiers.h"
#include "config/words.h"

namespace gatevisor::config {
namespace {

constexpr std::array kNames = {
    Choice{"After", Dependency::After},
    Choice{"Before", Dependency::Before},
    Choice{"Requires", Dependency::Requires},
    Choice{"Requisite", Dependency::Requisite},
    Choice{"Wants", Dependency::Wants},
    Choice{"Upholds", Dependency::Upholds},
    Choice{"BindsTo", Dependency::BindsTo},
    Choice{"BindTo", Dependency::BindsTo},
    Choice{"PartOf", Dependency::PartOf},
    Choice{"Conflicts", Dependency::Conflicts},
    Choice{"OnFailure", Dependency::OnFailure},
    Choice{"OnSuccess", Dependency::OnSuccess},
    Choice{"PropagatesStopTo", Dependency::PropagatesStopTo},
    Choice{"StopPropagatedFrom", Dependency::StopPropagatedFrom},
    Choice{"PropagatesReloadTo", Dependency::PropagatesReloadTo},
    Choice{"PropagateReloadTo", Dependency::PropagatesReloadTo},
    Choice{"ReloadPropagatedFrom", Dependency::ReloadPropagatedFrom},
    Choice{"PropagateReloadFrom", Dependency::ReloadPropagatedFrom},
};

}  // namespace

std::optional<Dependency> dependency_kind(std::string_view directive) {
  const auto known = std::ranges::find(kNames, directive, &Choice<Dependency>::name);
  if (known == kNames.end()) return std::nullopt;
  return known->value;
}

Parsed<bool> is_service_name(std::string_view name) {
  const auto unit = parse_unit_name(name);
  if (!unit) return std::unexpected(unit.error());
  if (unit->is_template()) {
    return std::unexpected("expected an instance of the template " + printable(name));
  }
  return unit->type == "service";
}

void add_dependency(Dependencies& all, Dependency kind, std::string_view name) {
  if (!is_service_name(name).value_or(false)) return;
  std::vector<std::string>& names = all.of(kind);
  if (std::ranges::find(names, name) == names.end()) names.emplace_back(name);
}

}  // namespace gatevisor::config
