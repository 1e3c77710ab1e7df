// LoadCredential= and SetCredential= of systemd.exec(5).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace gatevisor {

/// Of all credentials of a unit, with their names.
inline constexpr std::size_t kMaxCredentials = std::size_t{1} << 20;

struct LoadedCredential {
  std::string id;
  /// Absolute: a file, or a directory of them. Else a name among those that gatevisor was given,
  /// and in /etc/credstore and its like.
  std::string path;
  bool operator==(const LoadedCredential&) const = default;
};

struct SetCredential {
  std::string id;
  std::string value;  ///< any bytes
  bool operator==(const SetCredential&) const = default;
};

struct CredentialSettings {
  std::vector<LoadedCredential> load;  ///< no id twice
  std::vector<SetCredential> set;      ///< likewise; where the one above is not there
  bool operator==(const CredentialSettings&) const = default;
};

/// systemd's credential_name_valid(): printable ASCII without '/' and ':', a file's name.
constexpr bool is_credential_name(std::string_view name) {
  if (name.empty() || name.size() > 255 || name == "." || name == "..") return false;
  for (const char c : name) {
    if (c <= ' ' || c >= 0x7f || c == '/' || c == ':') return false;
  }
  return true;
}

}  // namespace gatevisor
