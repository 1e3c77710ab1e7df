#include "app/journal_store.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <limits>

#include "log/cursor.h"
#include "os/clock.h"
#include "os/data_file.h"
#include "os/file.h"
#include "os/invocation.h"
#include "os/machine.h"
#include "protocol/native_log.h"

namespace gatevisor::app {
namespace {

constexpr const char* kUnfinished = ".new";
constexpr unsigned kMostWriters = 1000;  // in one directory

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;
constexpr std::uint64_t kGiB = std::uint64_t{1} << 30;
/// journald's smallest file.
constexpr std::uint64_t kMinFileSize = kMiB / 2;
/// A clock that has gone back by more was set: journald's reason for a new file.
constexpr std::uint64_t kClockSlackUsec = 1'000'000;

/// What an entry that a client sends has beside the client's fields; LogExtraFields= among them.
constexpr std::size_t kOwnFields = 128;

/// Of 32 digits; zero where there are none.
journal::Id128 to_id(const std::string& digits) {
  return log::parse_id(digits).value_or(journal::Id128{});
}

std::string hexadecimal(std::uint64_t number) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(number));
  return text;
}

/// Of a file that is written to. `writer`: they are counted from 1.
std::string current_name(unsigned writer) {
  return writer == 1 ? "gatevisor.journal" : "gatevisor-" + std::to_string(writer) + ".journal";
}

bool is_current(std::string_view name) {
  return name.starts_with("gatevisor") && name.ends_with(".journal") && !name.contains('@');
}

bool is_unfinished(std::string_view name) {
  return name.starts_with("gatevisor-") && name.ends_with(kUnfinished);
}

/// The time that ends an archived file's name; 0 where there is none.
std::uint64_t time_of(const std::string& name) {
  const std::size_t dash = name.rfind('-');
  if (dash == std::string::npos) return 0;
  return std::strtoull(name.c_str() + dash + 1, nullptr, 16);
}

/// What was there before.
std::uint64_t put(const JournalStore::Mark& mark) {
  if (mark.owner != nullptr && *mark.owner != mark.id) {
    *mark.owner = mark.id;
    *mark.where = 0;
  }
  return std::exchange(*mark.where, mark.value);
}

}  // namespace

JournalStore::JournalStore(std::string directory, const std::string& run_id,
                           const JournalSettings& settings, journal::RedoLog redo)
    : directory_path_(std::move(directory)),
      run_id_(run_id),
      settings_(settings),
      disk_{redo},
      boot_id_(os::boot_id()),
      machine_id_(os::machine_id()),
      unfinished_("gatevisor-" + run_id_ + kUnfinished) {
  const auto add = [this](const char* name, const std::string& value) {
    if (!value.empty()) host_fields_.push_back(std::string(name) + "=" + value);
  };
  add("_BOOT_ID", boot_id_);
  add("_MACHINE_ID", machine_id_);
  add("_HOSTNAME", os::host_name());
}

JournalStore::~JournalStore() = default;

const JournalAccount& JournalStore::account() const {
  return *reinterpret_cast<const JournalAccount*>(disk_.redo.account().data());
}

JournalAccount& JournalStore::next_account() {
  return *reinterpret_cast<JournalAccount*>(disk_.redo.next_account().data());
}

Expected<void> JournalStore::open_directory() {
  if (directory_) return {};
  auto directory = os::open_data_directory(directory_path_);
  if (!directory) return std::unexpected(std::move(directory.error()));
  directory_ = std::move(*directory);
  find_room();
  return {};
}

// journald's defaults: a tenth of the file system up to 4 GiB, leaving 15 % of it up to 4 GiB; a
// file is an eighth of that, but here not 128 MiB: its hash tables would take 4 MiB of a container
// that writes ten lines.
void JournalStore::find_room() {
  const std::uint64_t size = os::disk_room(directory_).size;
  Room room;
  room.max_use = settings_.max_use.value_or(std::clamp(size / 10, kMiB, 4 * kGiB));
  room.max_use = std::max(room.max_use, 2 * kMinFileSize);
  room.keep_free = settings_.keep_free.value_or(std::min(size / 100 * 15, 4 * kGiB));
  room.max_file_size = settings_.max_file_size.value_or(std::min(room.max_use / 8, 32 * kMiB));
  room.max_file_size =
      std::clamp(room.max_file_size, kMinFileSize, std::uint64_t{journal::kCompactSizeMax});
  room.max_use = std::max(room.max_use, 2 * room.max_file_size);
  room_ = room;
}

Expected<void> JournalStore::recover() {
  if (recovered_) return {};
  if (auto open = open_directory(); !open) return open;
  for (const std::string& name : os::names_at(directory_.get(), ".")) {
    if (is_unfinished(name)) {
      const auto file = os::DataFile::open_to_change(directory_, name);
      if (file && file->lock()) (void)os::remove_data_file(directory_, name);
    }
    if (!is_current(name)) continue;
    if (auto done = take_over(name); !done) return done;
  }
  // Nobody will see it: the file that it was of has gone.
  if (disk_.redo.unfinished()) disk_.redo.discard();
  disk_.redo.forget_next();
  recovered_ = true;
  return {};
}

/// One whose writer lives is left to it.
Expected<void> JournalStore::take_over(const std::string& name) {
  auto file = os::DataFile::open_to_change(directory_, name);
  if (!file) {
    const int code = file.error().code;
    const bool odd = code == ELOOP || code == ENXIO || code == EMLINK;
    if (odd) (void)archive(name, ".journal~");
    // Gone meanwhile, or of another user's gatevisor.
    if (odd || code == ENOENT || code == EACCES || code == EPERM) return {};
    return std::unexpected(std::move(file.error()));
  }
  const bool locked = file->lock();
  JournalFile storage(std::move(*file), disk_);
  journal::Header header;
  const auto bytes = journal::writable_bytes_of(header).first(journal::kHeaderSize252);
  bool ours = storage.read(0, bytes).has_value() && header.seqnum_id == to_id(run_id_);
  // Of an earlier writer of this run it is known that it has ended; the kernel may give its lock back a
  // moment later.
  if (!locked && !ours) return {};
  if (ours && disk_.redo.unfinished() == header.file_id) {
    if (auto done = disk_.redo.replay(storage); !done) return done;
    disk_.redo.complete();
  }
  // All of its commits are whole: it is ended as its writer would have done.
  if (ours) {
    const auto end = journal::end_file(storage);
    ours = end.has_value();
    if (ours) (void)storage.file().truncate(*end);
  }
  // Another's that was not ended: its writer was killed. journald marks those with '~'.
  (void)archive(name, ours ? ".journal" : ".journal~");
  return {};
}

Expected<void> JournalStore::append(journal::EntryTimes times,
                                    std::span<const journal::Field> fields, const Mark& mark,
                                    journal::CommonFields* common, journal::CommonFields* also) {
  if (auto open = ensure_open(); !open) return open;
  if (is_old(times.realtime_usec)) {
    if (auto rotated = rotate(); !rotated) return rotated;
    if (auto open = ensure_open(); !open) return open;
  }
  auto appended = try_append(times, fields, mark, common, also);
  while (!appended && appended.error().code == ENOSPC && !writer_->broken() && remove_oldest()) {
    appended = try_append(times, fields, mark, common, also);
  }
  if (!appended && must_rotate(appended.error().code) && !writer_->broken()) {
    if (auto rotated = rotate(); !rotated) return rotated;
    if (auto open = ensure_open(); !open) return open;
    appended = try_append(times, fields, mark, common, also);
  }
  if (!appended) {
    if (writer_->broken()) drop_file();
    return std::unexpected(std::move(appended.error()));
  }
  return {};
}

/// journald's reasons: full, or a clock that went back.
bool JournalStore::must_rotate(int error) const {
  return writer_->full() || error == EREMCHG || error == ENOTNAM;
}

bool JournalStore::is_old(std::uint64_t now_usec) const {
  const auto most = static_cast<std::uint64_t>(settings_.max_file_age.count());
  return most != 0 && file_since_ != 0 && now_usec > file_since_ + most;
}

// A commit may be made in the middle of it, and has the entry in it then.
Expected<std::uint64_t> JournalStore::try_append(journal::EntryTimes times,
                                                 std::span<const journal::Field> fields,
                                                 const Mark& mark, journal::CommonFields* common,
                                                 journal::CommonFields* also) {
  // What is told of earlier, but comes later, counts from then on.
  if (times.realtime_usec < last_.realtime_usec &&
      last_.realtime_usec - times.realtime_usec < kClockSlackUsec) {
    times.realtime_usec = last_.realtime_usec;
  }
  times.monotonic_usec = std::max(times.monotonic_usec, last_.monotonic_usec);
  JournalAccount& next = next_account();
  const std::uint64_t before = put(mark);
  next.entries = writer_->next_seqnum();
  auto appended = writer_->append(times, fields, common, also);
  if (!appended) {
    *mark.where = before;
    next.entries = writer_->next_seqnum() - 1;
    return appended;
  }
  dirty_ = true;
  if (file_since_ == 0) file_since_ = times.realtime_usec;
  last_ = times;
  return appended;
}

Expected<void> JournalStore::skip(const Mark& mark) {
  if (auto open = ensure_open(); !open) return open;
  put(mark);
  dirty_ = true;
  return {};
}

Expected<void> JournalStore::commit(bool sync) {
  if (!writer_) return {};
  if (dirty_) {
    if (auto flushed = writer_->flush(); !flushed) {
      drop_file();
      return flushed;
    }
    dirty_ = false;
  }
  if (sync || file_->is_committed()) {
    if (auto finished = finish_commit(); !finished) return finished;
  }
  return sync ? file_->file().sync() : Expected<void>{};
}

Expected<void> JournalStore::finish_commit() {
  if (!writer_) return {};
  auto finished = file_->finish_commit();
  if (!finished) drop_file();
  return finished;
}

void JournalStore::rest() {
  disk_.background.release();
}

// What it had not committed is lost with it, and appended anew.
void JournalStore::drop_file() {
  const std::uint64_t used = writer_->used();
  writer_.reset();
  (void)file_->settle();
  (void)file_->file().truncate(used);
  (void)archive(name_, ".journal~");
  file_.reset();
  disk_.redo.forget_next();
}

void JournalStore::close() {
  if (writer_) (void)rotate();
}

Expected<void> JournalStore::ensure_open() {
  if (writer_ && !writer_->full()) return {};
  if (auto recovered = recover(); !recovered) return recovered;
  if (writer_) {
    if (auto rotated = rotate(); !rotated) return rotated;
  }
  if (auto open = open_directory(); !open) return open;
  vacuum();
  // It gets its name when it is a journal: one without its header would only be complained of.
  (void)os::remove_data_file(directory_, unfinished_);
  auto file = os::DataFile::create(directory_, unfinished_);
  if (!file) {
    file.error().subject = directory_path_ + "/" + unfinished_;
    return std::unexpected(std::move(file.error()));
  }
  (void)file->lock();
  (void)file->map(room_.max_file_size);  // where it cannot be, it is read
  auto storage = std::make_unique<JournalFile>(std::move(*file), disk_);
  journal::Limits limits;
  limits.max_size = room_.max_file_size;
  limits.allocation_step = std::min<std::uint64_t>(room_.max_file_size / 8, 4 * kMiB);
  limits.buffer = JournalMemory::kChanges / 4;
  limits.cached_data = 1024;
  limits.max_fields = protocol::kMaxLogFields + kOwnFields;
  disk_.redo.forget_next();
  auto writer = journal::Writer::create(
      *storage,
      {to_id(os::new_invocation_id()), to_id(machine_id_), to_id(boot_id_), to_id(run_id_)},
      account().entries + 1, limits);
  if (!writer) {
    if (writer.error().code == ENOSPC && remove_oldest()) return ensure_open();
    return std::unexpected(std::move(writer.error()));
  }
  if (auto named = name_file(); !named) return named;
  file_ = std::move(storage);
  writer_.emplace(std::move(*writer));
  last_ = {};
  file_since_ = 0;
  return {};
}

/// The first name that nobody has.
Expected<void> JournalStore::name_file() {
  for (unsigned writer = 1;; ++writer) {
    name_ = current_name(writer);
    auto named = os::rename_data_file(directory_, unfinished_, name_);
    if (named || named.error().code != EEXIST || writer == kMostWriters) return named;
  }
}

/// Ends the current file and gives it its archive's name.
Expected<void> JournalStore::rotate() {
  auto closed = writer_->close();
  if (closed) closed = file_->settle();
  if (!closed) {
    drop_file();
    return closed;
  }
  (void)file_->file().truncate(writer_->used());
  // As long as it is locked nobody else does it.
  auto archived = archive(name_, ".journal");
  writer_.reset();
  file_.reset();
  return archived;
}

Expected<void> JournalStore::archive(const std::string& name, const char* ending) {
  const std::string to = "gatevisor@" + run_id_ + "-" + hexadecimal(account().entries + 1) + "-" +
                         hexadecimal(os::journal_times().realtime_usec) + ending;
  return os::rename_data_file(directory_, name, to);
}

/// The names, the oldest first.
std::vector<std::string> JournalStore::archived() const {
  std::vector<std::pair<std::uint64_t, std::string>> all;
  for (std::string& name : os::names_at(directory_.get(), ".")) {
    if (!name.starts_with("gatevisor@")) continue;
    const std::uint64_t time = time_of(name);
    all.emplace_back(time, std::move(name));
  }
  std::ranges::sort(all);
  std::vector<std::string> names;
  for (auto& [time, name] : all) names.push_back(std::move(name));
  return names;
}

bool JournalStore::remove_oldest() {
  const auto names = archived();
  return !names.empty() && os::remove_data_file(directory_, names.front()).has_value();
}

void JournalStore::vacuum() {
  if (!directory_) return;
  const auto names = archived();
  const std::uint64_t now = os::journal_times().realtime_usec;
  const auto retention = static_cast<std::uint64_t>(settings_.max_retention.count());
  std::vector<std::uint64_t> uses;
  std::uint64_t use = 0;
  for (const std::string& name : names) {
    use += uses.emplace_back(os::disk_use(directory_, name));
  }
  for (std::size_t i = 0; i < names.size(); ++i) {
    const std::size_t left = names.size() - i;
    // One more comes, or is being written.
    const bool many = settings_.max_files != 0 && left >= settings_.max_files;
    const bool large = use + room_.max_file_size > room_.max_use ||
                       os::disk_room(directory_).free < room_.keep_free;
    const bool old = retention != 0 && time_of(names[i]) + retention < now;
    if (!many && !large && !old) return;
    (void)os::remove_data_file(directory_, names[i]);
    use -= uses[i];
  }
}

}  // namespace gatevisor::app
