// A journal file, made worse, out of a fuzzer's bytes.
//
// An odd first byte: what follows is the file. An even one: what follows are changes to a good
// file, three bytes of place and one or eight of content each. With its second bit the file is read
// where it stands.
#pragma once

#include <cstdlib>

#include "../journal_testing.h"

namespace gatevisor::journal {

inline const std::vector<std::byte>& good_file() {
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

inline std::vector<std::byte> changed(std::span<const std::byte> changes) {
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

/// `input` has at least one byte.
inline MemoryStorage damaged_file(std::span<const std::byte> input) {
  const auto kind = std::to_integer<unsigned>(input.front());
  const auto rest = input.subspan(1);
  return MemoryStorage(
      kind % 2 != 0 ? std::vector<std::byte>(rest.begin(), rest.end()) : changed(rest),
      (kind & 2) != 0);
}

}  // namespace gatevisor::journal
