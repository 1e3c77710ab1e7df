#include "journal/reader.h"

#include <algorithm>
#include <cerrno>

namespace gatevisor::journal {
namespace {

// journald's own field table has 333 buckets; a file with more names was made to hang its readers.
constexpr std::uint64_t kMaxNames = 100'000;

Compression compression_of(const ObjectHeader& data) {
  if ((data.flags & kObjectXz) != 0) {
    return Compression::kXz;
  }
  if ((data.flags & kObjectLz4) != 0) {
    return Compression::kLz4;
  }
  return (data.flags & kObjectZstd) != 0 ? Compression::kZstd : Compression::kNone;
}

}  // namespace

Expected<Reader> Reader::open(Storage& storage, const ReadLimits& limits) {
  Reader reader(limits);
  reader.storage_ = &storage;
  if (auto done = reader.refresh(); !done) {
    return std::unexpected(std::move(done.error()));
  }
  return reader;
}

Expected<void> Reader::refresh() {
  auto opened = Objects::open(*storage_);
  if (!opened) {
    return std::unexpected(std::move(opened.error()));
  }
  auto objects = std::make_unique<Objects>(std::move(*opened));
  const Header& header = objects->header();
  auto entries =
      EntryChain::open(*objects, 0, header.entry_array_offset, header.n_entries, objects->limit());
  if (!entries) {
    return std::unexpected(std::move(entries.error()));
  }
  auto last = entries->size() == 0 ? Expected<std::uint64_t>(0) : entries->at(entries->size() - 1);
  if (!last) {
    return std::unexpected(std::move(last.error()));
  }
  // All of it, or nothing: the chains point to their Objects.
  auto tree = MatchTree::make(*objects, matches_, *last);
  if (!tree) {
    return std::unexpected(std::move(tree.error()));
  }
  tree_ = std::move(*tree);
  entries_ = std::move(*entries);
  objects_ = std::move(objects);
  last_entry_ = *last;
  return {};
}

Expected<EntryMeta> Reader::meta() const {
  if (!position_.on_entry) {
    return fail("read", "journal file: at no entry", EINVAL);
  }
  auto entry = objects_->entry(position_.offset);
  if (!entry) {
    return std::unexpected(std::move(entry.error()));
  }
  return EntryMeta{.seqnum = entry->seqnum,
                   .realtime_usec = entry->realtime,
                   .monotonic_usec = entry->monotonic,
                   .boot_id = entry->boot_id,
                   .xor_hash = entry->xor_hash};
}

Expected<Entry> Reader::entry() const {
  auto meta = this->meta();
  auto object = meta ? objects_->object(position_.offset, ObjectType::kEntry)
                     : std::unexpected(std::move(meta.error()));
  if (!object) {
    return std::unexpected(std::move(object.error()));
  }
  const std::size_t item = objects_->compact() ? sizeof(std::uint32_t) : 2 * sizeof(std::uint64_t);
  const std::uint64_t count = (object->size - sizeof(EntryObject)) / item;
  if (count > limits_.max_fields) {
    return fail("read", "journal entry with too many fields", E2BIG);
  }
  std::vector<std::byte> items(count * item);
  if (auto done = objects_->read(position_.offset + sizeof(EntryObject), items); !done) {
    return std::unexpected(std::move(done.error()));
  }
  Entry entry{*meta, {}};
  entry.fields.reserve(count);
  std::uint64_t size = 0;
  for (std::size_t at = 0; at < items.size(); at += item) {
    const std::uint64_t offset =
        objects_->compact() ? load<std::uint32_t>(&items[at]) : load<std::uint64_t>(&items[at]);
    auto data = objects_->data(offset);
    if (!data) {
      return std::unexpected(std::move(data.error()));
    }
    if (data->size > limits_.max_entry_size - size) {
      return fail("read", "journal entry that is too large", E2BIG);
    }
    size += data->size;
    auto payload = payload_of(*data);
    if (!payload) {
      return std::unexpected(std::move(payload.error()));
    }
    entry.fields.push_back(
        {.payload = std::move(*payload), .compression = compression_of(data->object.object)});
  }
  return entry;
}

Expected<void> Reader::view(EntryView& view) const {
  if (!objects_->map().empty()) {
    return view_mapped(view);
  }
  auto entry = this->entry();
  if (!entry) {
    return std::unexpected(std::move(entry.error()));
  }
  static_cast<EntryMeta&>(view) = *entry;
  view.fields.clear();
  view.copies.clear();
  for (const ReadField& field : entry->fields) {
    view.copies += field.payload;
  }
  std::size_t begin = 0;
  for (const ReadField& field : entry->fields) {
    view.fields.push_back(
        {.payload = std::string_view(view.copies).substr(begin, field.payload.size()),
         .compression = field.compression});
    begin += field.payload.size();
  }
  return {};
}

// The same checks as in Objects, without the way over Expected for each of the fields.
Expected<void> Reader::view_mapped(EntryView& view) const {
  view.fields.clear();
  auto meta = this->meta();
  if (!meta) {
    return std::unexpected(std::move(meta.error()));
  }
  static_cast<EntryMeta&>(view) = *meta;
  const std::span<const std::byte> map = objects_->map();
  auto object = objects_->object(position_.offset, ObjectType::kEntry);
  if (!object) {
    return std::unexpected(std::move(object.error()));
  }
  const bool compact = objects_->compact();
  const std::size_t item = compact ? sizeof(std::uint32_t) : 2 * sizeof(std::uint64_t);
  const std::uint64_t head = compact ? kCompactDataPayload : kDataPayload;
  const std::uint64_t count = (object->size - sizeof(EntryObject)) / item;
  if (count > limits_.max_fields) {
    return fail("read", "journal entry with too many fields", E2BIG);
  }
  std::uint64_t size = 0;
  const std::byte* items = map.data() + position_.offset + sizeof(EntryObject);
  for (std::uint64_t i = 0; i < count; ++i, items += item) {
    const std::uint64_t offset =
        read_once(compact ? load<std::uint32_t>(items) : load<std::uint64_t>(items));
    if (offset % 8 != 0 || offset >= map.size() || map.size() - offset <= head) {
      return Objects::bad(offset, "not the object that belongs here");
    }
    const std::byte* data = map.data() + offset;
    auto start = load<ObjectHeader>(data);
    start.size = read_once(start.size);
    if (start.type != ObjectType::kData || start.size <= head || start.size > map.size() - offset) {
      return Objects::bad(offset, "not the object that belongs here");
    }
    const std::uint64_t length = start.size - head;
    if (length > limits_.max_entry_size - size) {
      return fail("read", "journal entry that is too large", E2BIG);
    }
    size += length;
    view.fields.push_back({.payload = {reinterpret_cast<const char*>(data + head), length},
                           .compression = compression_of(start)});
  }
  return {};
}

Expected<std::string> Reader::payload_of(const Objects::Data& data) const {
  std::string payload(data.size, '\0');
  if (auto done = objects_->read(data.payload, std::as_writable_bytes(std::span(payload))); !done) {
    return std::unexpected(std::move(done.error()));
  }
  return payload;
}

Expected<void> Reader::unique(std::string_view name,
                              const std::function<bool(std::string_view)>& visit) const {
  auto found = objects_->find_field(std::as_bytes(std::span(name)));
  if (!found || *found == 0) {
    return found ? Expected<void>() : std::unexpected(std::move(found.error()));
  }
  auto field = objects_->field(*found);
  if (!field) {
    return std::unexpected(std::move(field.error()));
  }
  // The newest comes first, so the list goes back in the file.
  std::uint64_t previous = objects_->limit();
  for (std::uint64_t next = field->head_data_offset; next != 0;) {
    auto data = next < previous ? objects_->data(next)
                                : Expected<Objects::Data>(Objects::bad(next, "list of values"));
    if (!data) {
      return unclean() ? Expected<void>() : std::unexpected(std::move(data.error()));
    }
    previous = next;
    next = data->object.next_field_offset;
    const bool used = data->object.entry_offset != 0 && data->object.entry_offset <= last_entry_;
    if (!used || data->size > limits_.max_entry_size) {
      continue;
    }
    auto payload = payload_of(*data);
    if (!payload) {
      return std::unexpected(std::move(payload.error()));
    }
    if (const auto how = compression_of(data->object.object); how != Compression::kNone) {
      std::string plain;
      if (!decompress(how, *payload, plain, limits_.max_entry_size)) {
        continue;
      }
      *payload = std::move(plain);
    }
    const std::string_view value = *payload;
    if (value.size() > name.size() && value.starts_with(name) && value[name.size()] == '=' &&
        !visit(value.substr(name.size() + 1))) {
      break;
    }
  }
  return {};
}

// journald's own order: bucket by bucket.
Expected<void> Reader::names(const std::function<bool(std::string_view)>& visit) const {
  const Header& header = objects_->header();
  const std::uint64_t buckets = header.field_hash_table_size / sizeof(HashItem);
  std::uint64_t seen = 0;
  for (std::uint64_t bucket = 0; bucket < buckets; ++bucket) {
    auto next = objects_->read_as<std::uint64_t>(header.field_hash_table_offset +
                                                 bucket * sizeof(HashItem));
    std::uint64_t last = 0;
    while (next && *next != 0) {
      auto field = *next > last && ++seen <= kMaxNames
                       ? objects_->field(*next)
                       : Expected<FieldObject>(Objects::bad(*next, "chain of a hash"));
      if (!field || field->object.size - sizeof(FieldObject) > kMaxFieldName) {
        if (unclean()) {
          break;
        }
        return field ? Expected<void>(Objects::bad(*next, "name of a field"))
                     : std::unexpected(std::move(field.error()));
      }
      std::string name(field->object.size - sizeof(FieldObject), '\0');
      if (auto done =
              objects_->read(*next + sizeof(FieldObject), std::as_writable_bytes(std::span(name)));
          !done) {
        return done;
      }
      if (!visit(name)) {
        return {};
      }
      last = *next;
      next = field->next_hash_offset;
    }
    if (!next) {
      return std::unexpected(std::move(next.error()));
    }
  }
  return {};
}

}  // namespace gatevisor::journal
