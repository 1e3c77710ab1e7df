// Which journal files `gatevisor log` reads.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "app/log_options.h"
#include "journal/storage.h"
#include "log/calendar.h"
#include "log/journal_set.h"
#include "os/mapped_file.h"
#include "os/pager.h"

namespace gatevisor::app {

/// A mapped file as the journal's reader takes it. Never written.
class MappedStorage final : public journal::Storage {
 public:
  explicit MappedStorage(os::MappedFile file) : file_(std::move(file)) {}
  Expected<void> write(std::uint64_t offset, std::span<const std::byte> bytes) override;
  Expected<void> read(std::uint64_t offset, std::span<std::byte> bytes) override;
  std::span<const std::byte> mapped() const override { return file_.bytes(); }
  std::uint64_t size() const override { return file_.bytes().size(); }
  Expected<void> allocate(std::uint64_t size) override;
  os::MappedFile& file() { return file_; }

 private:
  os::MappedFile file_;
};

/// The machine's time zone.
class LocalCalendar final : public log::Calendar {
 public:
  log::CivilTime civil(std::int64_t seconds) const override;
  std::optional<std::int64_t> seconds(const log::CivilTime& time,
                                      std::string_view zone) const override;
};

/// 'NAME.journal'; 'NAME.journal~' is one that was set aside.
bool is_journal_name(std::string_view name);
/// The directories that are looked into: those asked for, or the customary ones that are there.
std::vector<std::string> log_directories(const LogOptions& options);
/// The journal files there, and those asked for by name.
std::vector<std::string> log_files(const LogOptions& options,
                                   const std::vector<std::string>& directories);

/// One line on standard error.
void log_complain(const std::string& line);

using Say = std::function<void(const std::string& line)>;
/// Writes what is left to standard output: `status`, or kCantCreate where it cannot be, which is
/// said.
int finish(os::TextOut& out, int status, const Say& say);

/// Opens all of them, each once; one that is no journal is said, unless `say` is empty, and left
/// out. False: at least one was; it may become one, where its writer has only just made it.
bool open_log_files(log::JournalSet& set, const std::vector<std::string>& paths, const Say& say);

}  // namespace gatevisor::app
