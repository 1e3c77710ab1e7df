// Entries in the export format, written to a journal as gatevisor's journal writer does it: what
// systemd-journal-remote does with them.
//
// Usage: export_writer DIRECTORY FILE
// Fields whose values are text, as an error of the writer tells where one is not; a commit follows
// some thousand entries, as under load.
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "app/journal_account.h"
#include "app/journal_store.h"
#include "os/mapped_file.h"
#include "os/memory.h"
#include "os/shared_memory.h"

namespace {

using namespace gatevisor;

[[noreturn]] void die(const std::string& what) {
  std::fprintf(stderr, "export_writer: %s\n", what.c_str());
  std::exit(1);
}

void check(const Expected<void>& done) {
  if (!done) die(to_string(done.error()));
}

constexpr int kCommit = 5'000;

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) die("usage: export_writer DIRECTORY FILE");
  os::keep_freed_memory(8 << 20);  // as the journal writer does
  const auto file = os::MappedFile::open(argv[2]);
  if (!file) die(to_string(file.error()));
  const std::string_view text(reinterpret_cast<const char*>(file->bytes().data()),
                              file->bytes().size());
  const auto memory = os::SharedMemory::make(sizeof(app::JournalMemory));
  if (!memory) die(to_string(memory.error()));
  JournalSettings settings;
  settings.max_use = std::uint64_t{4} << 30;
  app::JournalStore store(
      argv[1], "00000000000000000000000000000001", settings,
      reinterpret_cast<app::JournalMemory*>(memory->bytes().data())->redo_log());
  check(store.recover());
  journal::EntryTimes times;
  std::vector<journal::Field> fields;
  std::uint64_t mark = 0;
  int waiting = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    if (end == text.npos) die("a line has no end");
    const std::string_view line = text.substr(at, end - at);
    at = end + 1;
    constexpr std::string_view kRealtime = "__REALTIME_TIMESTAMP=";
    if (line.starts_with(kRealtime)) {
      times.realtime_usec = std::strtoull(line.data() + kRealtime.size(), nullptr, 10);
    } else if (line.empty()) {
      check(store.append(times, fields, {&mark, mark}));
      fields.clear();
      if (++waiting % kCommit == 0) check(store.commit(false));
    } else if (!line.starts_with("__")) {
      fields.push_back({{}, app::bytes_of(line)});
    }
  }
  check(store.commit(true));
  store.close();
  std::printf("%d entries\n", waiting);
}
