// JSON that anybody may have written: nothing is trusted, nothing throws. A member that is missing or
// of another kind is empty, 0 or false. For the files of this room that include nlohmann-json anyway.
#pragma once

#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace gatevisor::protocol {

using nlohmann::ordered_json;

/// Nothing of ours is nested deeper; writing it again is recursive.
inline constexpr int kMaxJsonDepth = 16;

/// Discarded where it is no JSON.
inline ordered_json parse_json(std::string_view bytes) {
  const auto bounded = [](int depth, ordered_json::parse_event_t, ordered_json&) {
    return depth <= kMaxJsonDepth;
  };
  return ordered_json::parse(bytes, bounded, false);
}

/// In ASCII: it may be shown on a terminal, and U+009B is a control character there.
inline std::string dump(const ordered_json& json) {
  return json.dump(-1, ' ', true, ordered_json::error_handler_t::replace);
}

inline const ordered_json& member(const ordered_json& json, const char* name) {
  static const ordered_json kNone;
  if (!json.is_object()) return kNone;
  const auto found = json.find(name);
  return found == json.end() ? kNone : *found;
}

inline std::string text(const ordered_json& json, const char* name) {
  const ordered_json& value = member(json, name);
  return value.is_string() ? value.get<std::string>() : std::string();
}

inline bool flag(const ordered_json& json, const char* name) {
  const ordered_json& value = member(json, name);
  return value.is_boolean() && value.get<bool>();
}

/// From 0 to the largest of its type; anything else is 0.
template <typename Int>
Int number(const ordered_json& json, const char* name) {
  const ordered_json& value = member(json, name);
  if (!value.is_number_integer()) return 0;
  const auto wide = value.get<std::int64_t>();
  const bool fits = wide >= 0 && static_cast<std::uint64_t>(wide) <=
                                     static_cast<std::uint64_t>(std::numeric_limits<Int>::max());
  return fits ? static_cast<Int>(wide) : 0;
}

/// Empty text is what Varlink leaves out.
inline void put(ordered_json& json, const char* name, const std::string& value) {
  if (!value.empty()) json[name] = value;
}

}  // namespace gatevisor::protocol
