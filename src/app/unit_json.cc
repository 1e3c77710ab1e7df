#include "app/unit_json.h"

#include <nlohmann/json.hpp>

namespace gatevisor::app {
namespace {

using nlohmann::ordered_json;

void put_place(ordered_json& json, const config::Location& at) {
  json["file"] = at.file;
  json["line"] = at.line;
  json["column"] = at.column;
}

ordered_json to_json(const VerifiedUnit& verified) {
  const config::LoadedUnit& unit = verified.unit;
  ordered_json json;
  json["unit"] = verified.what;
  json["startable"] = unit.errors.empty();
  json["description"] = unit.description;
  json["errors"] = ordered_json::array();
  for (const config::UnitError& error : unit.errors) {
    ordered_json& entry = json["errors"].emplace_back();
    put_place(entry, error.at);
    entry["message"] = error.message;
  }
  json["remarks"] = unit.remarks;
  json["directives"] = ordered_json::array();
  for (const config::UnitNote& note : unit.notes) {
    ordered_json& entry = json["directives"].emplace_back();
    entry["section"] = note.section;
    entry["name"] = note.name;
    entry["fate"] = to_string(note.fate);
    entry["allowed"] = note.allowed;
    put_place(entry, note.at);
    entry["reason"] = note.reason;
  }
  return json;
}

ordered_json to_json(const ShownUnit& shown) {
  ordered_json properties = ordered_json::object();
  for (const config::ShownProperty& property : shown.properties) {
    ordered_json& value = properties[std::string(property.name)];
    if (property.form == config::ShownForm::Text) {
      value = property.parts.front();
    } else {
      value = property.parts;
    }
  }
  return {{"unit", shown.what}, {"properties", std::move(properties)}};
}

/// A path may hold any byte: what is no UTF-8 is replaced.
std::string text_of(const ordered_json& json) {
  return json.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

}  // namespace

std::string verify_json(const std::vector<VerifiedUnit>& units) {
  ordered_json all = ordered_json::array();
  for (const VerifiedUnit& unit : units) all.push_back(to_json(unit));
  return text_of(all);
}

std::string show_json(const std::vector<ShownUnit>& units) {
  ordered_json all = ordered_json::array();
  for (const ShownUnit& unit : units) all.push_back(to_json(unit));
  return text_of(all);
}

}  // namespace gatevisor::app
