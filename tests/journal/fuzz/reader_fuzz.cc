// libFuzzer: a damaged file (damaged_file.h). Besides what the sanitizers see: walking ends, in
// both directions and through matches.
#include "damaged_file.h"
#include "journal/verify.h"

using namespace gatevisor::journal;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const auto input = std::as_bytes(std::span(data, size));
  if (input.empty()) {
    return 0;
  }
  MemoryStorage storage = damaged_file(input);
  (void)verify(storage);
  auto reader = Reader::open(storage, {.max_entry_size = 1 << 20, .max_fields = 1000});
  if (!reader) {
    return 0;
  }
  const auto walk = [&storage](auto step) {
    std::size_t steps = 0;
    while (step().value_or(false)) {
      if (++steps > storage.size()) {
        std::abort();
      }
    }
  };
  walk([&] {
    auto more = reader->next();
    (void)reader->entry();
    EntryView view;
    (void)reader->view(view);
    return more;
  });
  walk([&] { return reader->previous(); });
  (void)reader->seek_seqnum(data[0]);
  (void)reader->next();
  if (const auto meta = reader->meta(); meta && !reader->seek_cursor(reader->cursor(*meta))) {
    (void)reader->seek_realtime(meta->realtime_usec);
  }
  (void)reader->refresh();
  for (const char* match : {"_HOSTNAME=box", "PRIORITY=3", "PRIORITY=4", "_PID=101"}) {
    (void)reader->add_match(match);
    reader->seek_head();
    walk([&] { return reader->next(); });
    walk([&] { return reader->previous(); });
  }
  std::size_t values = 0;
  (void)reader->unique("MESSAGE", [&](std::string_view) {
    if (++values > storage.size()) {
      std::abort();
    }
    return true;
  });
  values = 0;
  (void)reader->names([&](std::string_view) { return ++values < storage.size(); });
  return 0;
}
