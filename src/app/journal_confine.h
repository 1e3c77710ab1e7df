// What the journal writer gives up before it reads what others have written.
#pragma once

#include <string>

#include "gatevisor/error.h"

namespace gatevisor::app {

/// If it is there, and gatevisor is root, the writer runs as this user, and the journal becomes his;
/// else as the owner of the directory.
inline constexpr const char* kJournalUser = "gatevisor-journal";

/// Its own user. Before anything is opened in the directory.
Expected<void> become_journal_user(const std::string& directory);

/// No capabilities; of all files those in the directory; of all system calls those that it makes.
/// What the machine refuses is left out. `looks_at_senders`: and what is in /proc may be read.
void confine_journal_writer(const std::string& directory, bool looks_at_senders);

}  // namespace gatevisor::app
