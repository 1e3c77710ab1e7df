#include "journal/verify.h"

#include <algorithm>
#include <string>

#include "journal/decompress.h"
#include "journal/entry_chain.h"
#include "journal/objects.h"

namespace gatevisor::journal {
namespace {

constexpr std::size_t kMostPayload = 768 << 20;  // journald's own bound

class Verifier {
 public:
  explicit Verifier(const Objects& objects) : objects_(objects), header_(objects.header()) {}

  Expected<void> run() {
    if (auto done = walk(); !done) {
      return done;
    }
    if (auto done = check_counts(); !done) {
      return done;
    }
    if (auto done = check_entries(); !done) {
      return done;
    }
    if (auto done = check_table(header_.data_hash_table_offset, header_.data_hash_table_size,
                                ObjectType::kData, data_);
        !done) {
      return done;
    }
    return check_table(header_.field_hash_table_offset, header_.field_hash_table_size,
                       ObjectType::kField, fields_);
  }

 private:
  /// From the header to the tail, object by object.
  Expected<void> walk() {
    if (header_.tail_object_offset == 0) {
      return {};
    }
    for (std::uint64_t at = align8(header_.header_size);;) {
      auto object = objects_.read_as<ObjectHeader>(at);
      if (!object) {
        return std::unexpected(std::move(object.error()));
      }
      if (object->size < sizeof(ObjectHeader) || object->size > objects_.limit() - at) {
        return Objects::bad(at, "size of an object");
      }
      if ((object->flags & ~kObjectCompressed) != 0 ||
          (object->flags != 0 && object->type != ObjectType::kData)) {
        return Objects::bad(at, "flags of an object");
      }
      if (auto done = look_at(at, *object); !done) {
        return done;
      }
      ++total_;
      if (at == header_.tail_object_offset) {
        return {};
      }
      at = align8(at + object->size);
      if (at > header_.tail_object_offset) {
        return Objects::bad(at, "no object where the tail is said to be");
      }
    }
  }

  Expected<void> look_at(std::uint64_t at, const ObjectHeader& object) {
    switch (object.type) {
      case ObjectType::kData: ++data_; return look_at_data(at);
      case ObjectType::kField: ++fields_; return look_at_field(at, object);
      case ObjectType::kEntry: ++entries_; return look_at_entry(at, object);
      case ObjectType::kEntryArray: ++arrays_; return {};
      case ObjectType::kTag: ++tags_; return {};
      case ObjectType::kDataHashTable:
      case ObjectType::kFieldHashTable: return {};
      case ObjectType::kUnused: break;
    }
    return Objects::bad(at, "type of an object");
  }

  Expected<void> look_at_data(std::uint64_t at) {
    auto data = objects_.data(at);
    if (!data) {
      return std::unexpected(std::move(data.error()));
    }
    if (data->size > kMostPayload) {
      return Objects::bad(at, "size of data");
    }
    payload_.resize(data->size);
    if (auto done = objects_.read(data->payload, std::as_writable_bytes(std::span(payload_)));
        !done) {
      return done;
    }
    const std::uint8_t flags = data->object.object.flags & kObjectCompressed;
    if (flags != 0) {
      const Compression how = flags == kObjectXz    ? Compression::kXz
                              : flags == kObjectLz4 ? Compression::kLz4
                                                    : Compression::kZstd;
      if (!decompress(how, payload_, plain_, kMostPayload)) {
        return Objects::bad(at, "compressed data");
      }
      std::swap(payload_, plain_);
    }
    if (objects_.hash(std::as_bytes(std::span(payload_))) != data->object.hash) {
      return Objects::bad(at, "hash of data");
    }
    if ((data->object.entry_offset == 0) != (data->object.n_entries == 0)) {
      return Objects::bad(at, "entries of data");
    }
    auto chain =
        EntryChain::open(objects_, data->object.entry_offset, data->object.entry_array_offset,
                         data->object.n_entries, objects_.limit());
    if (!chain) {
      return std::unexpected(std::move(chain.error()));
    }
    if (chain->size() < data->object.n_entries && !objects_.unclean()) {
      return Objects::bad(at, "number of entries of data");
    }
    references_ += chain->size();
    return ascending(*chain);
  }

  Expected<void> look_at_field(std::uint64_t at, const ObjectHeader& object) {
    auto field = objects_.field(at);
    if (!field) {
      return std::unexpected(std::move(field.error()));
    }
    payload_.resize(std::min(object.size - sizeof(FieldObject), std::uint64_t{kMaxFieldName} + 1));
    if (auto done =
            objects_.read(at + sizeof(FieldObject), std::as_writable_bytes(std::span(payload_)));
        !done) {
      return done;
    }
    if (objects_.hash(std::as_bytes(std::span(payload_))) != field->hash) {
      return Objects::bad(at, "hash of a field");
    }
    // Its values, the newest first.
    std::uint64_t before = objects_.limit();
    for (std::uint64_t next = field->head_data_offset; next != 0; ++listed_) {
      auto data = next < before ? objects_.data(next)
                                : Expected<Objects::Data>(Objects::bad(next, "list of values"));
      if (!data) {
        return std::unexpected(std::move(data.error()));
      }
      before = next;
      next = data->object.next_field_offset;
    }
    return {};
  }

  Expected<void> look_at_entry(std::uint64_t at, const ObjectHeader& object) {
    auto entry = objects_.entry(at);
    if (!entry) {
      return std::unexpected(std::move(entry.error()));
    }
    if (entry->seqnum <= last_seqnum_) {
      return Objects::bad(at, "sequence number of an entry");
    }
    last_seqnum_ = entry->seqnum;
    const std::uint64_t item =
        objects_.compact() ? sizeof(std::uint32_t) : 2 * sizeof(std::uint64_t);
    std::uint64_t last = 0;
    for (std::uint64_t place = at + sizeof(EntryObject); place + item <= at + object.size;
         place += item) {
      auto offset =
          objects_.compact()
              ? Expected<std::uint64_t>(objects_.read_as<std::uint32_t>(place).value_or(0))
              : objects_.read_as<std::uint64_t>(place);
      auto data = offset ? objects_.data(*offset) : std::unexpected(std::move(offset.error()));
      if (!data) {
        return std::unexpected(std::move(data.error()));
      }
      if (*offset < last) {  // before 246 a field that was given twice is there twice
        return Objects::bad(at, "order of an entry's fields");
      }
      last = *offset;
      ++items_;
    }
    // Its xor_hash is of all fields that were given, also of those given twice: it cannot be
    // checked.
    return {};
  }

  Expected<void> ascending(const EntryChain& chain) const {
    std::uint64_t last = 0;
    for (std::uint64_t i = 0; i < chain.size(); ++i) {
      auto offset = chain.at(i);
      auto entry = offset ? objects_.object(*offset, ObjectType::kEntry)
                          : std::unexpected(std::move(offset.error()));
      if (!entry) {
        return std::unexpected(std::move(entry.error()));
      }
      if (*offset <= last) {
        return Objects::bad(*offset, "order of an entry array");
      }
      last = *offset;
    }
    return {};
  }

  Expected<void> check_counts() const {
    const auto differs = [this](std::uint64_t said, std::uint64_t found, std::uint64_t since) {
      return header_.header_size >= since && said != found;
    };
    // Headers before 187 had no such counts (208 bytes), before 189 two (224).
    const bool wrong =
        header_.n_objects != total_ || header_.n_entries != entries_ ||
        differs(header_.n_data, data_, 224) || differs(header_.n_fields, fields_, 224) ||
        differs(header_.n_tags, tags_, 240) || differs(header_.n_entry_arrays, arrays_, 240);
    if (wrong && !objects_.unclean()) {
      return Objects::bad(0, "the header counts other objects");
    }
    if (entries_ != 0 && header_.tail_entry_seqnum != last_seqnum_ && !objects_.unclean()) {
      return Objects::bad(0, "the header's last sequence number");
    }
    if (items_ != references_ && !objects_.unclean()) {
      return Objects::bad(0, "the index has other entries than the file");
    }
    return {};
  }

  Expected<void> check_entries() const {
    auto chain = EntryChain::open(objects_, 0, header_.entry_array_offset, header_.n_entries,
                                  objects_.limit());
    if (!chain) {
      return std::unexpected(std::move(chain.error()));
    }
    if (chain->size() != entries_ && !objects_.unclean()) {
      return Objects::bad(0, "the entry arrays have not all entries");
    }
    if (listed_ != data_ && !objects_.unclean()) {
      return Objects::bad(0, "the fields do not list all data");
    }
    return ascending(*chain);
  }

  /// Everything is found by its hash.
  Expected<void> check_table(std::uint64_t table, std::uint64_t size, ObjectType type,
                             std::uint64_t wanted) const {
    const std::uint64_t buckets = size / sizeof(HashItem);
    std::uint64_t found = 0;
    for (std::uint64_t bucket = 0; bucket < buckets; ++bucket) {
      auto next = objects_.read_as<std::uint64_t>(table + bucket * sizeof(HashItem));
      for (std::uint64_t last = 0; next && *next != 0;) {
        auto object = objects_.object(*next, type);
        auto hash = objects_.read_as<std::uint64_t>(*next + offsetof(DataObject, hash));
        if (!object || !hash) {
          return std::unexpected(std::move(object ? hash.error() : object.error()));
        }
        if (*next <= last || *hash % buckets != bucket || ++found > wanted) {
          return Objects::bad(*next, "chain of a hash");
        }
        last = *next;
        next = objects_.read_as<std::uint64_t>(*next + offsetof(DataObject, next_hash_offset));
      }
      if (!next) {
        return std::unexpected(std::move(next.error()));
      }
    }
    return found == wanted || objects_.unclean()
               ? Expected<void>()
               : Objects::bad(table, "not everything is in the hash table");
  }

  const Objects& objects_;
  const Header& header_;
  std::uint64_t total_ = 0;
  std::uint64_t data_ = 0;
  std::uint64_t fields_ = 0;
  std::uint64_t entries_ = 0;
  std::uint64_t arrays_ = 0;
  std::uint64_t tags_ = 0;
  std::uint64_t listed_ = 0;      // data, by the fields
  std::uint64_t items_ = 0;       // of all entries
  std::uint64_t references_ = 0;  // of all data to entries
  std::uint64_t last_seqnum_ = 0;
  std::string payload_;
  std::string plain_;
};

static_assert(offsetof(DataObject, hash) == offsetof(FieldObject, hash));
static_assert(offsetof(DataObject, next_hash_offset) == offsetof(FieldObject, next_hash_offset));

}  // namespace

Expected<void> verify(Storage& storage) {
  auto objects = Objects::open(storage);
  if (!objects) {
    return std::unexpected(std::move(objects.error()));
  }
  return Verifier(*objects).run();
}

}  // namespace gatevisor::journal
