#include "config/show.h"

#include <algorithm>

#include "config/show_rows.h"

namespace gatevisor::config {
namespace {

template <typename Visit>
void each_row(Visit visit) {
  for (const auto& rows :
       {unit_rows(), service_rows(), resource_rows(), exec_rows(), sandbox_rows(), own_rows(),
        probe_rows()}) {
    for (const ShowRow& row : rows) visit(row);
  }
}

bool sets(const ShowRow& row, std::string_view directive) {
  std::string_view rest = row.directives;
  while (!rest.empty()) {
    const std::string_view name = rest.substr(0, rest.find(' '));
    rest.remove_prefix(std::min(name.size() + 1, rest.size()));
    if (name == directive) return true;
    if (name.ends_with('*') && directive.starts_with(name.substr(0, name.size() - 1))) return true;
  }
  return false;
}

}  // namespace

std::vector<ShownProperty> show(const LoadedUnit& unit, std::string_view id, const ShowHost& host) {
  const ShowSubject subject{unit, unit.settings, host, id};
  std::vector<ShownProperty> all;
  each_row([&](const ShowRow& row) {
    ShownValue value = row.value(subject);
    all.push_back({row.property, value.form, std::move(value.parts)});
  });
  return all;
}

std::vector<std::string> shown_lines(const ShownProperty& property, bool value_only) {
  const std::string start = value_only ? "" : std::string(property.name) + "=";
  std::vector<std::string> lines;
  if (property.form == ShownForm::Lines) {
    for (const std::string& part : property.parts) lines.push_back(start + part);
    if (lines.empty()) lines.push_back(start);
    return lines;
  }
  std::vector<std::string> words = property.parts;
  if (property.form == ShownForm::Words) std::ranges::transform(words, words.begin(), shell_quoted);
  lines.push_back(start + joined(words));
  return lines;
}

bool is_empty(const ShownProperty& property) {
  // 'None but nothing' is no value either; of a directory it is the user's home.
  const bool list = property.name == "SystemCallFilter" || property.name == "SystemCallLog" ||
                    property.name == "RestrictAddressFamilies";
  if (list && property.parts.front() == "~") return true;
  return std::ranges::all_of(property.parts, [](const std::string& part) { return part.empty(); });
}

bool is_shown(std::string_view property) {
  bool found = false;
  each_row([&](const ShowRow& row) { found = found || row.property == property; });
  return found;
}

std::vector<std::string_view> shown_as(std::string_view directive) {
  std::vector<std::string_view> properties;
  each_row([&](const ShowRow& row) {
    if (sets(row, directive)) properties.push_back(row.property);
  });
  return properties;
}

}  // namespace gatevisor::config
