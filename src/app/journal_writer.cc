#include "app/journal_writer.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "app/file_storage.h"
#include "journal/reader.h"
#include "journal/writer.h"
#include "os/clock.h"
#include "os/data_file.h"
#include "os/file.h"
#include "os/invocation.h"
#include "os/machine.h"
#include "protocol/journal_record.h"

namespace gatevisor::app {
namespace {

using protocol::JournalRecord;

constexpr const char* kCurrent = "gatevisor.journal";
constexpr const char* kUnfinished = "gatevisor.new";
constexpr std::uint64_t kFileSize = std::uint64_t{8} << 20;
/// With the current one they are at most 64 MiB.
constexpr std::size_t kMostArchived = 7;
constexpr int kRetryMs = 1000;

journal::Id128 to_id(const std::string& digits) {
  journal::Id128 id{};
  const auto value = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  for (std::size_t i = 0; i < id.size() && 2 * i + 1 < digits.size(); ++i) {
    id[i] = static_cast<std::byte>(value(digits[2 * i]) * 16 + value(digits[2 * i + 1]));
  }
  return id;
}

std::string hexadecimal(std::uint64_t number) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(number));
  return text;
}

/// One file after the other in one directory.
class Journal {
 public:
  explicit Journal(const JournalWriterParts& parts)
      : directory_path_(parts.directory), seqnum_id_(parts.run_id) {
    const auto add = [this](const char* name, const std::string& value) {
      if (!value.empty()) trusted_.push_back(std::string(name) + "=" + value);
    };
    boot_id_ = os::boot_id();
    machine_id_ = os::machine_id();
    add("_TRANSPORT", "journal");
    add("_PID", std::to_string(parts.owner_pid));
    add("_COMM", "gatevisor");
    add("_BOOT_ID", boot_id_);
    add("_MACHINE_ID", machine_id_);
    add("_HOSTNAME", os::host_name());
  }

  /// It is on the disk when this returns without an error.
  Expected<void> append(const JournalRecord& record) {
    if (auto open = ensure_open(); !open) return open;
    if (record.number < writer_->next_seqnum()) return {};  // an earlier writer's last act
    auto appended = try_append(record);
    if (!appended && must_rotate(appended.error().code)) {
      if (auto rotated = rotate(); !rotated) return rotated;
      if (auto open = ensure_open(); !open) return open;
      appended = try_append(record);
    }
    if (!appended) return std::unexpected(std::move(appended.error()));
    if (auto flushed = writer_->flush(); !flushed) return flushed;
    return storage_->file().sync();
  }

  void close() {
    if (!writer_) return;
    (void)rotate();
  }

 private:
  /// journald's reasons: full, broken, or a clock that went back.
  bool must_rotate(int error) const {
    return writer_->full() || writer_->broken() || error == EREMCHG || error == ENOTNAM;
  }

  Expected<std::uint64_t> try_append(const JournalRecord& record) {
    std::vector<journal::Field> fields;
    const auto add = [&fields](const std::string& field) {
      fields.push_back({{}, std::as_bytes(std::span(field))});
    };
    std::ranges::for_each(record.fields, add);
    std::ranges::for_each(trusted_, add);
    return writer_->append({record.realtime_usec, record.monotonic_usec}, fields);
  }

  Expected<void> ensure_open() {
    if (writer_ && !writer_->full() && !writer_->broken()) return {};
    if (writer_) {
      if (auto rotated = rotate(); !rotated) return rotated;
    }
    if (!directory_) {
      auto directory = os::open_data_directory(directory_path_);
      if (!directory) return std::unexpected(std::move(directory.error()));
      directory_ = std::move(*directory);
    }
    find_what_is_written();
    set_old_file_aside();
    remove_oldest();
    // It gets its name when it is a journal: one without its header would only be complained of.
    (void)os::remove_data_file(directory_, kUnfinished);
    auto file = os::DataFile::create(directory_, kUnfinished);
    if (!file) {
      file.error().subject = directory_path_ + "/" + kUnfinished;
      return std::unexpected(std::move(file.error()));
    }
    auto storage = std::make_unique<FileStorage>(std::move(*file));
    journal::Limits limits;
    limits.max_size = kFileSize;
    limits.allocation_step = std::uint64_t{256} << 10;
    limits.buffer = std::size_t{64} << 10;
    limits.cached_data = 256;
    auto writer = journal::Writer::create(
        *storage,
        {to_id(os::new_invocation_id()), to_id(machine_id_), to_id(boot_id_), to_id(seqnum_id_)},
        next_seqnum_, limits);
    if (!writer) return std::unexpected(std::move(writer.error()));
    if (auto flushed = writer->flush(); !flushed) return flushed;
    if (auto named = os::rename_data_file(directory_, kUnfinished, kCurrent); !named) return named;
    storage_ = std::move(storage);
    writer_.emplace(std::move(*writer));
    return {};
  }

  /// Ends the current file and gives it its archive's name: run, next number, time.
  Expected<void> rotate() {
    if (!writer_->broken()) (void)writer_->close();
    (void)storage_->file().truncate(writer_->used());
    next_seqnum_ = writer_->next_seqnum();
    writer_.reset();
    storage_.reset();
    return archive(".journal");
  }

  /// By an earlier writer of this run, which was killed: in its archives, and in its last file.
  void find_what_is_written() {
    for (const std::string& name : os::names_at(directory_.get(), ".")) {
      const std::string start = "gatevisor@" + seqnum_id_ + "-";
      if (!name.starts_with(start) || name.size() < start.size() + 16) continue;
      std::uint64_t next = 0;
      const char* digits = name.data() + start.size();
      std::from_chars(digits, digits + 16, next, 16);
      next_seqnum_ = std::max(next_seqnum_, next);
    }
    auto file = os::DataFile::open(directory_, kCurrent);
    if (!file) return;
    FileStorage storage(std::move(*file));
    auto reader = journal::Reader::open(storage);
    if (!reader || reader->header().seqnum_id != to_id(seqnum_id_)) return;
    reader->seek_tail();
    if (!reader->previous().value_or(false)) return;
    if (const auto last = reader->meta()) next_seqnum_ = std::max(next_seqnum_, last->seqnum + 1);
  }

  /// One that an earlier writer did not end: it was killed. journald marks those with '~'.
  void set_old_file_aside() { (void)archive(".journal~"); }

  Expected<void> archive(const char* ending) {
    const std::string name = "gatevisor@" + seqnum_id_ + "-" + hexadecimal(next_seqnum_) + "-" +
                             hexadecimal(os::journal_times().realtime_usec) + ending;
    return os::rename_data_file(directory_, kCurrent, name);
  }

  void remove_oldest() {
    std::vector<std::pair<std::string, std::string>> archived;  // by time, which ends the name
    for (std::string& name : os::names_at(directory_.get(), ".")) {
      const std::size_t dash = name.rfind('-');
      if (!name.starts_with("gatevisor@") || dash == std::string::npos) continue;
      archived.emplace_back(name.substr(dash), std::move(name));
    }
    std::ranges::sort(archived);
    for (std::size_t i = 0; i + kMostArchived < archived.size(); ++i) {
      (void)os::remove_data_file(directory_, archived[i].second);
    }
  }

  std::string directory_path_;
  std::string seqnum_id_;
  std::string boot_id_;
  std::string machine_id_;
  std::vector<std::string> trusted_;
  os::UniqueFd directory_;
  std::unique_ptr<FileStorage> storage_;
  std::optional<journal::Writer> writer_;
  std::uint64_t next_seqnum_ = 1;
};

}  // namespace

int journal_writer_main(void* argument) {
  auto& parts = *static_cast<JournalWriterParts*>(argument);
  Journal journal(parts);
  std::string datagram;
  bool told = false;
  for (;;) {
    parts.channel.wait(-1);
    const auto received = parts.channel.receive(datagram, protocol::kMaxJournalRecord);
    if (received == os::Channel::Received::End) break;
    if (received == os::Channel::Received::Nothing) continue;
    const auto record = protocol::decode(datagram);
    if (!record) continue;
    for (auto done = journal.append(*record); !done; done = journal.append(*record)) {
      if (!told) (void)parts.channel.send(protocol::encode_trouble(to_string(done.error())));
      told = true;
      if (!parts.channel.wait_gone(kRetryMs)) continue;
      return 1;  // gatevisor is gone, and what is left has nowhere to go
    }
    told = false;
    (void)parts.channel.send(protocol::encode_written(record->number));
  }
  journal.close();
  return 0;
}

}  // namespace gatevisor::app
