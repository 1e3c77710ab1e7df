// How the lines of a service stand in the journal, and how much room the journal takes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "gatevisor/time.h"

namespace gatevisor {

/// systemd.exec(5), 'Logging and Standard Input/Output'. Levels and facilities are syslog(3)'s.
struct LineSettings {
  std::string identifier;  ///< SyslogIdentifier=; empty: the name of the program
  unsigned facility = 3;   ///< SyslogFacility=; LOG_DAEMON
  unsigned level = 6;      ///< SyslogLevel=, of a line without a prefix; LOG_INFO
  bool level_prefix = true;            ///< SyslogLevelPrefix=: '<3>' in front is a level
  std::optional<unsigned> most_level;  ///< LogLevelMax=: lines above it are not kept
  std::vector<std::string> extra_fields;  ///< LogExtraFields=, 'NAME=value'
  bool operator==(const LineSettings&) const = default;
};

/// What becomes of lines that the journal cannot take now. Ours, JournalFull=.
enum class JournalFull : std::uint8_t {
  Block,  ///< they wait in the pipe, and so does who writes more than fits there
  Drop    ///< they are not kept, and counted
};

/// Where the journal is: journald.conf(5), Storage=.
enum class JournalStorage : std::uint8_t {
  Auto,        ///< Persistent where its directory is there, else None
  Persistent,  ///< /var/log/gatevisor
  Volatile,    ///< below the runtime directory
  None
};

/// journald.conf(5). nullopt: its default, by the size of the file system.
struct JournalSettings {
  JournalStorage storage = JournalStorage::Auto;
  std::optional<std::uint64_t> max_use;        ///< SystemMaxUse=, bytes
  std::optional<std::uint64_t> keep_free;      ///< SystemKeepFree=, bytes
  std::optional<std::uint64_t> max_file_size;  ///< SystemMaxFileSize=, bytes
  std::uint64_t max_files = 100;               ///< SystemMaxFiles=; 0: any number
  Duration max_file_age = std::chrono::hours{24 * 30};      ///< MaxFileSec=; 0: none
  Duration max_retention{0};                                ///< MaxRetentionSec=; 0: none
  Duration sync_interval = std::chrono::minutes{5};         ///< SyncIntervalSec=
  JournalFull full = JournalFull::Block;
  bool operator==(const JournalSettings&) const = default;
};

}  // namespace gatevisor
