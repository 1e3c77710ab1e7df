// Writes a journal file that journalctl reads: keyed hash, compact form (systemd 252 and later),
// no compression, no sealing.
//
// One file, one boot, one writer. An entry is a transaction: append() first looks everything up and
// asks for the room, and changes the file only then. New objects are written before what points to
// them, and the header last. Whoever reads, or finds the file after the writer crashed, sees whole
// entries. What survives a loss of power is up to the owner of the storage: fsync(2) after flush().
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "journal/data_cache.h"
#include "journal/format.h"
#include "journal/hash_table.h"
#include "journal/staging.h"
#include "journal/storage.h"

namespace gatevisor::journal {

struct FileIds {
  Id128 file_id{};  ///< random: keys the hash, so that nobody can make chains long on purpose
  Id128 machine_id{};
  Id128 boot_id{};
  Id128 seqnum_id{};  ///< the same in all files that share one run of sequence numbers
};

struct EntryTimes {
  std::uint64_t realtime_usec = 0;
  std::uint64_t monotonic_usec = 0;
};

/// NAME and value. With an empty name, `value` is all of it: 'NAME=value'.
struct Field {
  std::string_view name;
  std::span<const std::byte> value;
};

/// What many entries have in common: hashed once for each file.
class CommonFields {
 public:
  CommonFields() = default;
  /// 'NAME=value' each. What is given twice counts once.
  explicit CommonFields(std::vector<std::string> payloads);

 private:
  friend class Writer;
  std::vector<std::string> payloads_;
  std::vector<std::uint64_t> hashes_;  // theirs in the file
  std::uint64_t plain_ = 0;            // Jenkins' of them all
  Id128 file_{};
  std::uint64_t group_ = 0;  // of the file's writer, where it has been the last one
};

/// Which systemd's header the file gets. All of them read both; `journalctl --verify` before 254
/// refuses the flag that comes with the newer one.
enum class HeaderForm : std::uint8_t { k252, k254 };

struct Limits {
  std::uint64_t max_size = 128 << 20;       ///< the file never gets longer; below 4 GiB
  std::uint64_t allocation_step = 1 << 20;  ///< room is asked for in such pieces
  std::size_t buffer = 0;                   ///< bytes that may wait for flush(); 0: none
  std::size_t cached_data = 512;            ///< data objects remembered, 220 bytes each
  std::uint64_t max_field_size = 64 << 20;  ///< longest 'NAME=value'
  std::size_t max_fields = 1024;            ///< of an entry, as in journald
  HeaderForm header = HeaderForm::k252;
};

class Writer {
 public:
  /// Starts a file in empty storage. `first_seqnum`, from 1, is the first entry's number.
  static Expected<Writer> create(Storage& storage, const FileIds& ids, std::uint64_t first_seqnum,
                                 const Limits& limits = {});

  /// Adds an entry and gives its sequence number. With Limits.buffer 0 it is in the storage then,
  /// else after flush(). Fields given twice are kept once.
  ///
  /// Refused, without a change, in the way of journald, which then goes on in a new file:
  /// EREMCHG where realtime, ENOTNAM where monotonic time is before the last entry's; E2BIG where
  /// there is no more room below max_size. EINVAL: no field, too many, a bad name or time.
  /// EMSGSIZE: a field above max_field_size, an entry above max_size. What allocate()
  /// says (ENOSPC) leaves all as it was, too; the entry may be tried again. A failing read or write
  /// ends this file: see broken().
  ///
  /// `common`: fields that the entry has beside those; `also`: and more, of which the next entry
  /// with the same `common` may have others.
  Expected<std::uint64_t> append(const EntryTimes& times, std::span<const Field> fields,
                                 CommonFields* common = nullptr, CommonFields* also = nullptr);

  /// Writes what waits.
  Expected<void> flush();

  /// Writes what waits and the state. Nothing may be appended afterwards. What the storage has
  /// behind used() may be cut off then.
  Expected<void> close(State state = State::kArchived);

  /// Time for a new file: the hash table is filled to 75 %, a hash chain is 100 long, an entry
  /// found no room below max_size, or broken().
  bool full() const;

  /// A write failed half-way: the file is good up to its last whole entry, and nothing is added.
  bool broken() const { return broken_; }

  std::uint64_t entries() const { return header_.n_entries; }
  std::uint64_t next_seqnum() const { return next_seqnum_; }
  /// Bytes from the start to the end of the last object.
  std::uint64_t used() const { return staging_.end(); }

 private:
  /// A field of the entry that is being appended.
  struct Planned {
    std::span<const std::byte> payload;
    HashTable::Place place;           // of one from the cache its hash alone
    DataCache::Slot* slot = nullptr;  // where it was found; another may be in it by now
    std::uint64_t offset = 0;         // of its data object; 0 until there is one
    bool is_new = false;
  };

  /// Common fields that all of the last entries had: what these change in the fields is put off,
  /// and then the same for all.
  struct Group {
    std::uint64_t number = 0;            // CommonFields::group_; 0: there is none
    std::uint64_t beside = 0;            // the number of the group in front of it
    bool has_entry = false;              // the one that is being appended
    std::span<const Planned> planned;    // its fields, where it has not
    std::vector<std::uint32_t> slots;    // of the cache
    std::vector<std::uint32_t> offsets;  // of the data objects, in order
    std::uint32_t room = 0;              // entries that each of their arrays has room for
    Run waiting;                         // entries that are put off
  };

  Writer(Storage& storage, const Limits& limits);

  Expected<void> start(const FileIds& ids);
  Expected<HashTable> add_hash_table(ObjectType type, std::uint64_t buckets);

  Expected<void> check_times(const EntryTimes& times) const;
  Expected<void> carry_out(const EntryTimes& times, std::uint64_t xor_hash, CommonFields* common,
                           CommonFields* also);
  Expected<void> link(CommonFields* common, CommonFields* also);

  // writer_plan.cc: without any change, what is there already; asks for the room that the rest
  // needs.
  Expected<std::uint64_t> plan(std::span<const Field> fields, CommonFields* common,
                               CommonFields* also);
  Expected<std::uint64_t> plan_field(std::span<const std::byte> payload, const CommonFields* common,
                                     const CommonFields* also);
  bool is_planned(std::span<const std::byte> payload, std::uint64_t hash) const;
  DataCache::Slot* find_cached(std::span<const std::byte> payload);
  void plan_cached(std::span<const std::byte> payload, DataCache::Slot& slot);
  Expected<void> plan_hashed(std::span<const std::byte> payload, const HashTable::Place& place);
  Expected<void> make_room(std::uint64_t bytes);

  // writer_common.cc: fields that many entries have in common.
  Expected<void> plan_common(CommonFields* common, CommonFields* also);
  Expected<void> plan_group(CommonFields& fields, const CommonFields* others);
  Expected<void> hash(CommonFields& fields) const;
  bool goes_on(Group& group, const CommonFields* fields) const;
  static bool has(const CommonFields* fields, std::span<const std::byte> payload,
                  std::uint64_t hash);
  void form_group(Group& group, CommonFields& fields);
  void settle_group(Group& group);
  void end_group(Group& group);

  // writer_data.cc: data and field objects, and their hash tables.
  Expected<DataState> find_data(std::span<const std::byte> payload, const HashTable::Place& place);
  Expected<DataState> load_data(std::uint64_t offset);
  Expected<bool> same_payload(std::uint64_t offset, std::span<const std::byte> payload);
  /// Its slot in fields_, filled; nullptr: there is no such field.
  Expected<FieldCache::Slot*> find_field(std::span<const std::byte> name);
  /// `entry`: where the entry will be that it is made for.
  Expected<void> add_data(Planned& planned, std::uint64_t entry);
  Expected<FieldCache::Slot*> add_field(std::span<const std::byte> name);
  void link_hash(HashTable& table, const HashTable::Place& place, std::uint64_t offset);

  // writer_arrays.cc: entry arrays.
  Expected<void> link_entry(ArrayChain& chain, std::uint64_t index);
  Expected<void> link_data(Planned& planned);
  void set_dirty(DataCache::Slot& slot);
  void write_back(DataCache::Slot& slot);
  void wait_for_array(ArrayChain& chain, const Run& run);
  void write_waiting(ArrayChain& chain);
  void write_back_all();
  static std::uint64_t array_growth(const ArrayChain& chain, std::uint64_t index);
  static std::uint64_t array_growth(const DataState& data) {
    return data.n_entries == 0 ? 0 : array_growth(data.arrays, data.n_entries - 1);
  }

  /// Bytes of memory that wait for flush(), about.
  std::size_t pending() const;
  void object_added(std::uint64_t offset);
  std::uint64_t hash_of(std::span<const std::byte> payload) const;

  Storage* storage_;
  Limits limits_;
  Staging staging_;
  DataCache cache_;
  FieldCache fields_;
  HashTable data_table_;
  HashTable field_table_;
  Header header_;
  Id128 boot_id_{};
  ArrayChain entries_;  // the array of all entries
  std::uint64_t next_seqnum_ = 1;
  Group common_;
  Group also_;
  std::uint64_t last_group_ = 0;
  std::vector<std::uint32_t> batch_;  // the entries since the last flush()
  std::vector<std::uint32_t> dirty_;  // slots of the cache that have been dirty since then
  std::vector<Change> changes_;       // of the hash tables, in flush()
  std::uint64_t new_bytes_ = 0;       // data and field objects of the entry that is being appended
  std::uint64_t array_bytes_ = 0;     // and entry arrays
  std::uint64_t plan_ = 0;            // its number
  std::vector<Planned> planned_;
  std::vector<std::span<const std::byte>> new_names_;  // of the entry that is being appended
  std::vector<std::byte> scratch_;                     // name and value put together
  std::vector<std::uint32_t> items_;  // where the entry's data objects are, in order
  bool limit_hit_ = false;
  bool closed_ = false;
  bool broken_ = false;
};

}  // namespace gatevisor::journal
