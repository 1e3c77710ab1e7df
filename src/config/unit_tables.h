// Which settings of a unit file are read how: what load_unit.cc looks up.
#pragma once

#include <array>
#include <string_view>

#include "config/words.h"
#include "gatevisor/command.h"
#include "gatevisor/settings.h"

namespace gatevisor::config {

/// systemd expands specifiers in these (systemd.unit(5), and what each page says of it).
inline constexpr auto kWithSpecifiers = std::to_array<std::string_view>({
    // clang-format off
    "User", "Group", "SupplementaryGroups", "WorkingDirectory", "Environment", "EnvironmentFile",
    "UnsetEnvironment", "PassEnvironment", "PIDFile", "StandardOutput", "StandardError",
    "Description", "Documentation", "ReadWritePaths", "ReadOnlyPaths", "InaccessiblePaths",
    "ExecPaths", "NoExecPaths", "BindPaths", "BindReadOnlyPaths", "TemporaryFileSystem",
    "RootDirectory", "RuntimeDirectory", "StateDirectory", "CacheDirectory", "LogsDirectory",
    "LoadCredential", "ExecSearchPath", "StandardInput", "StandardInputText", "IODeviceWeight",
    "IOReadBandwidthMax", "IOWriteBandwidthMax", "IOReadIOPSMax", "IOWriteIOPSMax",
    "IODeviceLatencyTargetSec", "ConfigurationDirectory", "SyslogIdentifier", "LogExtraFields",
    "StartupProbe", "LivenessProbe", "ReadinessProbe"
    // clang-format on
});

/// systemd.unit(5) knows them in other units; in a service they are passed over.
inline constexpr std::array<std::string_view, 8> kOtherSections = {
    "Automount", "Mount", "Path", "Scope", "Slice", "Socket", "Swap", "Timer"};

/// What systemd.exec(5) lets a leading '-' be without.
inline constexpr std::array<std::string_view, 3> kSecurityLabels = {
    "AppArmorProfile", "SELinuxContext", "SmackProcessLabel"};

/// Older names of settings, still in use (systemd's own table of directives).
struct OldName {
  std::string_view old;
  std::string_view name;
};
inline constexpr std::array<OldName, 4> kOldNames = {
    {{"StartLimitInterval", "StartLimitIntervalSec"},
     {"ReadWriteDirectories", "ReadWritePaths"},
     {"ReadOnlyDirectories", "ReadOnlyPaths"},
     {"InaccessibleDirectories", "InaccessiblePaths"}}};

inline constexpr std::array kCommands = {
    Choice{"ExecCondition", CommandKind::Condition},
    Choice{"ExecStartPre", CommandKind::StartPre},
    Choice{"ExecStart", CommandKind::Main},
    Choice{"ExecStartPost", CommandKind::StartPost},
    Choice{"ExecReload", CommandKind::Reload},
    Choice{"ExecStop", CommandKind::Stop},
    Choice{"ExecStopPost", CommandKind::StopPost},
};

}  // namespace gatevisor::config
