// Reads journal files: systemd's and ours, also while they are written or after a crash.
//
// The file is not trusted: nothing crashes, hangs or allocates beyond ReadLimits, whatever is in
// it. Both forms (regular and compact) and both hashes are read. A field that systemd compressed
// comes out as it is, marked: see decompress.h.
//
// Moving works as in sd-journal: seeking goes between two entries, and next() or previous() from
// there to one of them.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "journal/decompress.h"
#include "journal/entry_chain.h"
#include "journal/match.h"
#include "journal/objects.h"

namespace gatevisor::journal {

struct ReadLimits {
  std::uint64_t max_entry_size = 256 << 20;  ///< of all fields of one entry together
  std::size_t max_fields = 4096;             ///< of one entry
};

struct ReadField {
  std::string payload;  ///< 'NAME=value', or what it was compressed to
  Compression compression = Compression::kNone;

  std::string_view name() const { return std::string_view(payload).substr(0, payload.find('=')); }
  std::string_view value() const {
    return std::string_view(payload).substr(std::min(name().size() + 1, payload.size()));
  }
};

struct EntryMeta {
  std::uint64_t seqnum = 0;
  std::uint64_t realtime_usec = 0;
  std::uint64_t monotonic_usec = 0;
  Id128 boot_id{};
  std::uint64_t xor_hash = 0;
};

struct Entry : EntryMeta {
  std::vector<ReadField> fields;
};

/// A field where it stands in the file, or in EntryView::copies.
struct FieldView {
  std::string_view payload;  ///< 'NAME=value', or what it was compressed to
  Compression compression = Compression::kNone;
};

/// An entry without copies of what is in it: good until the storage changes, or the next one.
struct EntryView : EntryMeta {
  std::vector<FieldView> fields;
  std::string copies;  ///< what is behind `fields` where the storage is not mapped
};

class Reader {
 public:
  /// EBADMSG: no journal file. EPROTONOSUPPORT: one of a form that is not known here.
  static Expected<Reader> open(Storage& storage, const ReadLimits& limits = {});

  /// Sees what was added since. The position and the matches stay.
  Expected<void> refresh();

  const Header& header() const { return objects_->header(); }
  /// Left behind by a crash, or being written.
  bool unclean() const { return objects_->unclean(); }
  bool compact() const { return objects_->compact(); }
  /// Whole entries.
  std::uint64_t entries() const { return entries_.size(); }

  void seek_head() { position_ = {}; }
  void seek_tail() { position_ = {.offset = last_entry_ + 1, .on_entry = false}; }
  /// Before the first entry whose number is not below `seqnum`.
  Expected<void> seek_seqnum(std::uint64_t seqnum);
  /// Before the first entry that is not older.
  Expected<void> seek_realtime(std::uint64_t usec);
  /// Before the entry that cursor() was taken of, or where it would be. EINVAL: no cursor.
  Expected<void> seek_cursor(std::string_view cursor);

  /// Is there one? At an end, the position stays.
  Expected<bool> next();
  Expected<bool> previous();

  /// Of the entry that next() or previous() went to.
  Expected<EntryMeta> meta() const;
  /// An entry that is damaged is an error; next() goes on behind it.
  Expected<Entry> entry() const;
  /// The same, fast; what `view` had is replaced.
  Expected<void> view(EntryView& view) const;

  /// As journalctl writes it: 's=…;i=…;b=…;m=…;t=…;x=…'.
  std::string cursor(const EntryMeta& entry) const;

  /// From now on only entries that match, whatever was asked for before. An error changes nothing.
  Expected<void> set_matches(Matches matches);
  /// From now on only entries with 'NAME=value'. Of one name any value will do, of several names
  /// each has to match.
  Expected<void> add_match(std::string_view payload);
  void clear_matches() { matches_ = {}; }

  /// Every value of the field once, the newest first, until `visit` returns false.
  Expected<void> unique(std::string_view name,
                        const std::function<bool(std::string_view value)>& visit) const;
  /// Every name of a field once, until `visit` returns false.
  Expected<void> names(const std::function<bool(std::string_view name)>& visit) const;

 private:
  struct Position {
    std::uint64_t offset = 0;
    bool on_entry = false;  // else before it
  };

  explicit Reader(const ReadLimits& limits) : limits_(limits) {}

  template <typename Key>
  Expected<void> seek_by(std::uint64_t wanted, Key key);
  Expected<std::string> payload_of(const Objects::Data& data) const;
  Expected<void> view_mapped(EntryView& view) const;
  /// The first entry from `offset` on that matches, or the last one before it; 0: none.
  Expected<std::uint64_t> match_from(std::uint64_t offset);
  Expected<std::uint64_t> match_before(std::uint64_t offset);

  Storage* storage_ = nullptr;
  ReadLimits limits_;
  std::unique_ptr<Objects> objects_;  // the chains point to it
  EntryChain entries_;
  std::uint64_t last_entry_ = 0;
  Position position_;
  Matches matches_;
  MatchTree tree_;
};

}  // namespace gatevisor::journal
