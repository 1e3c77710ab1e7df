// After=, Requires= and their like: names of other units.
#pragma once

#include <optional>
#include <string_view>

#include "config/text.h"
#include "gatevisor/dependencies.h"

namespace gatevisor::config {

/// Of a directive's name, an old one too. nullopt: it is no relation to other units.
std::optional<Dependency> dependency_kind(std::string_view directive);

/// Whether it is the name of a service, and so one that has an effect here. Error: not the name of
/// a unit, or of a template without an instance.
Parsed<bool> is_service_name(std::string_view name);

/// Nothing where it is there already, or is not the name of a service.
void add_dependency(Dependencies& all, Dependency kind, std::string_view name);

}  // namespace gatevisor::config
