#include "app/journal_place.h"

#include <unistd.h>

#include <cerrno>

#include "app/exit_code.h"
#include "os/data_file.h"
#include "os/runtime_directory.h"

namespace gatevisor::app {
namespace {

constexpr const char* kVolatile = "/journal";

OrRefusal<std::string> checked(const std::string& directory) {
  auto opened = os::open_data_directory(directory);
  if (!opened) {
    opened.error().advice = "make it, or give another one with --journal-dir";
    return refuse(std::move(opened.error()), kCantCreate);
  }
  if (os::may_write(*opened)) return directory;
  return refuse({"write", directory, EACCES, "give another directory with --journal-dir"},
                kCantCreate);
}

/// The writer is another user: it has to come in.
OrRefusal<std::string> below_runtime_directory() {
  Error why;
  for (const std::string& directory : os::runtime_directories()) {
    auto entered = os::enter_runtime_directory(directory, true);
    if (entered) return checked(directory + kVolatile);
    why = std::move(entered.error());
  }
  why.advice = "Storage=volatile has no place; give one with --journal-dir";
  return refuse(std::move(why), kCantCreate);
}

}  // namespace

OrRefusal<std::string> journal_place(const std::string& given, JournalSettings& settings,
                                     std::vector<Error>& warnings) {
  if (!given.empty()) return checked(given);
  switch (settings.storage) {
    case JournalStorage::None: break;
    case JournalStorage::Auto: {
      if (access(kJournalDirectory, F_OK) != 0) break;
      auto place = checked(kJournalDirectory);
      if (place) return place;
      warnings.push_back(std::move(place.error().error));
      warnings.back().advice = "going on without a journal; Storage=none says that it is meant so";
      break;
    }
    case JournalStorage::Persistent: return checked(kJournalDirectory);
    case JournalStorage::Volatile:
      if (!settings.max_use) settings.max_use = kVolatileMaxUse;
      return below_runtime_directory();
  }
  return std::string();
}

std::vector<std::string> own_journal_directories() {
  std::vector<std::string> all = {kJournalDirectory};
  for (const std::string& directory : os::runtime_directories()) all.push_back(directory + kVolatile);
  return all;
}

}  // namespace gatevisor::app
