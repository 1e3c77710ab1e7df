#include "app/journal_file.h"

#include <algorithm>

namespace gatevisor::app {
namespace {

/// Less is written as fast as it is handed over.
constexpr std::size_t kMuch = std::size_t{64} << 10;

}  // namespace

Expected<void> JournalFile::read(std::uint64_t offset, std::span<std::byte> bytes) {
  if (auto done = FileStorage::read(offset, bytes); !done) return done;
  disk_.background.overlay(offset, bytes);
  if (in_background_) overlay_commit(offset, bytes);
  return {};
}

void JournalFile::overlay_commit(std::uint64_t offset, std::span<std::byte> bytes) const {
  const auto sorted = std::span(staged_).first(staged_.size() - 1);
  const auto end_of = [](const journal::Change& change) {
    return change.offset + change.bytes.size();
  };
  auto change = std::ranges::upper_bound(sorted, offset, {}, end_of);
  for (; change != sorted.end() && change->offset < offset + bytes.size(); ++change) {
    lay_over(*change, offset, bytes);
  }
  lay_over(staged_.back(), offset, bytes);
}

Expected<void> JournalFile::take(std::uint64_t offset, std::vector<std::byte>& memory,
                                 std::size_t size) {
  if (size >= kMuch && disk_.background.write(file(), offset, memory, size)) return {};
  return FileStorage::take(offset, memory, size);
}

// It is made up for from the moment on when the objects are written that it points to: they are in
// front of it.
Expected<void> JournalFile::apply(std::span<const journal::Change> changes) {
  if (auto done = finish_commit(); !done) return done;
  if (auto done = disk_.redo.stage(changes); !done) return done;
  disk_.redo.staged(staged_);
  std::size_t size = 0;
  for (const journal::Change& change : changes) size += change.bytes.size();
  const bool much = size >= kMuch || !disk_.background.is_idle();
  in_background_ = much && disk_.background.add(*this);
  return in_background_ ? Expected<void>{} : count(run(disk_.background.batch()));
}

Expected<void> JournalFile::run(os::WriteBatch& batch) {
  disk_.redo.begin();
  return file().write_inside(staged_, batch);
}

Expected<void> JournalFile::finish_commit() {
  if (!std::exchange(in_background_, false)) return {};
  return count(disk_.background.wait_for_work());
}

Expected<void> JournalFile::settle() {
  auto commit = finish_commit();
  auto rest = disk_.background.wait();
  return commit ? rest : commit;
}

Expected<void> JournalFile::count(Expected<void> written) {
  if (written) {
    disk_.redo.complete();
  } else {
    disk_.redo.discard();
  }
  return written;
}

}  // namespace gatevisor::app
