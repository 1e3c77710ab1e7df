#include "journal/writer.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>

#include "journal/jenkins.h"
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
                                       CommonFields* common) {
  if (closed_ || broken_) {
    return fail("append", "journal file", ESHUTDOWN);
  }
  if (auto checked = check_times(times); !checked) {
    return std::unexpected(std::move(checked.error()));
  }
  auto xor_hash = plan(fields, common);
  if (!xor_hash) {
    return xor_hash;
  }
  // From here on only the storage can fail.
  auto done = carry_out(times, *xor_hash, common);
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

// Finds out, without any change, what is there already; asks for the room that the rest needs.
Expected<std::uint64_t> Writer::plan(std::span<const Field> fields, CommonFields* common) {
  const std::size_t count = fields.size() + (common == nullptr ? 0 : common->fields_.size());
  if (count == 0 || count > limits_.max_fields) {
    return fail("append", "journal entry's number of fields", EINVAL);
  }
  planned_.clear();
  new_names_.clear();
  new_bytes_ = 0;
  array_bytes_ = array_growth(entries_, header_.n_entries);
  // One block for all fields that have to be put together: the spans into it must stay good.
  std::uint64_t together = 0;
  std::uint64_t total = 0;
  for (const Field& field : fields) {
    const std::uint64_t name = field.name.empty() ? 0 : field.name.size() + 1;
    if (field.value.size() > limits_.max_field_size - std::min(name, limits_.max_field_size)) {
      return fail("append", "journal field's size", EMSGSIZE);
    }
    together += name == 0 ? 0 : name + field.value.size();
    total += name + field.value.size();
    if (total > limits_.max_size) {
      return fail("append", "journal entry's size", EMSGSIZE);
    }
  }
  if (scratch_.capacity() > Staging::kSpill && together <= Staging::kSpill) {
    scratch_ = {};
  }
  scratch_.clear();
  scratch_.reserve(together);
  std::uint64_t xor_hash = 0;
  grouped_ = false;
  if (common == nullptr) {
    end_group();
  } else {
    if (auto done = plan_common(*common); !done) {
      return std::unexpected(std::move(done.error()));
    }
    xor_hash ^= common->plain_;
  }
  for (const Field& field : fields) {
    std::span<const std::byte> payload = field.value;
    if (!field.name.empty()) {
      if (field.name.contains('=')) {
        return fail("append", "journal field's name", EINVAL);
      }
      const std::size_t begin = scratch_.size();
      const auto name = std::as_bytes(std::span(field.name));
      scratch_.insert(scratch_.end(), name.begin(), name.end());
      scratch_.push_back(std::byte{'='});
      scratch_.insert(scratch_.end(), field.value.begin(), field.value.end());
      payload = std::span(scratch_).subspan(begin);
    }
    // As in journald, a field given twice counts twice here.
    xor_hash ^= jenkins_hash64(payload);
    if (auto done = plan_field(payload, common); !done) {
      return std::unexpected(std::move(done.error()));
    }
  }
  const std::size_t items = planned_.size() + (grouped_ ? group_.offsets.size() : 0);
  const std::uint64_t entry = sizeof(EntryObject) + align8(items * sizeof(std::uint32_t));
  if (auto done = make_room(new_bytes_ + entry + array_bytes_); !done) {
    return std::unexpected(std::move(done.error()));
  }
  return xor_hash;
}

Expected<void> Writer::plan_field(std::span<const std::byte> payload, const CommonFields* common) {
  if (!is_field_name(name_of(payload))) {
    return fail("append", "journal field's name", EINVAL);
  }
  const std::uint64_t hash = hash_of(payload);
  const bool twice = (grouped_ && is_in_common(*common, hash, payload)) ||
                     std::ranges::any_of(planned_, [&](const Planned& other) {
                       return other.hash == hash && std::ranges::equal(other.payload, payload);
                     });
  return twice ? Expected<void>{} : plan_hashed(payload, hash);
}

Expected<void> Writer::plan_hashed(std::span<const std::byte> payload, std::uint64_t hash) {
  DataCache::Slot* const slot = cache_.find(hash, payload, [&](std::uint64_t offset) {
    return same_payload(offset, payload).value_or(false);
  });
  if (slot != nullptr) {
    array_bytes_ += array_growth(slot->state);
    planned_.push_back(
        {.payload = payload, .hash = hash, .slot = slot, .offset = slot->state.offset});
    return {};
  }
  auto state = find_data(payload, hash);
  if (!state) {
    return std::unexpected(std::move(state.error()));
  }
  const bool is_new = state->offset == 0;
  planned_.push_back({.payload = payload, .hash = hash, .offset = state->offset, .is_new = is_new});
  if (!is_new) {
    array_bytes_ += array_growth(*state);
    return {};
  }
  new_bytes_ += align8(kCompactDataPayload + payload.size());
  const auto name = name_of(payload);
  if (std::ranges::any_of(new_names_, [&](const auto& other) {
        return std::ranges::equal(other, name);
      })) {
    return {};
  }
  auto field = find_field(name, hash_of_name(name));
  if (!field) {
    return std::unexpected(std::move(field.error()));
  }
  if (*field == nullptr) {
    new_names_.push_back(name);
    new_bytes_ += align8(sizeof(FieldObject) + name.size());
  }
  return {};
}

Expected<void> Writer::make_room(std::uint64_t bytes) {
  const std::uint64_t need = staging_.end() + bytes;
  if (need > limits_.max_size) {
    limit_hit_ = true;
    return fail("append", "journal file's largest size", E2BIG);
  }
  const std::uint64_t have = header_.header_size + header_.arena_size;
  if (need <= have) {
    return {};
  }
  const std::uint64_t step = limits_.allocation_step;
  std::uint64_t size = std::min((need + step - 1) / step * step, limits_.max_size);
  auto done = storage_->allocate(size);
  if (!done && size > need) {  // the disk may have room for this one
    size = std::min(align8(need), limits_.max_size);
    done = storage_->allocate(size);
  }
  if (done) {
    header_.arena_size = size - header_.header_size;
  }
  return done;
}

Expected<void> Writer::carry_out(const EntryTimes& times, std::uint64_t xor_hash,
                                 CommonFields* common) {
  const std::uint64_t offset = staging_.end() + new_bytes_;
  items_.clear();
  if (grouped_) {
    items_.assign(group_.offsets.begin(), group_.offsets.end());
  }
  for (Planned& planned : planned_) {
    if (planned.is_new) {
      if (auto done = add_data(planned, offset); !done) {
        return done;
      }
    }
    items_.push_back(static_cast<std::uint32_t>(planned.offset));
  }
  std::ranges::sort(items_);
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
  if (auto done = link(common); !done) {
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

Expected<void> Writer::link(CommonFields* common) {
  if (auto done = link_entry(entries_, header_.n_entries); !done) {
    return done;
  }
  if (grouped_) {
    ++group_.waiting.size;
    --group_.room;
  }
  for (Planned& planned : planned_) {
    if (auto done = planned.is_new ? Expected<void>{} : link_data(planned); !done) {
      return done;
    }
  }
  if (common != nullptr && !grouped_) {
    form_group(*common);
  }
  return {};
}

Expected<void> Writer::flush() {
  if (broken_) {
    return fail("flush", "journal file", ESHUTDOWN);
  }
  settle_group();
  write_back_all();
  header_.data_hash_chain_depth = data_table_.depth();
  header_.field_hash_chain_depth = field_table_.depth();
  header_.entry_array_offset = entries_.head;
  header_.tail_entry_array_offset = static_cast<std::uint32_t>(entries_.tail);
  header_.tail_entry_array_n_entries = entries_.tail_used;
  changes_.clear();
  data_table_.collect(changes_);
  field_table_.collect(changes_);
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

/// What is new in most entries is of one field: its message.
std::uint64_t Writer::hash_of_name(std::span<const std::byte> name) {
  if (last_name_.empty() || !std::ranges::equal(last_name_, name)) {
    last_name_.assign(name.begin(), name.end());
    last_name_hash_ = hash_of(name);
  }
  return last_name_hash_;
}

}  // namespace gatevisor::journal
