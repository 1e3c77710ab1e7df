// Which directory the journal is in: --journal-dir, or Storage=.
#pragma once

#include <string>
#include <vector>

#include "app/refusal.h"
#include "gatevisor/log_settings.h"

namespace gatevisor::app {

/// What stays: journald's /var/log/journal, of our own.
inline constexpr const char* kJournalDirectory = "/var/log/gatevisor";
/// What a journal below the runtime directory may take at most, unless SystemMaxUse= says so: where
/// that is memory, it is the container's.
inline constexpr std::uint64_t kVolatileMaxUse = std::uint64_t{16} << 20;

/// `given`: the one of --journal-dir, or empty. Makes the directory. Empty: no journal is kept.
/// `settings` get the bounds of a volatile one. Refused: it cannot be made, or not written to; where
/// nobody had asked for it, that is one of the `warnings`.
OrRefusal<std::string> journal_place(const std::string& given, JournalSettings& settings,
                                     std::vector<Error>& warnings);

/// Where readers look who are not told where: the first of these that has a journal.
std::vector<std::string> own_journal_directories();

}  // namespace gatevisor::app
