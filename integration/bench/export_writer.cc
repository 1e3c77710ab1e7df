// Entries in the export format, written to a journal as gatevisor's journal writer does it: what
// systemd-journal-remote does with them.
//
// Usage: export_writer DIRECTORY <FILE
// Fields whose values are text, as an error of the writer tells where one is not; a commit follows
// some thousand entries, as under load.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "app/journal_account.h"
#include "app/journal_store.h"
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

/// Standard input, in whole entries.
class Input {
 public:
  /// Some more of them; empty at the end. Good until the next call.
  std::string_view next() {
    std::memmove(bytes_.data(), bytes_.data() + told_, size_ - told_);
    size_ -= told_;
    const ssize_t got = read(STDIN_FILENO, bytes_.data() + size_, bytes_.size() - size_);
    if (got < 0) die("standard input cannot be read");
    size_ += static_cast<std::size_t>(got);
    const std::string_view all(bytes_.data(), size_);
    const std::size_t last = all.rfind("\n\n");
    told_ = last == all.npos ? 0 : last + 2;
    if (told_ == 0 && size_ != 0) die("an entry has no end, or is larger than 256 KiB");
    return all.substr(0, told_);
  }

 private:
  std::vector<char> bytes_ = std::vector<char>(std::size_t{256} << 10);
  std::size_t size_ = 0;
  std::size_t told_ = 0;
};

constexpr int kCommit = 5'000;

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) die("usage: export_writer DIRECTORY <FILE");
  os::keep_freed_memory(8 << 20);  // as the journal writer does
  const auto memory = os::SharedMemory::make(sizeof(app::JournalMemory));
  if (!memory) die(to_string(memory.error()));
  auto& shared = *reinterpret_cast<app::JournalMemory*>(memory->bytes().data());
  JournalSettings settings;
  settings.max_use = std::uint64_t{4} << 30;
  app::JournalStore store(argv[1], "00000000000000000000000000000001", settings,
                          shared.redo_log());
  check(store.recover());
  Input input;
  journal::EntryTimes times;
  std::vector<journal::Field> fields;
  std::uint64_t mark = 0;
  int waiting = 0;
  for (auto text = input.next(); !text.empty(); text = input.next()) {
    for (std::size_t at = 0; at < text.size();) {
      const std::string_view line = text.substr(at, text.find('\n', at) - at);
      at += line.size() + 1;
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
  }
  check(store.commit(true));
  store.close();
  std::printf("%d entries\n", waiting);
}
