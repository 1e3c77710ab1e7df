// Data and field objects: found through the hash tables, added at their chains' ends.
#include <algorithm>
#include <cerrno>
#include <cstring>

#include "journal/writer.h"

namespace gatevisor::journal {
namespace {

std::unexpected<Error> bad_object(const char* what) { return fail("read", what, EBADMSG); }

}  // namespace

// 'Hash Tables': hash modulo the number of buckets; chains only go forward in the file.
Expected<DataState> Writer::find_data(std::span<const std::byte> payload,
                                      const HashTable::Place& place) {
  for (std::uint64_t offset = data_table_.head_of(place); offset != 0;) {
    auto data = staging_.read_as<DataObject>(offset);
    if (!data) {
      return std::unexpected(std::move(data.error()));
    }
    if (data->hash == place.hash && data->object.size == kCompactDataPayload + payload.size()) {
      auto same = same_payload(offset, payload);
      if (!same) {
        return std::unexpected(std::move(same.error()));
      }
      if (*same) {
        return load_data(offset);
      }
    }
    if (data->next_hash_offset != 0 && data->next_hash_offset <= offset) {
      return bad_object("journal file's chain of data");
    }
    offset = data->next_hash_offset;
  }
  return DataState{};
}

Expected<DataState> Writer::load_data(std::uint64_t offset) {
  auto object = staging_.read_as<CompactDataObject>(offset);
  if (!object) {
    return std::unexpected(std::move(object.error()));
  }
  DataState state;
  state.offset = offset;
  state.entry_offset = object->data.entry_offset;
  state.n_entries = object->data.n_entries;
  state.arrays.head = object->data.entry_array_offset;
  state.arrays.tail = object->tail.entry_array_offset;
  state.arrays.tail_used = object->tail.entry_array_n_entries;
  if (state.arrays.tail != 0) {
    auto array = staging_.read_as<ObjectHeader>(state.arrays.tail);
    if (!array) {
      return std::unexpected(std::move(array.error()));
    }
    if (array->type != ObjectType::kEntryArray || array->size < sizeof(EntryArrayObject)) {
      return bad_object("journal file's entry array");
    }
    state.arrays.tail_capacity = static_cast<std::uint32_t>(
        (array->size - sizeof(EntryArrayObject)) / sizeof(std::uint32_t));
  }
  return state;
}

Expected<bool> Writer::same_payload(std::uint64_t offset, std::span<const std::byte> payload) {
  std::array<std::byte, 4096> stored;
  for (offset += kCompactDataPayload; !payload.empty();) {
    const auto part = std::span(stored).first(std::min(stored.size(), payload.size()));
    if (auto done = staging_.read(offset, part); !done) {
      return std::unexpected(std::move(done.error()));
    }
    if (!same_bytes(part, payload.first(part.size()))) {
      return false;
    }
    offset += part.size();
    payload = payload.subspan(part.size());
  }
  return true;
}

Expected<FieldCache::Slot*> Writer::find_field(std::span<const std::byte> name) {
  FieldCache::Slot& slot = fields_.slot(name);
  if (FieldCache::holds(slot, name)) {
    return &slot;
  }
  const std::uint64_t hash = hash_of(name);
  for (std::uint64_t offset = field_table_.head_of(field_table_.place_of(hash)); offset != 0;) {
    auto field = staging_.read_as<FieldObject>(offset);
    if (!field) {
      return std::unexpected(std::move(field.error()));
    }
    if (field->hash == hash && field->object.size == sizeof(FieldObject) + name.size()) {
      std::array<std::byte, kMaxFieldName> stored;
      const auto part = std::span(stored).first(name.size());
      if (auto done = staging_.read(offset + sizeof(FieldObject), part); !done) {
        return std::unexpected(std::move(done.error()));
      }
      if (same_bytes(part, name)) {
        slot = {.offset = offset,
                .head_data = field->head_data_offset,
                .size = name.size(),
                .name = stored};
        return &slot;
      }
    }
    if (field->next_hash_offset != 0 && field->next_hash_offset <= offset) {
      return bad_object("journal file's chain of fields");
    }
    offset = field->next_hash_offset;
  }
  return nullptr;
}

Expected<void> Writer::add_data(Planned& planned, std::uint64_t entry) {
  const auto name = name_of(planned.payload);
  auto found = find_field(name);
  if (found && *found == nullptr) {
    found = add_field(name);
  }
  if (!found) {
    return std::unexpected(std::move(found.error()));
  }
  FieldCache::Slot* const field = *found;
  const std::uint64_t offset = staging_.end();
  const std::uint64_t size = kCompactDataPayload + planned.payload.size();
  const CompactDataObject object{.data = {.object = {.type = ObjectType::kData, .size = size},
                                          .hash = planned.place.hash,
                                          .next_field_offset = field->head_data,
                                          .entry_offset = entry,
                                          .n_entries = 1},
                                 .tail = {}};
  if (size <= Staging::kSpill) {
    auto room = staging_.append_object(align8(size));
    if (!room) {
      return std::unexpected(std::move(room.error()));
    }
    std::memcpy(room->data(), &object, sizeof object);
    std::memcpy(room->data() + sizeof object, planned.payload.data(), planned.payload.size());
  } else {
    auto done = staging_.append(bytes_of(object));
    done = done ? staging_.append(planned.payload) : done;
    done = done ? staging_.pad() : done;
    if (!done) {
      return done;
    }
  }
  // The newest data object of a field comes first in the field's list.
  staging_.patch_as(field->offset + offsetof(FieldObject, head_data_offset), offset);
  field->head_data = offset;
  object_added(offset);
  ++header_.n_data;
  planned.offset = offset;
  link_hash(data_table_, planned.place, offset);
  return {};
}

Expected<FieldCache::Slot*> Writer::add_field(std::span<const std::byte> name) {
  const std::uint64_t hash = hash_of(name);
  const std::uint64_t offset = staging_.end();
  const FieldObject field{
      .object = {.type = ObjectType::kField, .size = sizeof(FieldObject) + name.size()},
      .hash = hash};
  auto done = staging_.append(bytes_of(field));
  done = done ? staging_.append(name) : done;
  done = done ? staging_.pad() : done;
  if (!done) {
    return std::unexpected(std::move(done.error()));
  }
  link_hash(field_table_, field_table_.place_of(hash), offset);
  object_added(offset);
  ++header_.n_fields;
  FieldCache::Slot& slot = fields_.slot(name);
  slot = {.offset = offset, .head_data = 0, .size = name.size(), .name = {}};
  std::ranges::copy(name, slot.name.begin());
  return &slot;
}

// Both kinds have next_hash_offset at the same place.
void Writer::link_hash(HashTable& table, const HashTable::Place& place, std::uint64_t offset) {
  static_assert(offsetof(DataObject, next_hash_offset) == offsetof(FieldObject, next_hash_offset));
  const std::uint64_t before = table.add(place, offset);
  if (before != 0) {
    staging_.patch_as(before + offsetof(DataObject, next_hash_offset), offset);
  }
}

}  // namespace gatevisor::journal
