#include "log/journal_set.h"

#include <set>

namespace gatevisor::log {
namespace {

constexpr std::size_t kMostValue = 256 << 20;
/// Of -F and --fields: what is held to say each once.
constexpr std::size_t kMostUnique = 256 << 20;

int order(std::uint64_t a, std::uint64_t b) { return a < b ? -1 : a > b ? 1 : 0; }

}  // namespace

Expected<void> JournalSet::add(std::string path, std::unique_ptr<journal::Storage> storage) {
  auto reader = journal::Reader::open(*storage);
  if (!reader) return std::unexpected(std::move(reader.error()));
  if (auto done = reader->set_matches(matches_); !done) return done;
  const journal::Id128 seqnum_id = reader->header().seqnum_id;
  sources_.push_back(
      std::make_unique<Source>(Source{.path = std::move(path),
                                      .storage = std::move(storage),
                                      .reader = std::move(*reader),
                                      .state = State::kMove,
                                      .place = {.meta = {}, .seqnum_id = seqnum_id}}));
  return {};
}

void JournalSet::set_matches(journal::Matches matches) {
  matches_ = std::move(matches);
  for (auto& source : sources_) {
    source->reader.clear_matches();
    if (auto done = source->reader.set_matches(matches_); !done) damaged(*source, done.error());
  }
  seek_head();
}

Expected<void> JournalSet::refresh(std::size_t index) {
  Source& source = *sources_[index];
  if (auto done = source.reader.refresh(); !done) return done;
  if (source.state == State::kEnd) source.state = down_ ? State::kMove : State::kTurn;
  return {};
}

void JournalSet::remove(std::size_t index) {
  if (at_ == sources_[index].get()) at_ = nullptr;
  sources_.erase(sources_.begin() + static_cast<std::ptrdiff_t>(index));
}

void JournalSet::start_over() {
  has_current_ = false;
  at_ = nullptr;
  for (auto& source : sources_) {
    if (source->state != State::kBad) source->state = State::kMove;
  }
}

void JournalSet::seek_head() {
  start_over();
  for (auto& source : sources_) source->reader.seek_head();
}

void JournalSet::seek_tail() {
  start_over();
  for (auto& source : sources_) source->reader.seek_tail();
}

void JournalSet::seek_realtime(std::uint64_t usec) {
  start_over();
  for (auto& source : sources_) {
    if (source->state == State::kBad) continue;
    if (auto done = source->reader.seek_realtime(usec); !done) damaged(*source, done.error());
  }
}

void JournalSet::seek_cursor(const Cursor& cursor) {
  start_over();
  for (auto& source : sources_) {
    if (source->state == State::kBad) continue;
    auto done = cursor.seqnum && cursor.seqnum_id == source->reader.header().seqnum_id
                    ? source->reader.seek_seqnum(*cursor.seqnum)
                    : source->reader.seek_realtime(cursor.realtime_usec.value_or(0));
    if (!done) damaged(*source, done.error());
  }
}

void JournalSet::damaged(Source& source, const Error& error) {
  source.state = State::kBad;
  on_damage_(source.path, error);
}

int JournalSet::compare(const Place& a, const Place& b) {
  const bool same_run = a.seqnum_id == b.seqnum_id;
  const bool same_boot = a.meta.boot_id == b.meta.boot_id;
  if (same_run && a.meta.seqnum != b.meta.seqnum) return order(a.meta.seqnum, b.meta.seqnum);
  if (same_boot && a.meta.monotonic_usec != b.meta.monotonic_usec) {
    return order(a.meta.monotonic_usec, b.meta.monotonic_usec);
  }
  if (a.meta.realtime_usec != b.meta.realtime_usec) {
    return order(a.meta.realtime_usec, b.meta.realtime_usec);
  }
  return order(a.meta.xor_hash, b.meta.xor_hash);
}

/// Brings a file to its first entry beyond the present place.
bool JournalSet::advance(Source& source, bool down) {
  for (;;) {
    switch (source.state) {
      case State::kBad:
      case State::kEnd: return false;
      case State::kAt: break;
      case State::kTurn: {
        const auto meta = source.reader.meta();
        source.state = State::kMove;
        if (!meta) continue;  // at no entry yet
        source.place.meta = *meta;
        source.state = State::kAt;
        break;
      }
      case State::kMove: {
        const auto moved = down ? source.reader.next() : source.reader.previous();
        if (!moved) {
          damaged(source, moved.error());
          return false;
        }
        if (!*moved) {
          source.state = State::kEnd;
          return false;
        }
        auto meta = source.reader.meta();
        if (!meta) {
          damaged(source, meta.error());
          return false;
        }
        source.place.meta = *meta;
        source.state = State::kAt;
        break;
      }
    }
    // Within the file it is already beyond the entry that was there last.
    if (!has_current_ || sources_.size() == 1) return true;
    const int side = compare(source.place, current_);
    if (down ? side > 0 : side < 0) return true;
    source.state = State::kMove;
  }
}

bool JournalSet::step(bool down) {
  if (down != down_) {
    for (auto& source : sources_) {
      if (source->state != State::kBad) source->state = State::kTurn;
    }
    down_ = down;
    // What stands at the present entry itself goes on from there.
    if (at_ != nullptr && at_->state == State::kTurn) at_->state = State::kMove;
  } else if (at_ != nullptr && at_->state == State::kAt) {
    at_->state = State::kMove;
  }
  Source* best = nullptr;
  for (auto& source : sources_) {
    if (!advance(*source, down)) continue;
    if (best == nullptr) {
      best = source.get();
      continue;
    }
    const int side = compare(source->place, best->place);
    if (down ? side < 0 : side > 0) best = source.get();
  }
  if (best == nullptr) return false;
  current_ = best->place;
  has_current_ = true;
  at_ = best;
  return true;
}

bool JournalSet::is_at(const Cursor& cursor) const {
  const auto differs = [](const auto& wanted, const auto& is) { return wanted && *wanted != is; };
  if (!has_current_) return false;
  return !differs(cursor.seqnum_id, current_.seqnum_id) &&
         !differs(cursor.seqnum, current_.meta.seqnum) &&
         !differs(cursor.boot_id, current_.meta.boot_id) &&
         !differs(cursor.monotonic_usec, current_.meta.monotonic_usec) &&
         !differs(cursor.realtime_usec, current_.meta.realtime_usec) &&
         !differs(cursor.xor_hash, current_.meta.xor_hash);
}

std::string JournalSet::cursor() const {
  std::string text;
  append_cursor(text, current_.seqnum_id, current_.meta);
  return text;
}

bool JournalSet::entry(journal::EntryView& view) {
  if (at_ == nullptr) return false;
  if (auto read = at_->reader.view(view); !read) {
    on_damage_(at_->path, read.error());
    return false;
  }
  std::size_t used = 0;
  for (journal::FieldView& field : view.fields) {
    if (field.compression == journal::Compression::kNone) continue;
    if (plain_.size() <= used) plain_.emplace_back();
    std::string& plain = plain_[used++];
    if (auto done = journal::decompress(field.compression, field.payload, plain, kMostValue);
        !done) {
      on_damage_(at_->path, done.error());
      return false;
    }
    field = {.payload = plain, .compression = journal::Compression::kNone};
  }
  return true;
}

void JournalSet::unique(std::string_view name, const std::function<bool(std::string_view)>& visit) {
  std::set<std::string, std::less<>> seen;
  std::size_t bytes = 0;
  bool on = true;
  for (auto& source : sources_) {
    if (!on) return;
    auto done = source->reader.unique(name, [&](std::string_view value) {
      if (sources_.size() > 1) {
        if (!seen.emplace(value).second) return true;
        bytes += value.size() + 64;
        if (bytes > kMostUnique) return on = false;
      }
      return on = visit(value);
    });
    if (!done) damaged(*source, done.error());
  }
}

void JournalSet::names(const std::function<bool(std::string_view)>& visit) {
  std::set<std::string, std::less<>> seen;
  bool on = true;
  for (auto& source : sources_) {
    if (!on) return;
    auto done = source->reader.names(
        [&](std::string_view name) { return !seen.emplace(name).second || (on = visit(name)); });
    if (!done) damaged(*source, done.error());
  }
}

}  // namespace gatevisor::log
