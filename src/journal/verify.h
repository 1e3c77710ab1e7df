// Is a journal file whole and consistent? What `journalctl --verify` looks at, but for seals.
#pragma once

#include "journal/storage.h"

namespace gatevisor::journal {

/// Reads all of the file, once or twice. EBADMSG with the place: what is wrong there.
Expected<void> verify(Storage& storage);

}  // namespace gatevisor::journal
