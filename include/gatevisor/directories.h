// The directories and credentials of a service: systemd.exec(5), RuntimeDirectory= and its like.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace gatevisor {

/// RuntimeDirectory=, StateDirectory=, CacheDirectory=, LogsDirectory=, ConfigurationDirectory=.
enum class DirectoryKind : std::uint8_t { Runtime, State, Cache, Logs, Configuration };
inline constexpr std::size_t kDirectoryKinds = 5;

/// One of a list: 'name[:link]', both relative to the kind's base and without '.' and '..'.
struct ServiceDirectory {
  std::string name;
  std::vector<std::string> links;  ///< symbolic links to it
  bool operator==(const ServiceDirectory&) const = default;
};

/// RuntimeDirectoryPreserve=: when the runtime directories stay.
enum class RuntimePreserve : std::uint8_t {
  No,       ///< never: they go at the end of every invocation
  Restart,  ///< until the service ends
  Yes,      ///< for ever
};

struct DirectorySettings {
  struct Kind {
    std::vector<ServiceDirectory> all;  ///< no name twice
    unsigned mode = 0755;
    bool operator==(const Kind&) const = default;
  };
  std::array<Kind, kDirectoryKinds> kinds;
  RuntimePreserve preserve = RuntimePreserve::No;

  Kind& of(DirectoryKind kind) { return kinds[static_cast<std::size_t>(kind)]; }
  const Kind& of(DirectoryKind kind) const { return kinds[static_cast<std::size_t>(kind)]; }
  bool operator==(const DirectorySettings&) const = default;
};

/// What those names are relative to: absolute paths by DirectoryKind. Empty: there is none here.
struct DirectoryBases {
  std::array<std::string, kDirectoryKinds> paths;
  bool system = false;  ///< /run, /var/lib …: ownership is set. Else the user's own, as they are.

  const std::string& of(DirectoryKind kind) const { return paths[static_cast<std::size_t>(kind)]; }
};

}  // namespace gatevisor
