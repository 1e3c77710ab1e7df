#include "journal/writer.h"

#include <algorithm>
#include <cerrno>
#include <numeric>
#include <string>

#include "journal/jenkins.h"
#include "journal/siphash24.h"

namespace gatevisor::journal {
namespace {

// journald: one bucket for 768 bytes of the largest size, filled to 75 %; 333 for names.
constexpr std::uint64_t kBytesPerData = 768;
constexpr std::uint64_t kDataBucketsMin = 2047;
constexpr std::uint64_t kFieldBuckets = 333;
constexpr std::uint64_t kChainDepthMax = 100;

bool is_field_name(std::span<const std::byte> name) {
  if (name.empty() || name.size() > kMaxFieldName) {
    return false;
  }
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  const auto first = static_cast<char>(name.front());
  return !digit(first) && std::ranges::all_of(name, [digit](std::byte b) {
    const auto c = static_cast<char>(b);
    return (c >= 'A' && c <= 'Z') || digit(c) || c == '_';
  });
}

/// Empty where there is no '='.
std::span<const std::byte> name_of(std::span<const std::byte> payload) {
  const auto equals = std::ranges::find(payload, std::byte{'='});
  if (equals == payload.end()) {
    return {};
  }
  return payload.first(static_cast<std::size_t>(equals - payload.begin()));
}

bool above_75_percent(std::uint64_t count, std::uint64_t table_size) {
  return count * 4 > table_size / sizeof(HashItem) * 3;
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
  const std::uint64_t buckets = std::max(limits_.max_size * 4 / kBytesPerData / 3, kDataBucketsMin);
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
  header_.field_hash_table_offset = *fields;
  header_.field_hash_table_size = kFieldBuckets * sizeof(HashItem);
  header_.data_hash_table_offset = *data;
  header_.data_hash_table_size = buckets * sizeof(HashItem);
  return flush();
}

Expected<std::uint64_t> Writer::add_hash_table(ObjectType type, std::uint64_t items) {
  const std::uint64_t size = items * sizeof(HashItem);
  const ObjectHeader object{.type = type, .size = sizeof(ObjectHeader) + size};
  object_added(staging_.end());
  if (auto done = staging_.append(bytes_of(object)); !done) {
    return std::unexpected(std::move(done.error()));
  }
  const std::uint64_t offset = staging_.end();
  if (auto done = staging_.append_zeros(size); !done) {
    return std::unexpected(std::move(done.error()));
  }
  return offset;
}

CommonFields::CommonFields(std::vector<std::string> payloads) {
  std::ranges::sort(payloads);
  payloads.erase(std::ranges::unique(payloads).begin(), payloads.end());
  for (std::string& payload : payloads) {
    const std::uint64_t hash = jenkins_hash64(std::as_bytes(std::span(payload)));
    fields_.push_back({.payload = std::move(payload), .plain = hash});
  }
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
  auto done = carry_out(times, *xor_hash);
  if (done && (staging_.pending() > limits_.buffer)) {
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
  if (common != nullptr) {
    if (auto done = plan_common(*common); !done) {
      return std::unexpected(std::move(done.error()));
    }
    for (const CommonFields::Hashed& field : common->fields_) {
      xor_hash ^= field.plain;
    }
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
    if (auto done = plan_field(payload); !done) {
      return std::unexpected(std::move(done.error()));
    }
  }
  std::uint64_t bytes = sizeof(EntryObject) + align8(planned_.size() * sizeof(std::uint32_t)) +
                        array_growth(entries_, header_.n_entries);
  for (const Planned& planned : planned_) {
    bytes += planned.is_new ? align8(kCompactDataPayload + planned.payload.size())
                            : array_growth(planned.state.arrays, planned.state.n_entries - 1);
  }
  for (const auto& name : new_names_) {
    bytes += align8(sizeof(FieldObject) + name.size());
  }
  if (auto done = make_room(bytes); !done) {
    return std::unexpected(std::move(done.error()));
  }
  return xor_hash;
}

Expected<void> Writer::plan_common(CommonFields& common) {
  const bool known = common.file_ == header_.file_id;
  for (CommonFields::Hashed& field : common.fields_) {
    const auto payload = std::as_bytes(std::span(field.payload));
    if (!known) {
      if (!is_field_name(name_of(payload)) || payload.size() > limits_.max_field_size) {
        return fail("append", "journal field's name", EINVAL);
      }
      field.keyed = hash_of(payload);
    }
    if (auto done = plan_hashed(payload, field.keyed); !done) {
      return done;
    }
  }
  common.file_ = header_.file_id;
  return {};
}

Expected<void> Writer::plan_field(std::span<const std::byte> payload) {
  if (!is_field_name(name_of(payload))) {
    return fail("append", "journal field's name", EINVAL);
  }
  const std::uint64_t hash = hash_of(payload);
  const bool twice = std::ranges::any_of(planned_, [&](const Planned& other) {
    return other.hash == hash && std::ranges::equal(other.payload, payload);
  });
  return twice ? Expected<void>{} : plan_hashed(payload, hash);
}

Expected<void> Writer::plan_hashed(std::span<const std::byte> payload, std::uint64_t hash) {
  auto state = find_data(payload, hash);
  if (!state) {
    return std::unexpected(std::move(state.error()));
  }
  const bool is_new = state->offset == 0;
  planned_.push_back({.payload = payload, .hash = hash, .is_new = is_new, .state = *state});
  if (!is_new) {
    return {};
  }
  const auto name = name_of(payload);
  if (std::ranges::any_of(new_names_, [&](const auto& other) {
        return std::ranges::equal(other, name);
      })) {
    return {};
  }
  auto field = find_field(name, hash_of(name));
  if (!field) {
    return std::unexpected(std::move(field.error()));
  }
  if (*field == nullptr) {
    new_names_.push_back(name);
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

Expected<void> Writer::carry_out(const EntryTimes& times, std::uint64_t xor_hash) {
  for (Planned& planned : planned_) {
    if (planned.is_new) {
      if (auto done = add_data(planned); !done) {
        return done;
      }
    }
  }
  items_.clear();
  for (const Planned& planned : planned_) {
    items_.push_back(static_cast<std::uint32_t>(planned.state.offset));
  }
  std::ranges::sort(items_);
  const std::uint64_t offset = staging_.end();
  const EntryObject entry{
      .object = {.type = ObjectType::kEntry,
                 .size = sizeof(EntryObject) + planned_.size() * sizeof(std::uint32_t)},
      .seqnum = next_seqnum_,
      .realtime = times.realtime_usec,
      .monotonic = times.monotonic_usec,
      .boot_id = boot_id_,
      .xor_hash = xor_hash};
  auto done = staging_.append(bytes_of(entry));
  done = done ? staging_.append(std::as_bytes(std::span(items_))) : done;
  done = done ? staging_.pad() : done;
  object_added(offset);
  done = done ? link_entry(entries_, header_.n_entries, offset) : done;
  for (Planned& planned : planned_) {
    done = done ? link_data(planned, offset) : done;
  }
  if (!done) {
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
  header_.entry_array_offset = entries_.head;
  header_.tail_entry_array_offset = static_cast<std::uint32_t>(entries_.tail);
  header_.tail_entry_array_n_entries = entries_.tail_used;
  return {};
}

Expected<void> Writer::flush() {
  if (broken_) {
    return fail("flush", "journal file", ESHUTDOWN);
  }
  auto done = staging_.commit(bytes_of(header_).first(header_.header_size));
  broken_ = !done;
  return done;
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
  return broken_ || limit_hit_ || above_75_percent(header_.n_data, header_.data_hash_table_size) ||
         above_75_percent(header_.n_fields, header_.field_hash_table_size) ||
         header_.data_hash_chain_depth >= kChainDepthMax ||
         header_.field_hash_chain_depth >= kChainDepthMax;
}

void Writer::object_added(std::uint64_t offset) {
  header_.tail_object_offset = offset;
  ++header_.n_objects;
}

std::uint64_t Writer::hash_of(std::span<const std::byte> payload) const {
  return siphash24(payload, header_.file_id);
}

}  // namespace gatevisor::journal
