#include "app/journal_console.h"

#include <algorithm>

#include "os/invocation.h"

namespace gatevisor::app {

std::size_t JournalConsole::offer(std::size_t output, std::string_view text, Instant now) {
  if (output == kSaid) show_said(now);
  return output == kSaid && !said_.empty() ? 0 : give(output, text, now);
}

std::size_t JournalConsole::give(std::size_t output, std::string_view text, Instant now) {
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

void JournalConsole::show_said(Instant now) {
  std::size_t done = 0;
  while (done < said_.size()) {
    const std::size_t taken = give(kSaid, std::string_view(said_).substr(done), now);
    if (taken == 0) break;
    done += taken;
  }
  said_.erase(0, done);
}

void JournalConsole::watch(os::Poller& poller, std::uint64_t first_key) {
  for (std::size_t i = 0; i < kOutputs; ++i) {
    Output& output = outputs_[i];
    if (output.since.has_value() == output.watched) continue;
    if (output.watched) {
      poller.unwatch(output.out.fd());
      output.watched = false;
    } else {
      output.watched = poller.watch(output.out.fd(), os::kWritable, first_key + i).has_value();
    }
  }
}

Instant JournalConsole::deadline() const {
  Instant next = Instant::max();
  for (const Output& output : outputs_) {
    if (output.since) next = std::min(next, after(*output.since, kPatience));
  }
  return next;
}

}  // namespace gatevisor::app
