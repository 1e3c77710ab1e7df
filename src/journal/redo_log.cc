#include "journal/redo_log.h"

#include <atomic>
#include <cerrno>
#include <cstring>

namespace gatevisor::journal {

RedoLog::RedoLog(std::span<std::byte> memory, std::size_t account)
    : memory_(memory), account_(account) {}

// A process that is killed has done all of its writes to memory up to some point of its program:
// only the compiler must not turn their order round.
void RedoLog::set_whole(std::uint32_t whole) {
  std::atomic_ref(head().whole).store(whole, std::memory_order_seq_cst);
}

void RedoLog::forget_next() { std::memcpy(next_account().data(), account().data(), account_); }

Expected<void> RedoLog::stage(std::span<const Change> changes) {
  const std::span<std::byte> room = this->changes();
  std::size_t size = 0;
  for (const Change& change : changes) size += sizeof(Item) + change.bytes.size();
  if (size > room.size()) return fail("commit", "journal file", ENOBUFS);
  std::byte* at = room.data();
  for (const Change& change : changes) {
    const Item item{change.offset, change.bytes.size()};
    std::memcpy(at, &item, sizeof item);
    at += sizeof item;
    if (!change.bytes.empty()) std::memcpy(at, change.bytes.data(), change.bytes.size());
    at += change.bytes.size();
  }
  std::memcpy(staged_account().data(), next_account().data(), account_);
  head().size = size;
  return {};
}

void RedoLog::complete() {
  // Killed behind this line, it is done once more, which changes nothing.
  std::memcpy(memory_.data() + sizeof(Head), staged_account().data(), account_);
  set_whole(0);
}

void RedoLog::discard() { set_whole(0); }

std::optional<Id128> RedoLog::unfinished() const {
  const std::size_t size = head().size;
  if (head().whole == 0 || size < sizeof(Item) + kHeaderSizeMin) return std::nullopt;
  // The header is the last of them.
  std::size_t at = 0;
  for (;;) {
    const auto item = load<Item>(changes().data() + at);
    const std::size_t next = at + sizeof(Item) + item.size;
    if (next >= size) break;
    at = next;
  }
  return load<Id128>(changes().data() + at + sizeof(Item) + offsetof(Header, file_id));
}

void RedoLog::staged(std::vector<Change>& changes) const {
  changes.clear();
  for (std::size_t at = 0; at < head().size;) {
    const auto item = load<Item>(this->changes().data() + at);
    changes.push_back({item.offset, this->changes().subspan(at + sizeof(Item), item.size)});
    at += sizeof(Item) + item.size;
  }
}

Expected<void> RedoLog::replay(Storage& storage) const {
  std::vector<Change> changes;
  staged(changes);
  for (const Change& change : changes) {
    if (auto done = storage.write(change.offset, change.bytes); !done) return done;
  }
  return {};
}

Expected<std::uint64_t> end_file(Storage& storage) {
  Header header;
  if (storage.size() < kHeaderSize252) return fail("end", "journal file", ENODATA);
  const auto bytes = writable_bytes_of(header).first(kHeaderSize252);
  if (auto done = storage.read(0, bytes); !done) return std::unexpected(std::move(done.error()));
  ObjectHeader last;
  const std::uint64_t tail = header.tail_object_offset;
  if (header.signature != kSignature || tail < header.header_size) {
    return fail("end", "journal file", EBADMSG);
  }
  if (auto done = storage.read(tail, writable_bytes_of(last)); !done) {
    return std::unexpected(std::move(done.error()));
  }
  const std::uint64_t end = align8(tail + last.size);
  if (last.size < sizeof last || end > storage.size()) return fail("end", "journal file", EBADMSG);
  header.arena_size = end - header.header_size;
  header.state = static_cast<std::uint8_t>(State::kArchived);
  if (auto done = storage.write(0, bytes); !done) return std::unexpected(std::move(done.error()));
  return end;
}

}  // namespace gatevisor::journal
