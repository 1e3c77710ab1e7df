// libFuzzer: a journal file, made worse.
//
// An odd first byte: what follows is the file. An even one: what follows are changes to a good
// file, three bytes of place and one or eight of content each. Besides what the sanitizers see:
// walking ends, in both directions and through matches.

#include <cstdlib>

#include "../journal_testing.h"

namespace {

using namespace gatevisor::journal;

const std::vector<std::byte>& good_file() {
  static const std::vector<std::byte> file = [] {
    MemoryStorage storage;
    Limits limits = small_file();
    limits.max_size = 1 << 20;
    auto writer = Writer::create(storage, test_ids(), 1, limits);
    for (std::uint64_t i = 0; i < 40; ++i) {
      (void)append(*writer, plain_entry(i));
    }
    (void)writer->flush();
    return storage.bytes();
  }();
  return file;
}

std::vector<std::byte> changed(std::span<const std::byte> changes) {
  std::vector<std::byte> file = good_file();
  while (changes.size() >= 4) {
    const std::size_t place = load<std::uint32_t>(changes.data()) & 0xffffff;
    const std::size_t size = place % 2 == 0 ? 8 : 1;
    changes = changes.subspan(3);
    const auto content = changes.first(std::min(size, changes.size()));
    // The header and the objects; the tables between them are empty for the most part.
    const std::size_t at = place / 2 % (file.size() - 37'000 - 8);
    std::memcpy(file.data() + (at < 272 ? at : at + 37'000), content.data(), content.size());
    changes = changes.subspan(content.size());
  }
  return file;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const auto input = std::as_bytes(std::span(data, size));
  if (input.empty()) {
    return 0;
  }
  const auto rest = input.subspan(1);
  MemoryStorage storage(data[0] % 2 != 0 ? std::vector<std::byte>(rest.begin(), rest.end())
                                         : changed(rest));
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
  return 0;
}
