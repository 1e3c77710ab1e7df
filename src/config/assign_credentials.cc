// systemd.exec(5), 'Credentials'.

#include <algorithm>

#include "config/setters.h"
#include "config/words.h"

namespace gatevisor::config {
namespace {

constexpr const char* kName = "expected a name of printable ASCII without '/' and ':'";

/// Absolute, without '.' and '..'.
bool is_normalized(std::string_view path) {
  while (!path.empty()) {
    path.remove_prefix(1);
    const std::size_t length = std::min(path.find('/'), path.size());
    const std::string_view component = path.substr(0, length);
    if (component == "." || component == "..") return false;
    path.remove_prefix(length);
  }
  return true;
}

/// Systemd keeps the later one of an ID.
template <typename Credential>
Parsed<void> replace(std::vector<Credential>& all, Credential credential) {
  const auto found = std::ranges::find(all, credential.id, &Credential::id);
  if (found != all.end()) {
    *found = std::move(credential);
  } else if (all.size() == kMaxEntries) {
    return refuse("expected at most " + std::to_string(kMaxEntries) + " credentials");
  } else {
    all.push_back(std::move(credential));
  }
  return {};
}

}  // namespace

Parsed<void> set_load_credential(ServiceSettings& settings, std::string_view value) {
  std::vector<LoadedCredential>& all = settings.exec.credentials.load;
  if (value.empty()) {
    all.clear();
    return {};
  }
  const std::size_t colon = std::min(value.find(':'), value.size());
  LoadedCredential credential{std::string(value.substr(0, colon)), {}};
  if (!is_credential_name(credential.id)) return refuse(kName);
  credential.path = value.substr(std::min(colon + 1, value.size()));
  if (credential.path.empty()) credential.path = credential.id;
  if (credential.path.starts_with('/')) {
    if (!parse_absolute_path(credential.path) || !is_normalized(credential.path)) {
      return refuse("expected a path without '.' and '..' behind its name");
    }
  } else if (!is_credential_name(credential.path)) {
    return refuse("expected NAME:PATH, or the name of another credential");
  }
  return replace(all, std::move(credential));
}

Parsed<void> set_set_credential(ServiceSettings& settings, std::string_view value) {
  std::vector<SetCredential>& all = settings.exec.credentials.set;
  if (value.empty()) {
    all.clear();
    return {};
  }
  const std::size_t colon = value.find(':');
  if (colon == std::string_view::npos || colon + 1 == value.size()) {
    return refuse("expected NAME:VALUE");
  }
  SetCredential credential{std::string(value.substr(0, colon)), {}};
  if (!is_credential_name(credential.id)) return refuse(kName);
  auto bytes = unescape(value.substr(colon + 1));
  if (!bytes) return refuse(std::move(bytes.error()));
  credential.value = std::move(*bytes);
  std::size_t size = credential.id.size() + credential.value.size();
  for (const SetCredential& each : all) {
    if (each.id != credential.id) size += each.id.size() + each.value.size();
  }
  if (size > kMaxCredentials) return refuse("expected at most 1 MiB of credentials");
  return replace(all, std::move(credential));
}

}  // namespace gatevisor::config
