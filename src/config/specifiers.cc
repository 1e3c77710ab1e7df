#include "config/specifiers.h"

#include <algorithm>
#include <array>

namespace gatevisor::config {
namespace {

constexpr std::array<std::string_view, 11> kTypes{"service", "socket", "target",   "timer",
                                                  "path",    "slice",  "scope",    "mount",
                                                  "device",  "swap",   "automount"};

bool is_alphanumeric(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/// systemd's VALID_CHARS of unit-name.c.
bool is_name_character(char c) {
  return is_alphanumeric(c) || std::string_view(":-_.\\").find(c) != std::string_view::npos;
}

int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

void append_escaped(std::string& out, char c) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(c);
  out += "\\x";
  out += kDigits[byte >> 4];
  out += kDigits[byte & 15];
}

/// systemd's path_is_normalized() for a path that begins with '/'.
bool is_normalized(std::string_view path) {
  if (path.size() > kMaxPath) return false;
  while (!path.empty()) {
    path.remove_prefix(1);
    const std::size_t length = std::min(path.find('/'), path.size());
    const std::string_view component = path.substr(0, length);
    if (component.empty() || component == "." || component == "..") return false;
    path.remove_prefix(length);
  }
  return true;
}

/// Behind the last dash, or all of it.
std::string_view last_component(std::string_view prefix) {
  const std::size_t dash = prefix.rfind('-');
  return dash == std::string_view::npos ? prefix : prefix.substr(dash + 1);
}

/// 'foo-bar-', 'foo-' for 'foo-bar-baz'. unit_file_find_dirs() of systemd's dropin.c.
std::vector<std::string> shorter_prefixes(std::string prefix) {
  std::vector<std::string> prefixes;
  for (;;) {
    std::size_t dash = prefix.rfind('-');
    if (dash == std::string::npos || dash == 0) return prefixes;
    if (dash + 1 == prefix.size()) {
      // One dash at the end is cut off, not more: 'a--' is followed by 'a-'.
      dash = prefix.rfind('-', dash - 1);
      if (dash == std::string::npos || dash == 0) return prefixes;
    }
    prefix.resize(dash + 1);
    prefixes.push_back(prefix);
  }
}

struct HostSpecifier {
  char letter;
  std::optional<std::string> SpecifierValues::* value;
  std::string_view meaning;
};

constexpr std::array kHostSpecifiers = std::to_array<HostSpecifier>({
    {'a', &SpecifierValues::architecture, "the architecture"},
    {'A', &SpecifierValues::image_version, "IMAGE_VERSION of os-release"},
    {'b', &SpecifierValues::boot_id, "the boot ID"},
    {'B', &SpecifierValues::build_id, "BUILD_ID of os-release"},
    {'C', &SpecifierValues::cache_root, "the cache directory"},
    {'d', &SpecifierValues::credentials, "the credentials directory"},
    {'D', &SpecifierValues::shared_data_root, "the shared data directory"},
    {'E', &SpecifierValues::config_root, "the configuration directory"},
    {'g', &SpecifierValues::group, "the group's name"},
    {'G', &SpecifierValues::gid, "the group ID"},
    {'h', &SpecifierValues::home, "the home directory"},
    {'H', &SpecifierValues::host_name, "the host name"},
    {'l', &SpecifierValues::short_host_name, "the short host name"},
    {'L', &SpecifierValues::logs_root, "the log directory"},
    {'m', &SpecifierValues::machine_id, "the machine ID"},
    {'M', &SpecifierValues::image_id, "IMAGE_ID of os-release"},
    {'o', &SpecifierValues::os_id, "ID of os-release"},
    {'q', &SpecifierValues::pretty_host_name, "the pretty host name"},
    {'s', &SpecifierValues::shell, "the user's shell"},
    {'S', &SpecifierValues::state_root, "the state directory"},
    {'t', &SpecifierValues::runtime_root, "the runtime directory"},
    {'T', &SpecifierValues::tmp, "the directory for temporary files"},
    {'u', &SpecifierValues::user, "the user's name"},
    {'U', &SpecifierValues::uid, "the user ID"},
    {'v', &SpecifierValues::kernel_release, "the kernel's release"},
    {'V', &SpecifierValues::var_tmp, "the directory for larger temporary files"},
    {'w', &SpecifierValues::os_version_id, "VERSION_ID of os-release"},
    {'W', &SpecifierValues::os_variant_id, "VARIANT_ID of os-release"},
    {'y', &SpecifierValues::fragment_path, "the path of the unit file"},
    {'Y', &SpecifierValues::fragment_path, "the path of the unit file"},
});

Parsed<std::string> host_specifier(char letter, const SpecifierValues& values) {
  const auto* found = std::ranges::find(kHostSpecifiers, letter, &HostSpecifier::letter);
  if (found == kHostSpecifiers.end()) {
    return refuse(std::string("there is no specifier %") + letter + "; write %% for a percent");
  }
  const std::optional<std::string>& value = values.*(found->value);
  if (!value) {
    return refuse(std::string("%") + letter + " has no value here, " + std::string(found->meaning) +
                  " is not known");
  }
  if (letter != 'Y') return *value;
  const std::size_t slash = value->rfind('/');
  if (slash == std::string::npos) return refuse("%Y needs the path of the unit file");
  return value->substr(0, std::max<std::size_t>(slash, 1));
}

Parsed<std::string> name_specifier(char letter, Parsed<std::string> value) {
  if (value) return value;
  return refuse(std::string("%") + letter + ": " + value.error());
}

/// `letter` is a letter or a digit.
Parsed<std::string> specifier(char letter, const UnitName& unit, const SpecifierValues& values) {
  const std::string instance = unit.instance.value_or("");
  switch (letter) {
    case 'f':
      return name_specifier(letter, unescape_unit_path(instance.empty() ? unit.prefix : instance));
    case 'i':
      return instance;
    case 'I':
      return name_specifier(letter, unescape_unit_name(instance));
    case 'j':
      return std::string(last_component(unit.prefix));
    case 'J':
      return name_specifier(letter, unescape_unit_name(last_component(unit.prefix)));
    case 'n':
      return unit.whole;
    case 'N':
      return unit.instance ? unit.prefix + "@" + instance : unit.prefix;
    case 'p':
      return unit.prefix;
    case 'P':
      return name_specifier(letter, unescape_unit_name(unit.prefix));
    default:
      return host_specifier(letter, values);
  }
}

}  // namespace

Parsed<UnitName> parse_unit_name(std::string_view name) {
  if (name.size() > kMaxUnitName) return refuse("expected a unit's name of at most 255 bytes");
  const std::size_t dot = name.rfind('.');
  const std::string_view type = dot == std::string_view::npos ? "" : name.substr(dot + 1);
  if (std::ranges::find(kTypes, type) == kTypes.end()) {
    return refuse("expected a unit's name with its type, such as " +
                  printable(name.substr(0, name.empty() ? 0 : dot)) + ".service");
  }
  const std::string_view stem = name.substr(0, dot);
  const std::size_t at = stem.find('@');
  if (stem.empty() || at == 0)
    return refuse("expected a unit's name, " + quoted(name) + " has none");
  if (!std::ranges::all_of(stem, [](char c) { return c == '@' || is_name_character(c); })) {
    return refuse("expected letters, digits and :-_.\\@ in a unit's name, not " + quoted(name));
  }
  UnitName unit{std::string(stem.substr(0, at)), std::nullopt, std::string(type),
                std::string(name)};
  if (at != std::string_view::npos) unit.instance = stem.substr(at + 1);
  return unit;
}

std::string escape_unit_name(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '/') {
      out += '-';
    } else if (c == '-' || c == '\\' || (c == '.' && i == 0) || !is_name_character(c)) {
      append_escaped(out, c);
    } else {
      out += c;
    }
  }
  return out;
}

Parsed<std::string> unescape_unit_name(std::string_view name) {
  std::string out;
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (name[i] == '-') {
      out += '/';
    } else if (name[i] != '\\') {
      out += name[i];
    } else {
      const bool whole = name.size() - i >= 4 && name[i + 1] == 'x';
      const int high = whole ? hex_value(name[i + 2]) : -1;
      const int low = whole ? hex_value(name[i + 3]) : -1;
      // For systemd \x00 ends the string.
      if (high < 0 || low < 0 || (high == 0 && low == 0)) {
        return refuse("expected \\x and two hexadecimal digits in " + quoted(name));
      }
      out += static_cast<char>(high * 16 + low);
      i += 3;
    }
  }
  return out;
}

Parsed<std::string> escape_unit_path(std::string_view path) {
  if (path.size() > kMaxPath) return refuse("expected a path of at most 4095 bytes");
  std::string plain;
  while (!path.empty()) {
    const std::size_t length = std::min(path.find('/'), path.size());
    const std::string_view component = path.substr(0, length);
    path.remove_prefix(std::min(length + 1, path.size()));
    if (component.empty() || component == ".") continue;
    if (component == "..") return refuse("expected a path without '..'");
    if (!plain.empty()) plain += '/';
    plain += component;
  }
  return plain.empty() ? "-" : escape_unit_name(plain);
}

Parsed<std::string> unescape_unit_path(std::string_view name) {
  if (name == "-") return "/";
  auto path = unescape_unit_name(name);
  if (!path) return path;
  path->insert(0, 1, '/');
  if (!is_normalized(*path)) return refuse("expected an escaped path, not " + quoted(name));
  return path;
}

std::vector<std::string> drop_in_directories(const UnitName& name) {
  const std::string ending = "." + name.type + ".d";
  std::vector<std::string> directories{name.whole + ".d"};
  const bool is_instance = name.instance && !name.instance->empty();
  if (is_instance) directories.push_back(name.prefix + "@" + ending);
  const std::vector<std::string> prefixes = shorter_prefixes(name.prefix);
  for (const std::string& prefix : prefixes) directories.push_back(prefix + ending);
  if (is_instance) {
    for (const std::string& prefix : prefixes) {
      directories.push_back(prefix + "@" + *name.instance + ending);
      directories.push_back(prefix + "@" + ending);
    }
  }
  directories.push_back(name.type + ".d");
  return directories;
}

Parsed<std::string> expand_specifiers(std::string_view text, const UnitName& unit,
                                      const SpecifierValues& values) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%' || i + 1 == text.size()) {
      out += text[i];
    } else if (const char letter = text[++i]; letter == '%') {
      out += '%';
    } else if (!is_alphanumeric(letter)) {
      out += '%';
      out += letter;
    } else {
      const auto value = specifier(letter, unit, values);
      if (!value) return value;
      out += *value;
    }
    if (out.size() > kMaxValue)
      return refuse("expected at most 1 MiB with the specifiers expanded");
  }
  return out;
}

}  // namespace gatevisor::config
