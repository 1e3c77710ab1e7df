#include "app/journal_console.h"

namespace gatevisor::app {

std::size_t JournalConsole::offer(std::size_t output, std::string_view text, Instant now) {
  Output& to = outputs_[output];
  if (to.skipped > 0) {
    // Short enough to be taken whole or not at all (pipe(7), PIPE_BUF).
    const std::string note = "\ngatevisor: " + std::to_string(to.skipped) +
                             " bytes of output were not shown while nobody read them\n";
    if (to.out.offer(note) == 0) {
      to.skipped += text.size();
      return text.size();
    }
    to.skipped = 0;
  }
  const std::size_t taken = to.out.offer(text);
  if (taken > 0 || text.empty()) {
    to.since.reset();
    if (taken < text.size()) to.since = now;
    return taken;
  }
  if (!to.since) to.since = now;
  if (now - *to.since < kPatience) return 0;
  to.since.reset();
  to.skipped = text.size();
  return text.size();
}

Instant JournalConsole::deadline(std::size_t output) const {
  const auto& since = outputs_[output].since;
  return since ? after(*since, kPatience) : Instant::max();
}

}  // namespace gatevisor::app
