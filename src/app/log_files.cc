#include "app/log_files.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <set>

#include "app/exit_code.h"
#include "app/journal_place.h"
#include "os/file.h"
#include "os/local_time.h"

namespace gatevisor::app {
namespace {

/// A machine's folder, perhaps with a namespace behind it: '0123…ef', '0123…ef.name'.
bool is_machine(std::string_view name) {
  return log::parse_id(name.substr(0, name.find('.'))).has_value() &&
         name.substr(0, name.find('.')).size() == 32;
}

std::vector<std::string> folders(const std::string& directory) {
  std::vector<std::string> all = {directory};
  for (const std::string& name : os::names_at(AT_FDCWD, directory.c_str())) {
    if (is_machine(name)) all.push_back(directory + "/" + name);
  }
  return all;
}

bool has_journals(const std::string& directory) {
  return std::ranges::any_of(folders(directory), [](const std::string& folder) {
    return std::ranges::any_of(os::names_at(AT_FDCWD, folder.c_str()), is_journal_name);
  });
}

}  // namespace

bool is_journal_name(std::string_view name) {
  return name.ends_with(".journal") || name.ends_with(".journal~");
}

Expected<void> MappedStorage::write(std::uint64_t, std::span<const std::byte>) {
  return fail("write", "journal file", EROFS);
}

Expected<void> MappedStorage::allocate(std::uint64_t) {
  return fail("write", "journal file", EROFS);
}

Expected<void> MappedStorage::read(std::uint64_t offset, std::span<std::byte> bytes) {
  const std::span<const std::byte> all = file_.bytes();
  if (offset > all.size() || bytes.size() > all.size() - offset) {
    return fail("read", "journal file", EIO);
  }
  std::ranges::copy(all.subspan(offset, bytes.size()), bytes.begin());
  return {};
}

log::CivilTime LocalCalendar::civil(std::int64_t seconds) const {
  os::LocalTime local = os::local_time(seconds);
  return {local.year,    local.month,          local.day,
          local.hour,    local.minute,         local.second,
          local.weekday, local.offset_seconds, std::move(local.zone)};
}

std::optional<std::int64_t> LocalCalendar::seconds(const log::CivilTime& time,
                                                   std::string_view zone) const {
  return os::seconds_of({time.year,
                         time.month,
                         time.day,
                         time.hour,
                         time.minute,
                         time.second,
                         time.weekday,
                         time.offset_seconds,
                         {}},
                        zone);
}

std::vector<std::string> log_directories(const LogOptions& options) {
  std::vector<std::string> all;
  const auto add = [&all](const std::string& directory) {
    std::ranges::copy(folders(directory), std::back_inserter(all));
  };
  if (!options.directories.empty()) {
    std::ranges::for_each(options.directories, add);
  } else if (options.files.empty()) {
    const std::vector<std::string> own = own_journal_directories();
    const auto found = std::ranges::find_if(own, has_journals);
    if (found != own.end()) {
      add(*found);
    } else {
      for (const char* directory : {"/run/log/journal", "/var/log/journal"}) {
        if (has_journals(directory)) add(directory);
      }
    }
  }
  return all;
}

std::vector<std::string> log_files(const LogOptions& options,
                                   const std::vector<std::string>& directories) {
  std::vector<std::string> paths;
  for (const std::string& pattern : options.files) {
    std::ranges::copy(os::paths_matching(pattern), std::back_inserter(paths));
  }
  for (const std::string& directory : directories) {
    for (const std::string& name : os::names_at(AT_FDCWD, directory.c_str())) {
      if (is_journal_name(name)) paths.push_back(directory + "/" + name);
    }
  }
  return paths;
}

void log_complain(const std::string& line) {
  std::fprintf(stderr, "gatevisor: log: %s\n", line.c_str());
}

int finish(os::TextOut& out, int status, const Say& say) {
  (void)out.flush();
  if (out.error() == 0) return status;
  say(to_string(Error{"write", "standard output", out.error(), ""}));
  return kCantCreate;
}

bool open_log_files(log::JournalSet& set, const std::vector<std::string>& paths, const Say& say) {
  std::set<os::MappedFile::Identity> known;
  for (std::size_t i = 0; i < set.size(); ++i) {
    known.insert(static_cast<MappedStorage&>(set.storage(i)).file().identity());
  }
  bool all = true;
  for (const std::string& path : paths) {
    auto file = os::MappedFile::open(path);
    if (!file) {
      if (file.error().code == ENOENT) continue;  // renamed since
      if (say) say(to_string(file.error()));
      all = false;
      continue;
    }
    if (!known.insert(file->identity()).second) continue;
    if (auto added = set.add(path, std::make_unique<MappedStorage>(std::move(*file))); !added) {
      if (say) say(path + ": " + to_string(added.error()));
      all = false;
    }
  }
  return all;
}

}  // namespace gatevisor::app
