#include "record.h"

#include <nlohmann/json.hpp>

namespace gatevisor::testing {

struct Record::Json {
  nlohmann::json value;
};

std::optional<Record> Record::parse(const std::string& line) {
  auto value = nlohmann::json::parse(line, nullptr, false);
  if (value.is_discarded() || !value.is_object()) return std::nullopt;
  Record record;
  record.line_ = line;
  record.json_ = std::make_shared<Json>(Json{std::move(value)});
  return record;
}

bool Record::has(const std::string& pointer) const {
  return json_ && json_->value.contains(nlohmann::json::json_pointer(pointer));
}

std::string Record::text(const std::string& pointer) const {
  if (!has(pointer)) return {};
  const auto& field = json_->value[nlohmann::json::json_pointer(pointer)];
  return field.is_string() ? field.get<std::string>() : field.dump();
}

long Record::number(const std::string& pointer) const {
  if (!has(pointer)) return -1;
  const auto& field = json_->value[nlohmann::json::json_pointer(pointer)];
  return field.is_number() ? field.get<long>() : -1;
}

bool Record::lists(const std::string& pointer, const std::string& key,
                   const std::string& value) const {
  if (!has(pointer)) return false;
  for (const auto& entry : json_->value[nlohmann::json::json_pointer(pointer)]) {
    if (entry.contains(key) && entry[key] == value) return true;
  }
  return false;
}

}  // namespace gatevisor::testing
