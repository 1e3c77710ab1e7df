// Several journal files as one, in the order of time, each entry once.
//
// The order is sd-journal's: sequence numbers among files of one run, then the time since boot,
// then the wall clock. A file that turns out to be damaged is left from there on, and said.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "journal/reader.h"
#include "log/cursor.h"

namespace gatevisor::log {

class JournalSet {
 public:
  using OnDamage = std::function<void(const std::string& path, const Error& error)>;

  explicit JournalSet(OnDamage on_damage) : on_damage_(std::move(on_damage)) {}

  /// A file more; what is in it takes part from the present place on. EBADMSG, EPROTONOSUPPORT as
  /// Reader::open().
  Expected<void> add(std::string path, std::unique_ptr<journal::Storage> storage);
  /// Replaces what was asked for before, and goes to the head.
  void set_matches(journal::Matches matches);
  /// Sees what was added to the file since.
  Expected<void> refresh(std::size_t index);

  std::size_t size() const { return sources_.size(); }
  const std::string& path(std::size_t index) const { return sources_[index]->path; }
  const journal::Reader& reader(std::size_t index) const { return sources_[index]->reader; }
  journal::Storage& storage(std::size_t index) { return *sources_[index]->storage; }
  void remove(std::size_t index);
  /// Nothing is left of this one in the direction of the last move.
  bool exhausted(std::size_t index) const { return sources_[index]->state == State::kEnd; }

  void seek_head();
  void seek_tail();
  /// Before the first entry that is not older; previous() then goes to the one before, which may be
  /// as old: seek to usec + 1 for that.
  void seek_realtime(std::uint64_t usec);
  void seek_cursor(const Cursor& cursor);

  bool next() { return step(true); }
  bool previous() { return step(false); }

  /// Of the entry that next() or previous() went to; there must be one.
  const journal::EntryMeta& meta() const { return current_.meta; }
  const journal::Id128& seqnum_id() const { return current_.seqnum_id; }
  bool at_entry() const { return has_current_; }
  bool is_at(const Cursor& cursor) const;
  std::string cursor() const;
  /// Its fields, those that were compressed in plain. False: it is damaged, which was said.
  bool entry(journal::EntryView& view);

  /// Every value of the field in any of the files once; the names of all fields.
  void unique(std::string_view name, const std::function<bool(std::string_view)>& visit);
  void names(const std::function<bool(std::string_view)>& visit);

 private:
  /// Where a file's reader stands.
  enum class State : std::uint8_t {
    kMove,  ///< its next candidate has to be looked for
    kTurn,  ///< the same, but its present entry may be the one: the direction has changed
    kAt,    ///< at its candidate
    kEnd,   ///< it has none
    kBad,   ///< damaged
  };
  struct Place {
    journal::EntryMeta meta;
    journal::Id128 seqnum_id{};
  };
  struct Source {
    std::string path;
    std::unique_ptr<journal::Storage> storage;
    journal::Reader reader;
    State state = State::kMove;
    Place place;
  };

  static int compare(const Place& a, const Place& b);
  bool step(bool down);
  bool advance(Source& source, bool down);
  void damaged(Source& source, const Error& error);
  void start_over();

  OnDamage on_damage_;
  std::vector<std::unique_ptr<Source>> sources_;
  journal::Matches matches_;
  bool down_ = true;
  bool has_current_ = false;
  Place current_;
  Source* at_ = nullptr;
  std::deque<std::string> plain_;  // what was compressed in the entry that was read last
};

}  // namespace gatevisor::log
