// The entries of `gatevisor log`: where to begin, which to show, and following.
#include <cerrno>

#include "app/exit_code.h"
#include "app/log_session.h"
#include "log/timestamp.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/file_watch.h"

namespace gatevisor::app {
namespace {

using journal::EntryView;

class Show {
 public:
  explicit Show(LogSession& session)
      : session_(session),
        options_(session.options),
        set_(session.set),
        formatter_(format_of(session), session.calendar) {}

  /// What was asked for in words becomes times, cursors and a pattern.
  Expected<void> prepare() {
    const std::uint64_t now = os::journal_times().realtime_usec;
    if (auto taken = take_time("--since", options_.since, now, since_); !taken) return taken;
    if (auto taken = take_time("--until", options_.until, now, until_); !taken) return taken;
    if (since_ && until_ && *since_ > *until_) {
      return fail("", "--since is behind --until", 0, "no entry can be between them");
    }
    std::string cursor = !options_.cursor.empty() ? options_.cursor : options_.after_cursor;
    after_ = options_.cursor.empty();
    if (!options_.cursor_file.empty() && cursor.empty()) {
      const auto text = os::read_file(options_.cursor_file);
      if (!text && text.error().code != ENOENT) return std::unexpected(text.error());
      if (text) cursor = config::trim(*text);
    }
    if (!cursor.empty()) {
      auto parsed = log::parse_cursor(cursor);
      if (!parsed) return std::unexpected(std::move(parsed.error()));
      cursor_ = *parsed;
    }
    if (options_.grep) {
      auto compiled = log::Grep::compile(*options_.grep, options_.case_rule);
      if (!compiled) return std::unexpected(std::move(compiled.error()));
      grep_.emplace(std::move(*compiled));
    }
    return {};
  }

  /// Goes to the first entry to show.
  void begin() {
    const bool some = options_.lines && *options_.lines != LogOptions::kAll;
    if (cursor_) {
      set_.seek_cursor(*cursor_);
      if (options_.reverse) {
        // previous() has to come to the very entry, if it is there.
        if (set_.next() && !set_.is_at(*cursor_))
          have_ = set_.previous();
        else
          have_ = set_.at_entry() || set_.previous();
      } else {
        have_ = set_.next();
      }
      if (after_ && have_ && set_.is_at(*cursor_)) have_ = move();
    } else if (since_ && !options_.reverse) {
      set_.seek_realtime(*since_);
      have_ = set_.next();
    } else if (options_.reverse || some) {
      if (until_) {
        set_.seek_realtime(*until_ + 1);
      } else {
        set_.seek_tail();
      }
      have_ = set_.previous();
      for (std::uint64_t n = 1; !options_.reverse && have_ && n < *options_.lines; ++n) {
        if (!set_.previous()) break;
      }
    } else {
      have_ = set_.next();
    }
    if (some && *options_.lines == 0) have_ = false;
  }

  /// Shows until there is nothing more, or all that was asked for was shown. False: nobody reads.
  bool go_on() {
    for (; have_; have_ = move()) {
      if (until_ && !options_.reverse && set_.meta().realtime_usec > *until_) break;
      if (since_ && options_.reverse && set_.meta().realtime_usec < *since_) break;
      if (!options_.follow && options_.lines && shown_ >= *options_.lines) break;
      if (!show_one()) return false;
    }
    return true;
  }

  /// New entries: the present one is shown already.
  bool go_on_behind() {
    have_ = set_.next();
    return go_on();
  }

  bool nothing_shown() const { return shown_ == 0; }

 private:
  static log::FormatOptions format_of(const LogSession& session) {
    log::FormatOptions format = session.options.format;
    format.colors = session.colors;
    return format;
  }

  Expected<void> take_time(const char* name, const std::string& text, std::uint64_t now,
                           std::optional<std::uint64_t>& into) const {
    if (text.empty()) return {};
    const auto time = log::parse_timestamp(text, session_.calendar, now);
    if (!time) return fail("", std::string(name) + "=" + text, 0, time.error());
    into = *time;
    return {};
  }

  bool move() { return options_.reverse ? set_.previous() : set_.next(); }

  bool show_one() {
    std::string& out = session_.out.text();
    const journal::Id128& boot = set_.meta().boot_id;
    if (!options_.merge && !options_.quiet) {
      if (last_boot_ && *last_boot_ != boot) {
        if (session_.colors) out += log::kHighlight;
        out += "-- Boot ";
        log::append_hex(out, boot);
        out += " --";
        if (session_.colors) out += log::kNormal;
        out += '\n';
      }
      last_boot_ = boot;
    }
    if (!set_.entry(entry_)) return true;  // damaged, and said
    std::optional<log::Span> match;
    if (grep_) {
      const std::string_view message = log::value_of(entry_, "MESSAGE");
      if (message.data() == nullptr) return true;
      match = grep_->find(message);
      if (!match) return true;
    }
    formatter_.append(out, entry_, set_.seqnum_id(), match);
    ++shown_;
    return session_.out.flush_if_much();
  }

  LogSession& session_;
  const LogOptions& options_;
  log::JournalSet& set_;
  log::Formatter formatter_;
  std::optional<std::uint64_t> since_;
  std::optional<std::uint64_t> until_;
  std::optional<log::Cursor> cursor_;
  std::optional<log::Grep> grep_;
  bool after_ = false;
  bool have_ = false;
  std::uint64_t shown_ = 0;
  std::optional<journal::Id128> last_boot_;
  EntryView entry_;
};

/// What was written to a file since. A file that cannot be read any more is left.
bool refresh(log::JournalSet& set, std::size_t i) {
  auto& file = static_cast<MappedStorage&>(set.storage(i)).file();
  const bool remapped = [&file] {
    const auto* const before = file.bytes().data();
    return !file.refresh() || file.bytes().data() != before;
  }();
  const journal::Header& known = set.reader(i).header();
  const auto now = journal::load<journal::Header>(file.bytes().data());
  if (!remapped && now.n_entries == known.n_entries && now.state == known.state &&
      now.tail_entry_seqnum == known.tail_entry_seqnum) {
    return true;
  }
  const auto done = set.refresh(i);
  if (!done) log_complain(set.path(i) + ": " + to_string(done.error()) + "; not followed any more");
  return done.has_value();
}

/// False: there is a file that is no journal yet.
bool refresh_all(LogSession& session, const std::vector<std::string>& directories, bool names) {
  log::JournalSet& set = session.set;
  for (std::size_t i = set.size(); i-- > 0;) {
    const auto state = static_cast<MappedStorage&>(set.storage(i)).file().state();
    const bool gone = !state || state->removed;
    if (!refresh(set, i) || (gone && set.exhausted(i))) set.remove(i);
  }
  return !names || open_log_files(set, log_files(session.options, directories), {});
}

int follow(LogSession& session, Show& show, os::FileWatch& watch,
           const std::vector<std::string>& directories) {
  // What came between the first look and the watch is taken now.
  os::FileWatch::News news{.changed = true, .names = true, .ended = false};
  while (!news.ended) {
    const bool all = refresh_all(session, directories, news.names);
    if (!show.go_on_behind() || !session.out.flush()) break;
    news = watch.wait();
    news.names |= !all;
  }
  return kOk;
}

}  // namespace

int show_entries(LogSession& session, const std::vector<std::string>& directories) {
  Show show(session);
  const auto complain = [](const Error& error, int status) {
    log_complain(to_string(error));
    return status;
  };
  if (auto prepared = show.prepare(); !prepared) return complain(prepared.error(), kUsage);
  auto matches = log_matches(session);
  if (!matches) return complain(matches.error(), kUsage);
  session.set.set_matches(std::move(*matches));

  std::optional<os::FileWatch> watch;
  if (session.options.follow) {
    auto made = os::FileWatch::make();
    if (!made) return complain(made.error(), kOsError);
    watch.emplace(std::move(*made));
    for (const std::string& directory : directories) {
      if (auto added = watch->add_directory(directory); !added)
        return complain(added.error(), kOsError);
    }
    for (std::size_t i = 0; directories.empty() && i < session.set.size(); ++i) {
      const std::string& path = session.set.path(i);
      const std::size_t slash = path.rfind('/');
      const std::string directory = slash == path.npos ? "." : path.substr(0, slash + 1);
      if (auto added = watch->add_directory(directory); !added)
        return complain(added.error(), kOsError);
    }
  }
  show.begin();
  const bool read = show.go_on();
  if (watch) return read && session.out.flush() ? follow(session, show, *watch, directories) : kOk;
  const LogOptions& options = session.options;
  if (show.nothing_shown() && !options.quiet) session.out.text() += "-- No entries --\n";
  if (session.set.at_entry()) {
    const std::string cursor = session.set.cursor();
    if (options.show_cursor) session.out.text() += "-- cursor: " + cursor + "\n";
    if (!options.cursor_file.empty()) {
      if (auto kept = os::replace_file(options.cursor_file, cursor + "\n"); !kept) {
        return complain(kept.error(), kCantCreate);
      }
    }
  }
  // As grep(1) and journalctl say that nothing was found.
  return options.grep && show.nothing_shown() ? kIncomplete : kOk;
}

}  // namespace gatevisor::app
