#include "journal/objects.h"

#include <algorithm>
#include <cerrno>
#include <string>

#include "journal/jenkins.h"
#include "journal/siphash24.h"

namespace gatevisor::journal {
namespace {

// journald starts a new file at chains of 100; a file with longer ones than this was made to hang
// its readers.
constexpr int kMaxChain = 100'000;

std::uint64_t smallest(ObjectType type, bool compact) {
  switch (type) {
    case ObjectType::kData:  // the payload has at least its '='
      return (compact ? kCompactDataPayload : kDataPayload) + 1;
    case ObjectType::kField: return sizeof(FieldObject) + 1;
    case ObjectType::kEntry: return sizeof(EntryObject);
    case ObjectType::kEntryArray: return sizeof(EntryArrayObject);
    case ObjectType::kTag: return kTagObjectSize;
    case ObjectType::kUnused:
    case ObjectType::kDataHashTable:
    case ObjectType::kFieldHashTable: break;
  }
  return sizeof(ObjectHeader);
}

}  // namespace

std::unexpected<Error> Objects::bad(std::uint64_t offset, std::string_view what) {
  return fail("read", "journal file at " + std::to_string(offset) + ": " + std::string(what),
              EBADMSG);
}

Expected<Objects> Objects::open(Storage& storage) {
  Objects objects;
  objects.storage_ = &storage;
  objects.limit_ = storage.size();
  if (objects.limit_ < kHeaderSizeMin) {
    return bad(0, "no header");
  }
  objects.take_map();
  if (objects.map_.empty()) {
    objects.pages_ = std::make_unique<std::array<Page, kPages>>();
  }
  Header& header = objects.header_;
  const std::uint64_t size = std::min<std::uint64_t>(objects.limit_, sizeof header);
  if (auto done = objects.read(0, writable_bytes_of(header).first(size)); !done) {
    return std::unexpected(std::move(done.error()));
  }
  if (auto done = objects.check(); !done) {
    return std::unexpected(std::move(done.error()));
  }
  objects.take_map();
  return objects;
}

void Objects::take_map() {
  const auto map = storage_->mapped();
  map_ = map.size() < limit_ ? std::span<const std::byte>() : map.first(limit_);
}

Expected<void> Objects::check() {
  const std::uint64_t size = limit_;
  if (header_.signature != kSignature || header_.state > static_cast<int>(State::kArchived) ||
      header_.header_size < kHeaderSizeMin || header_.header_size > size) {
    return bad(0, "no header");
  }
  if ((header_.incompatible_flags & ~kIncompatibleKnown) != 0) {
    return fail("read", "journal file of a newer form", EPROTONOSUPPORT);
  }
  if (header_.header_size < sizeof header_) {  // what an older form does not have
    std::ranges::fill(writable_bytes_of(header_).subspan(header_.header_size), std::byte{0});
  }
  const bool online = header_.state == static_cast<int>(State::kOnline);
  const bool cut = header_.arena_size > size - header_.header_size;
  unclean_ = online || cut;
  if (!unclean_) {
    limit_ = header_.header_size + header_.arena_size;
  }
  const auto table_fits = [this](std::uint64_t offset, std::uint64_t bytes) {
    return bytes == 0 ||
           (offset >= header_.header_size + sizeof(ObjectHeader) && offset <= limit_ &&
            bytes <= limit_ - offset && bytes >= sizeof(HashItem));
  };
  if (!table_fits(header_.data_hash_table_offset, header_.data_hash_table_size) ||
      !table_fits(header_.field_hash_table_offset, header_.field_hash_table_size)) {
    return bad(0, "hash table out of bounds");
  }
  return {};
}

Expected<void> Objects::read(std::uint64_t offset, std::span<std::byte> bytes) const {
  if (offset > limit_ || bytes.size() > limit_ - offset) {
    return bad(offset, "behind the end");
  }
  if (!map_.empty()) {
    std::ranges::copy(map_.subspan(offset, bytes.size()), bytes.begin());
    return {};
  }
  if (bytes.size() > kPage) {
    return storage_->read(offset, bytes);
  }
  while (!bytes.empty()) {
    auto page = this->page(offset / kPage);
    if (!page) {
      return std::unexpected(std::move(page.error()));
    }
    const std::size_t begin = offset % kPage;
    const std::size_t part = std::min(bytes.size(), (*page)->size - begin);
    std::memcpy(bytes.data(), (*page)->bytes.data() + begin, part);
    bytes = bytes.subspan(part);
    offset += part;
  }
  return {};
}

// Only asked for pages that begin before limit_.
Expected<const Objects::Page*> Objects::page(std::uint64_t number) const {
  Page& page = (*pages_)[number % kPages];
  if (page.size == 0 || page.number != number) {
    page.size = 0;
    const std::size_t size = std::min<std::uint64_t>(kPage, limit_ - number * kPage);
    if (auto done = storage_->read(number * kPage, std::span(page.bytes).first(size)); !done) {
      return std::unexpected(std::move(done.error()));
    }
    page.number = number;
    page.size = size;
  }
  return &page;
}

Expected<ObjectHeader> Objects::object(std::uint64_t offset, ObjectType type) const {
  if (offset % 8 != 0 || offset < header_.header_size) {
    return bad(offset, "no object's place");
  }
  auto object = read_as<ObjectHeader>(offset);
  if (object && (object->type != type || object->size < smallest(type, compact()) ||
                 object->size > limit_ - offset)) {
    return bad(offset, "not the object that belongs here");
  }
  return object;
}

Expected<Objects::Data> Objects::data(std::uint64_t offset) const {
  if (auto object = this->object(offset, ObjectType::kData); !object) {
    return std::unexpected(std::move(object.error()));
  }
  auto object = read_as<DataObject>(offset);
  if (!object) {
    return std::unexpected(std::move(object.error()));
  }
  const std::uint64_t head = compact() ? kCompactDataPayload : kDataPayload;
  // Looked at again: the file may be written at the same time.
  if (object->object.size <= head || object->object.size > limit_ - offset) {
    return bad(offset, "size of data");
  }
  return Data{.object = *object, .payload = offset + head, .size = object->object.size - head};
}

Expected<FieldObject> Objects::field(std::uint64_t offset) const {
  if (auto object = this->object(offset, ObjectType::kField); !object) {
    return std::unexpected(std::move(object.error()));
  }
  return read_as<FieldObject>(offset);
}

Expected<EntryObject> Objects::entry(std::uint64_t offset) const {
  if (auto object = this->object(offset, ObjectType::kEntry); !object) {
    return std::unexpected(std::move(object.error()));
  }
  auto entry = read_as<EntryObject>(offset);
  if (entry &&
      (entry->object.size < sizeof(EntryObject) || entry->seqnum == 0 || entry->realtime == 0 ||
       entry->realtime >= kTimeEnd || entry->monotonic >= kTimeEnd)) {
    return bad(offset, "entry's number or time");
  }
  return entry;
}

std::uint64_t Objects::hash(std::span<const std::byte> payload) const {
  return (header_.incompatible_flags & kIncompatibleKeyedHash) != 0
             ? siphash24(payload, header_.file_id)
             : jenkins_hash64(payload);
}

Expected<bool> Objects::equal(std::uint64_t offset, std::span<const std::byte> bytes) const {
  std::array<std::byte, 4096> stored;
  while (!bytes.empty()) {
    const auto part = std::span(stored).first(std::min(stored.size(), bytes.size()));
    if (auto done = read(offset, part); !done) {
      return std::unexpected(std::move(done.error()));
    }
    if (!same_bytes(part, bytes.first(part.size()))) {
      return false;
    }
    offset += part.size();
    bytes = bytes.subspan(part.size());
  }
  return true;
}

Expected<std::uint64_t> Objects::find_data(std::span<const std::byte> payload) const {
  if (header_.data_hash_table_size < sizeof(HashItem)) {
    return 0;
  }
  const std::uint64_t hash = this->hash(payload);
  auto next = read_as<std::uint64_t>(
      hash_bucket(header_.data_hash_table_offset, header_.data_hash_table_size, hash));
  std::uint64_t last = 0;
  for (int depth = 0; next && *next != 0; ++depth) {
    auto found = *next > last && depth < kMaxChain ? data(*next)
                                                   : Expected<Data>(bad(*next, "chain of a hash"));
    if (!found) {
      return unclean_ ? Expected<std::uint64_t>(0) : std::unexpected(std::move(found.error()));
    }
    // A compressed payload has the hash of the plain one; there is nothing to compare it with.
    const bool compressed = (found->object.object.flags & kObjectCompressed) != 0;
    if (found->object.hash == hash && (compressed || found->size == payload.size())) {
      auto same = compressed ? Expected<bool>(true) : equal(found->payload, payload);
      if (!same || *same) {
        return same ? Expected<std::uint64_t>(*next) : std::unexpected(std::move(same.error()));
      }
    }
    last = *next;
    next = found->object.next_hash_offset;
  }
  return next;
}

Expected<std::uint64_t> Objects::find_field(std::span<const std::byte> name) const {
  if (header_.field_hash_table_size < sizeof(HashItem)) {
    return 0;
  }
  const std::uint64_t hash = this->hash(name);
  auto next = read_as<std::uint64_t>(
      hash_bucket(header_.field_hash_table_offset, header_.field_hash_table_size, hash));
  std::uint64_t last = 0;
  for (int depth = 0; next && *next != 0; ++depth) {
    auto found = *next > last && depth < kMaxChain
                     ? field(*next)
                     : Expected<FieldObject>(bad(*next, "chain of a hash"));
    if (!found) {
      return unclean_ ? Expected<std::uint64_t>(0) : std::unexpected(std::move(found.error()));
    }
    if (found->hash == hash && found->object.size == sizeof(FieldObject) + name.size()) {
      auto same = equal(*next + sizeof(FieldObject), name);
      if (!same || *same) {
        return same ? Expected<std::uint64_t>(*next) : std::unexpected(std::move(same.error()));
      }
    }
    last = *next;
    next = found->next_hash_offset;
  }
  return next;
}

}  // namespace gatevisor::journal
