#include "journal/writer.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>

#include "journal/siphash24.h"

namespace gatevisor::journal {
namespace {

// journald: one bucket for 768 bytes of the largest size, filled to 75 %; 333 for names.
constexpr std::uint64_t kBytesPerData = 768;
constexpr std::uint64_t kDataBucketsMin = 2047;
// Ours: the table is in memory while it is written to, and takes 16 MiB of it at most.
constexpr std::uint64_t kDataBucketsMax = std::uint64_t{1} << 20;
constexpr std::uint64_t kFieldBuckets = 333;
constexpr std::uint64_t kChainDepthMax = 100;

/// The first so many are in order; mostly few are not.
void put_in_order(std::vector<std::uint32_t>& items, std::size_t in_order) {
  constexpr std::size_t kFew = 48;
  if (items.size() > in_order + kFew) {
    std::ranges::sort(items);
    return;
  }
  for (std::size_t i = std::max<std::size_t>(in_order, 1); i < items.size(); ++i) {
    const std::uint32_t item = items[i];
    std::size_t at = i;
    for (; at > 0 && items[at - 1] > item; --at) items[at] = items[at - 1];
    items[at] = item;
  }
}

}  // namespace

Writer::Writer(Storage& storage, const Limits& limits)
    : storage_(&storage),
      limits_(limits),
      staging_(storage, limits.header == HeaderForm::k254 ? kHeaderSize254 : kHeaderSize252),
      cache_(limits.cached_data) {
  limits_.max_size = std::min(limits_.max_size, kCompactSizeMax);
  limits_.allocation_step = std::max<std::uint64_t>(limits_.allocation_step, 4096);
}

Expected<Writer> Writer::create(Storage& storage, const FileIds& ids, std::uint64_t first_seqnum,
                                const Limits& limits) {
  if (first_seqnum == 0) {
    return fail("journal", "sequence number 0", EINVAL);
  }
  Writer writer(storage, limits);
  writer.next_seqnum_ = first_seqnum;
  writer.boot_id_ = ids.boot_id;
  if (auto done = writer.start(ids); !done) {
    return std::unexpected(std::move(done.error()));
  }
  return writer;
}

Expected<void> Writer::start(const FileIds& ids) {
  header_.signature = kSignature;
  header_.header_size = staging_.end();
  header_.incompatible_flags = kIncompatibleKeyedHash | kIncompatibleCompact;
  if (limits_.header == HeaderForm::k254) {
    header_.compatible_flags = kCompatibleTailEntryBootId;
  }
  header_.state = static_cast<std::uint8_t>(State::kOnline);
  header_.file_id = ids.file_id;
  header_.machine_id = ids.machine_id;
  header_.seqnum_id = ids.seqnum_id;
  header_.tail_entry_seqnum = next_seqnum_ - 1;
  const std::uint64_t buckets =
      std::clamp(limits_.max_size * 4 / kBytesPerData / 3, kDataBucketsMin, kDataBucketsMax);
  const std::uint64_t tables =
      2 * sizeof(ObjectHeader) + (buckets + kFieldBuckets) * sizeof(HashItem);
  if (auto done = make_room(tables); !done) {
    return done;
  }
  auto fields = add_hash_table(ObjectType::kFieldHashTable, kFieldBuckets);
  if (!fields) {
    return std::unexpected(std::move(fields.error()));
  }
  auto data = add_hash_table(ObjectType::kDataHashTable, buckets);
  if (!data) {
    return std::unexpected(std::move(data.error()));
  }
  field_table_ = std::move(*fields);
  data_table_ = std::move(*data);
  header_.field_hash_table_offset = field_table_.offset();
  header_.field_hash_table_size = field_table_.bytes();
  header_.data_hash_table_offset = data_table_.offset();
  header_.data_hash_table_size = data_table_.bytes();
  return flush();
}

Expected<HashTable> Writer::add_hash_table(ObjectType type, std::uint64_t buckets) {
  const std::uint64_t size = buckets * sizeof(HashItem);
  const ObjectHeader object{.type = type, .size = sizeof(ObjectHeader) + size};
  object_added(staging_.end());
  auto done = staging_.append(bytes_of(object));
  const std::uint64_t offset = staging_.end();
  done = done ? staging_.append_untouched(size) : done;
  if (!done) {
    return std::unexpected(std::move(done.error()));
  }
  return HashTable::make(offset, buckets);
}

Expected<std::uint64_t> Writer::append(const EntryTimes& times, std::span<const Field> fields,
                                       CommonFields* common, CommonFields* also) {
  if (closed_ || broken_) {
    return fail("append", "journal file", ESHUTDOWN);
  }
  if (auto checked = check_times(times); !checked) {
    return std::unexpected(std::move(checked.error()));
  }
  auto xor_hash = plan(fields, common, also);
  if (!xor_hash) {
    return xor_hash;
  }
  // From here on only the storage can fail.
  auto done = carry_out(times, *xor_hash, common, also);
  if (done && pending() > limits_.buffer) {
    done = flush();
  }
  if (!done) {
    broken_ = true;
    return std::unexpected(std::move(done.error()));
  }
  return next_seqnum_++;
}

Expected<void> Writer::check_times(const EntryTimes& times) const {
  if (times.realtime_usec == 0 || times.realtime_usec >= kTimeEnd ||
      times.monotonic_usec >= kTimeEnd) {
    return fail("append", "journal entry's time", EINVAL);
  }
  if (times.realtime_usec < header_.tail_entry_realtime) {
    return fail("append", "realtime before the last entry's", EREMCHG);
  }
  if (times.monotonic_usec < header_.tail_entry_monotonic) {
    return fail("append", "monotonic time before the last entry's", ENOTNAM);
  }
  return {};
}

Expected<void> Writer::carry_out(const EntryTimes& times, std::uint64_t xor_hash,
                                 CommonFields* common, CommonFields* also) {
  const std::uint64_t offset = staging_.end() + new_bytes_;
  items_.clear();
  if (common_.has_entry) {
    items_.assign(common_.offsets.begin(), common_.offsets.end());
  }
  const std::size_t in_order = items_.size();
  if (also_.has_entry) {
    items_.insert(items_.end(), also_.offsets.begin(), also_.offsets.end());
  }
  for (Planned& planned : planned_) {
    if (planned.is_new) {
      if (auto done = add_data(planned, offset); !done) {
        return done;
      }
    } else {
      items_.push_back(static_cast<std::uint32_t>(planned.offset));
    }
  }
  put_in_order(items_, in_order);
  for (const Planned& planned : planned_) {  // behind all others
    if (planned.is_new) items_.push_back(static_cast<std::uint32_t>(planned.offset));
  }
  const EntryObject entry{
      .object = {.type = ObjectType::kEntry,
                 .size = sizeof(EntryObject) + items_.size() * sizeof(std::uint32_t)},
      .seqnum = next_seqnum_,
      .realtime = times.realtime_usec,
      .monotonic = times.monotonic_usec,
      .boot_id = boot_id_,
      .xor_hash = xor_hash};
  auto object = staging_.append_object(align8(entry.object.size));
  if (!object) {
    return std::unexpected(std::move(object.error()));
  }
  std::memcpy(object->data(), &entry, sizeof entry);
  std::memcpy(object->data() + sizeof entry, items_.data(), items_.size() * sizeof items_[0]);
  object_added(offset);
  batch_.push_back(static_cast<std::uint32_t>(offset));
  if (auto done = link(common, also); !done) {
    return done;
  }
  if (header_.n_entries++ == 0) {
    header_.head_entry_seqnum = next_seqnum_;
    header_.head_entry_realtime = times.realtime_usec;
  }
  header_.tail_entry_boot_id = boot_id_;
  header_.tail_entry_seqnum = next_seqnum_;
  header_.tail_entry_realtime = times.realtime_usec;
  header_.tail_entry_monotonic = times.monotonic_usec;
  header_.tail_entry_offset = offset;
  return {};
}

Expected<void> Writer::link(CommonFields* common, CommonFields* also) {
  if (auto done = link_entry(entries_, header_.n_entries); !done) {
    return done;
  }
  for (Group* const group : {&common_, &also_}) {
    if (!group->has_entry) continue;
    ++group->waiting.size;
    --group->room;
  }
  for (Planned& planned : planned_) {
    if (auto done = planned.is_new ? Expected<void>{} : link_data(planned); !done) {
      return done;
    }
  }
  if (common != nullptr && !common_.has_entry) {
    form_group(common_, *common);
  }
  if (also != nullptr && !also_.has_entry && (common == nullptr || common_.number != 0)) {
    form_group(also_, *also);
    also_.beside = common_.number;
  }
  return {};
}

Expected<void> Writer::flush() {
  if (broken_) {
    return fail("flush", "journal file", ESHUTDOWN);
  }
  settle_group(common_);
  settle_group(also_);
  write_back_all();
  header_.data_hash_chain_depth = data_table_.depth();
  header_.field_hash_chain_depth = field_table_.depth();
  header_.entry_array_offset = entries_.head;
  header_.tail_entry_array_offset = static_cast<std::uint32_t>(entries_.tail);
  header_.tail_entry_array_n_entries = entries_.tail_used;
  changes_.clear();
  field_table_.collect(changes_);
  data_table_.collect(changes_);
  auto done = staging_.commit(changes_, bytes_of(header_).first(header_.header_size));
  data_table_.clean();
  field_table_.clean();
  broken_ = !done;
  return done;
}

std::size_t Writer::pending() const {
  // What the arrays get of an entry with a dozen fields.
  constexpr std::size_t kLinked = 64;
  return staging_.pending() + data_table_.pending() + field_table_.pending() +
         batch_.size() * kLinked;
}

Expected<void> Writer::close(State state) {
  if (closed_) {
    return {};
  }
  if (auto done = flush(); !done) {
    return done;
  }
  closed_ = true;
  header_.state = static_cast<std::uint8_t>(state);
  header_.arena_size = staging_.end() - header_.header_size;
  return flush();
}

bool Writer::full() const {
  return broken_ || limit_hit_ || data_table_.is_full(header_.n_data) ||
         field_table_.is_full(header_.n_fields) ||
         data_table_.depth() >= kChainDepthMax || field_table_.depth() >= kChainDepthMax;
}

void Writer::object_added(std::uint64_t offset) {
  header_.tail_object_offset = offset;
  ++header_.n_objects;
}

std::uint64_t Writer::hash_of(std::span<const std::byte> payload) const {
  return siphash24(payload, header_.file_id);
}

}  // namespace gatevisor::journal
