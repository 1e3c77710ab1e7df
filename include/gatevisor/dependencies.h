// What a unit says of other units: systemd.unit(5), by their names.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace gatevisor {

enum class Dependency : std::uint8_t {
  After,
  Before,
  Requires,
  Requisite,
  Wants,
  Upholds,
  BindsTo,
  PartOf,
  Conflicts,
  OnFailure,
  OnSuccess,
  PropagatesStopTo,
  StopPropagatedFrom,
  PropagatesReloadTo,
  ReloadPropagatedFrom,
};
inline constexpr std::size_t kDependencies = 15;

/// Names of units, 'db.service', in the order of the file; none twice. Of other types of units
/// there are none here, and what is said of them has no effect.
struct Dependencies {
  std::array<std::vector<std::string>, kDependencies> names;

  std::vector<std::string>& of(Dependency kind) { return names[static_cast<std::size_t>(kind)]; }
  const std::vector<std::string>& of(Dependency kind) const {
    return names[static_cast<std::size_t>(kind)];
  }
  bool operator==(const Dependencies&) const = default;
};

}  // namespace gatevisor
