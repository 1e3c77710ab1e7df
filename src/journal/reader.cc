#include "journal/reader.h"

#include <algorithm>
#include <cerrno>

namespace gatevisor::journal {
namespace {

Compression compression_of(const DataObject& data) {
  if ((data.object.flags & kObjectXz) != 0) {
    return Compression::kXz;
  }
  if ((data.object.flags & kObjectLz4) != 0) {
    return Compression::kLz4;
  }
  return (data.object.flags & kObjectZstd) != 0 ? Compression::kZstd : Compression::kNone;
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
  std::vector<EntryChain> chains;
  for (const Match& match : matches_) {
    for (const std::string& payload : match.payloads) {
      auto chain = chain_of(*objects, payload, *last);
      if (!chain) {
        return std::unexpected(std::move(chain.error()));
      }
      chains.push_back(std::move(*chain));
    }
  }
  auto chain = chains.begin();
  for (Match& match : matches_) {
    for (EntryChain& old : match.chains) {
      old = std::move(*chain++);
    }
  }
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
        {.payload = std::move(*payload), .compression = compression_of(data->object)});
  }
  return entry;
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
    if (!used || compression_of(data->object) != Compression::kNone ||
        data->size > limits_.max_entry_size) {
      continue;
    }
    auto payload = payload_of(*data);
    if (!payload) {
      return std::unexpected(std::move(payload.error()));
    }
    const std::string_view value = *payload;
    if (value.size() > name.size() && value.starts_with(name) && value[name.size()] == '=' &&
        !visit(value.substr(name.size() + 1))) {
      break;
    }
  }
  return {};
}

}  // namespace gatevisor::journal
