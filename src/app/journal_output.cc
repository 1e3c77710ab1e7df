#include "app/journal_output.h"

#include <algorithm>
#include <array>
#include <iterator>

#include "core/last_words.h"
#include "protocol/line_text.h"
#include "protocol/lines.h"

namespace gatevisor::app {
namespace {

/// Lines for the console are put together up to about that.
constexpr std::size_t kShownText = std::size_t{32} << 10;

}  // namespace

JournalOutput::JournalOutput(protocol::JournalStream stream, os::UniqueFd pipe, os::Spool spool,
                             JournalStore& store, JournalMemory& memory)
    : stream_(std::move(stream)),
      pipe_(std::move(pipe)),
      spool_(std::move(spool)),
      store_(store),
      memory_(memory) {
  std::vector<std::string> common = stream_.fields;
  std::ranges::copy(store_.host_fields(), std::back_inserter(common));
  common_ = journal::CommonFields(std::move(common));
  for (std::size_t level = 0; level < levels_.size(); ++level) {
    levels_[level] = journal::CommonFields({"PRIORITY=" + std::to_string(level)});
  }
  end_ = spool_.end().value_or(0);
  go_back();
  shown_ = place(memory_.shown).offset;
}

/// A slot that had another stream counts from the start.
StreamPlace& JournalOutput::place(StreamPlaces& places) const {
  StreamPlace& place = places[stream_.slot];
  if (place.id != stream_.id) place = {stream_.id, 0};
  return place;
}

void JournalOutput::go_back() {
  const StreamPlace& kept = store_.account().streams[stream_.slot];
  kept_ = std::max(kept.id == stream_.id ? kept.offset : 0, place(memory_.dropped).offset);
  has_line_ = true;
}

Expected<bool> JournalOutput::take() {
  if (ended_ || !has_room()) return false;
  const auto moved = spool_.take(pipe_.get(), kTurn);
  if (!moved) return std::unexpected(moved.error());
  if (!*moved) return false;
  has_line_ = true;
  end_ += **moved;
  ended_ = **moved == 0;
  return !ended_;
}

std::string_view JournalOutput::read(std::uint64_t from, std::span<char> window) const {
  const auto most = static_cast<std::size_t>(std::min<std::uint64_t>(window.size(), end_ - from));
  return {window.data(), spool_.read(from, window.first(most)).value_or(0)};
}

Expected<void> JournalOutput::keep(std::span<char> window, const os::JournalTimes& times) {
  while (kept_ < end_ && has_line_) {
    std::string_view bytes = read(kept_, window);
    const bool last = ended_ && kept_ + bytes.size() == end_;
    const std::uint64_t before = kept_;
    while (const auto line = protocol::first_line(bytes, last)) {
      auto done = keep_line(line->text, to_string(line->broken_by), kept_ + line->size, times);
      if (!done) return done;
      kept_ += line->size;
      bytes.remove_prefix(line->size);
    }
    has_line_ = kept_ != before;
  }
  return {};
}

Expected<void> JournalOutput::keep_line(std::string_view line, std::string_view line_break,
                                        std::uint64_t next, const os::JournalTimes& times) {
  look_at(line);
  unsigned level = stream_.level;
  if (stream_.level_prefix) level = protocol::take_level(line).value_or(level);
  StreamPlace& account = store_.next_account().streams[stream_.slot];
  const JournalStore::Mark mark{&account.offset, next, &account.id, stream_.id};
  // As journald has it: what has no text is no entry.
  if (line.empty() || level > stream_.most_level) return store_.skip(mark);
  const std::array<journal::Field, 2> fields = {
      {{"MESSAGE", bytes_of(line)}, {"_LINE_BREAK", bytes_of(line_break)}}};
  auto done = store_.append({times.realtime_usec, times.monotonic_usec},
                            std::span(fields).first(line_break.empty() ? 1 : 2), mark, &common_,
                            &levels_[level]);
  if (done) store_.next_account().bytes += line.size();
  critical_ |= done && level <= kCriticalLevel;
  return done;
}

// In the memory that outlives this writer before the account says that the line is done with.
void JournalOutput::look_at(std::string_view line) {
  if (stream_.awaited.empty()) return;
  std::uint64_t& seen = place(memory_.awaited).offset;
  if (seen == 0 && line.find(stream_.awaited) != line.npos) seen = 1;
}

bool JournalOutput::take_line_seen() {
  if (seen_told_ || stream_.awaited.empty() || place(memory_.awaited).offset == 0) return false;
  seen_told_ = true;
  return true;
}

std::uint64_t JournalOutput::drop(std::span<char> window) {
  std::uint64_t lines = 0;
  while (kept_ < end_) {
    std::string_view bytes = read(kept_, window);
    const bool last = ended_ && kept_ + bytes.size() == end_;
    const std::uint64_t before = kept_;
    while (const auto line = protocol::first_line(bytes, last)) {
      look_at(line->text);
      kept_ += line->size;
      bytes.remove_prefix(line->size);
      ++lines;
    }
    if (kept_ == before) break;
  }
  place(memory_.dropped).offset = kept_;
  return lines;
}

void JournalOutput::show(JournalConsole& console, std::span<char> window, Instant now) {
  if (console.mode() == ConsoleMode::None) shown_ = end_;
  while (shown_ < end_ || !shown_text_.empty()) {
    std::size_t done = 0;
    if (console.mode() == ConsoleMode::Pass) {
      done = console.offer(stream_.is_error ? 1 : 0, read(shown_, window), now);
      shown_ += done;
    } else {
      const std::string_view bytes = read(shown_, window);
      done = show_lines(console, bytes, ended_ && shown_ + bytes.size() == end_, now);
      // A line that is on its way is done with once all of it has gone.
    }
    if (done == 0) break;
  }
  place(memory_.shown).offset = shown_;
}

/// Some lines to the console, as text; 0: it takes nothing, or there is no whole one.
std::size_t JournalOutput::show_lines(JournalConsole& console, std::string_view bytes, bool last,
                                      Instant now) {
  if (shown_text_.empty()) {
    const std::string time = os::wall_time(now);
    std::uint64_t to = shown_;
    while (shown_text_.size() < kShownText) {
      const auto line = protocol::first_line(bytes, last);
      if (!line) break;
      std::string_view text = line->text;
      unsigned level = stream_.level;
      if (stream_.level_prefix) level = protocol::take_level(text).value_or(level);
      if (console.mode() == ConsoleMode::Json) {
        protocol::append_json(shown_text_, protocol::origin_of(stream_), time, level, text);
      } else {
        protocol::append_prefixed(shown_text_, protocol::origin_of(stream_), time, text);
      }
      to += line->size;
      bytes.remove_prefix(line->size);
    }
    shown_text_at_ = 0;
    shown_next_ = to;
  }
  if (shown_text_.empty()) return 0;
  const std::string_view rest = std::string_view(shown_text_).substr(shown_text_at_);
  const std::size_t taken = console.offer(stream_.is_error ? 1 : 0, rest, now);
  shown_text_at_ += taken;
  if (shown_text_at_ == shown_text_.size()) {
    shown_text_.clear();
    shown_ = shown_next_;
  }
  return taken;
}

bool JournalOutput::is_shown(ConsoleMode mode) const {
  const bool lines = mode == ConsoleMode::Prefix || mode == ConsoleMode::Json;
  const bool all_lines = lines && shown_text_.empty() && !has_line_ && shown_ >= kept_;
  return shown_ == end_ || (!ended_ && all_lines);
}

bool JournalOutput::is_done() const {
  if (!ended_ || shown_ != end_ || kept_ != end_) return false;
  const StreamPlace& kept = store_.account().streams[stream_.slot];
  const StreamPlace& dropped = memory_.dropped[stream_.slot];
  return end_ == 0 || (kept.id == stream_.id && kept.offset == end_) ||
         (dropped.id == stream_.id && dropped.offset == end_);
}

std::optional<LastWords> JournalOutput::last_words(std::span<char> window) const {
  return core::find_last_words(read(tail(), window));
}

void JournalOutput::tidy() {
  const StreamPlace& kept = store_.account().streams[stream_.slot];
  const std::uint64_t committed =
      std::max(kept.id == stream_.id ? kept.offset : 0, place(memory_.dropped).offset);
  spool_.forget(std::min({committed, shown_, tail()}));
}

}  // namespace gatevisor::app
