// One stream in the journal writer: the output of a process, on its way from its pipe to the journal
// and to the console.
//
// Owns the pipe's end and the spool. Nothing of the bytes is kept here: what is not yet in the
// journal, or not shown, stays in the spool, and the account says how far each has got.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "app/journal_console.h"
#include "app/journal_store.h"
#include "gatevisor/last_words.h"
#include "os/clock.h"
#include "os/spool.h"
#include "protocol/journal_stream.h"

namespace gatevisor::app {

class JournalOutput {
 public:
  /// No more than that waits in a spool: then the pipe fills, and who writes to it waits.
  static constexpr std::uint64_t kMostWaiting = std::uint64_t{1} << 20;
  /// Taken at a time, so that each stream gets its turn.
  static constexpr std::size_t kTurn = std::size_t{512} << 10;
  /// What keep() and show() read into; longer than any line.
  static constexpr std::size_t kWindow = std::size_t{256} << 10;
  /// Of what was taken that much stays in the spool for last_words().
  static constexpr std::size_t kTail = std::size_t{32} << 10;

  JournalOutput(protocol::JournalStream stream, os::UniqueFd pipe, os::Spool spool,
                JournalStore& store, JournalMemory& memory);

  const protocol::JournalStream& stream() const { return stream_; }
  int pipe() const { return pipe_.get(); }

  /// Moves what the pipe holds to the spool, one turn. False: it is empty now, has ended, or there
  /// is no room.
  Expected<bool> take();
  bool has_room() const { return end_ - std::min(kept_, shown_) < kMostWaiting; }
  bool ended() const { return ended_; }

  /// Appends the whole lines of the spool.
  Expected<void> keep(std::span<char> window, const os::JournalTimes& times);
  /// After a commit that failed: from where the account says.
  void go_back();
  /// Gives up the whole lines that wait; how many.
  std::uint64_t drop(std::span<char> window);
  /// What a run-time said at the end of all that was taken.
  std::optional<LastWords> last_words(std::span<char> window) const;
  /// Once, when the line that is awaited has come. The next writer says it again: nobody knows
  /// whether this one could.
  bool take_line_seen();
  /// A line of level 2 or below has been kept since the last call.
  bool take_critical() { return std::exchange(critical_, false); }

  /// Shows what is not shown yet, as far as the console takes it.
  void show(JournalConsole& console, std::span<char> window, Instant now);
  /// All that was taken is kept, but for a line that has not ended.
  bool is_kept() const { return kept_ == end_ || (!ended_ && !has_line_); }
  bool is_shown(ConsoleMode mode) const;
  /// It has ended, and all of it is in the journal and shown.
  bool is_done() const;
  /// Gives back the spool's memory.
  void tidy();

 private:
  StreamPlace& place(StreamPlaces& places) const;
  std::uint64_t tail() const { return end_ - std::min<std::uint64_t>(end_, kTail); }
  std::string_view read(std::uint64_t from, std::span<char> window) const;
  Expected<void> keep_line(std::string_view line, std::string_view line_break, std::uint64_t next,
                           const os::JournalTimes& times);
  void look_at(std::string_view line);
  std::size_t show_lines(JournalConsole& console, std::string_view bytes, bool last, Instant now);

  protocol::JournalStream stream_;
  os::UniqueFd pipe_;
  os::Spool spool_;
  JournalStore& store_;
  JournalMemory& memory_;
  journal::CommonFields common_;                 ///< of all its lines
  std::array<journal::CommonFields, 8> levels_;  ///< of those of a level
  std::uint64_t end_ = 0;               ///< of what was taken
  std::uint64_t kept_ = 0;              ///< up to here it was appended
  std::uint64_t shown_ = 0;
  std::string shown_text_;        ///< lines on their way to the console
  std::size_t shown_text_at_ = 0;
  std::uint64_t shown_next_ = 0;  ///< shown_ once they have gone
  bool has_line_ = false;  ///< between kept_ and end_, as far as is known
  bool ended_ = false;
  bool critical_ = false;
  bool seen_told_ = false;
};

}  // namespace gatevisor::app
