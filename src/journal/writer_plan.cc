// What an entry needs: which of its fields are there already, and how much room the rest takes.
#include <algorithm>
#include <cerrno>

#include "journal/jenkins.h"
#include "journal/writer.h"

namespace gatevisor::journal {

// Finds out, without any change, what is there already; asks for the room that the rest needs.
Expected<std::uint64_t> Writer::plan(std::span<const Field> fields, CommonFields* common,
                                     CommonFields* also) {
  const std::size_t count = fields.size() + (common == nullptr ? 0 : common->payloads_.size()) +
                            (also == nullptr ? 0 : also->payloads_.size());
  if (count == 0 || count > limits_.max_fields) {
    return fail("append", "journal entry's number of fields", EINVAL);
  }
  ++plan_;
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
  if (auto done = plan_common(common, also); !done) {
    return std::unexpected(std::move(done.error()));
  }
  for (const CommonFields* const fields_of : {common, also}) {
    if (fields_of != nullptr) xor_hash ^= fields_of->plain_;
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
    auto plain = plan_field(payload, common, also);
    if (!plain) return plain;
    // As in journald, a field given twice counts twice here.
    xor_hash ^= *plain;
  }
  const std::size_t items = planned_.size() + (common_.has_entry ? common_.offsets.size() : 0) +
                            (also_.has_entry ? also_.offsets.size() : 0);
  const std::uint64_t entry = sizeof(EntryObject) + align8(items * sizeof(std::uint32_t));
  if (auto done = make_room(new_bytes_ + entry + array_bytes_); !done) {
    return std::unexpected(std::move(done.error()));
  }
  return xor_hash;
}

/// Its plain hash.
Expected<std::uint64_t> Writer::plan_field(std::span<const std::byte> payload,
                                           const CommonFields* common, const CommonFields* also) {
  const auto in_common = [&](std::uint64_t hash) {
    return has(common, payload, hash) || has(also, payload, hash);
  };
  if (DataCache::Slot* const slot = find_cached(payload)) {
    if (slot->plan != plan_ && !in_common(slot->hash)) plan_cached(payload, *slot);
    return slot->plain;
  }
  if (!is_field_name(name_of(payload))) {
    return fail("append", "journal field's name", EINVAL);
  }
  const auto place = data_table_.place_of(hash_of(payload));
  const std::uint64_t plain = jenkins_hash64(payload);
  if (!in_common(place.hash) && !is_planned(payload, place.hash)) {
    if (auto done = plan_hashed(payload, place); !done) {
      return std::unexpected(std::move(done.error()));
    }
  }
  return plain;
}

bool Writer::is_planned(std::span<const std::byte> payload, std::uint64_t hash) const {
  return std::ranges::any_of(planned_, [&](const Planned& other) {
    return other.place.hash == hash && same_bytes(other.payload, payload);
  });
}

DataCache::Slot* Writer::find_cached(std::span<const std::byte> payload) {
  return DataCache::is_found_quickly(payload) ? cache_.find(payload) : nullptr;
}

void Writer::plan_cached(std::span<const std::byte> payload, DataCache::Slot& slot) {
  slot.plan = plan_;
  array_bytes_ += array_growth(slot.state);
  Planned& planned = planned_.emplace_back();
  planned.payload = payload;
  planned.place.hash = slot.hash;
  planned.slot = &slot;
  planned.offset = slot.state.offset;
}

/// What find_cached() has not found.
Expected<void> Writer::plan_hashed(std::span<const std::byte> payload,
                                   const HashTable::Place& place) {
  if (!DataCache::is_found_quickly(payload)) {
    if (DataCache::Slot* const slot = cache_.find(payload, place.hash, [&](std::uint64_t offset) {
          return same_payload(offset, payload).value_or(false);
        })) {
      plan_cached(payload, *slot);
      return {};
    }
  }
  auto state = find_data(payload, place);
  if (!state) {
    return std::unexpected(std::move(state.error()));
  }
  const bool is_new = state->offset == 0;
  Planned& planned = planned_.emplace_back();
  planned.payload = payload;
  planned.place = place;
  planned.offset = state->offset;
  planned.is_new = is_new;
  if (!is_new) {
    array_bytes_ += array_growth(*state);
    return {};
  }
  new_bytes_ += align8(kCompactDataPayload + payload.size());
  const auto name = name_of(payload);
  if (std::ranges::any_of(new_names_, [&](const auto& other) { return same_bytes(other, name); })) {
    return {};
  }
  auto field = find_field(name);
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

}  // namespace gatevisor::journal
