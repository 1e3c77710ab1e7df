// Files that somebody broke, by chance or on purpose: errors at most, and an end to every loop.
#include <cerrno>

#include "journal_testing.h"

namespace gatevisor::journal {
namespace {

/// Everything a reader can be asked. Gives the number of steps taken.
std::uint64_t use_everything(MemoryStorage& storage) {
  auto reader = Reader::open(storage, {.max_entry_size = 1 << 20, .max_fields = 1000});
  if (!reader) {
    return 0;
  }
  std::uint64_t steps = 0;
  const auto walk = [&] {
    reader->seek_head();
    while (reader->next().value_or(false)) {
      (void)reader->entry();
      ++steps;
    }
    reader->seek_tail();
    while (reader->previous().value_or(false)) {
      ++steps;
    }
  };
  walk();
  (void)reader->seek_seqnum(20);
  (void)reader->next();
  if (const auto meta = reader->meta()) {
    (void)reader->seek_cursor(reader->cursor(*meta));
  }
  (void)reader->seek_realtime(1'700'000'000'000'000);
  for (const char* match : {"_HOSTNAME=box", "PRIORITY=3", "PRIORITY=4", "_PID=101"}) {
    (void)reader->add_match(match);
    walk();
  }
  for (const char* name : {"MESSAGE", "_HOSTNAME", "PRIORITY"}) {
    (void)reader->unique(name, [&](std::string_view) {
      ++steps;
      return true;
    });
  }
  (void)reader->refresh();
  return steps;
}

std::vector<std::byte> small_journal() {
  MemoryStorage storage;
  std::vector<TestEntry> entries;
  for (std::uint64_t i = 0; i < 60; ++i) {
    entries.push_back(plain_entry(i));
  }
  Limits limits = small_file();
  limits.max_size = 1 << 20;
  write_all(storage, entries, limits);
  return storage.bytes();
}

TEST(Damage, EveryByteOfTheHeader) {
  const std::vector<std::byte> good = small_journal();
  for (std::size_t at = 0; at < 264; ++at) {
    for (const unsigned value : {0x00u, 0x01u, 0x7fu, 0x80u, 0xffu}) {
      MemoryStorage storage(good);
      storage.bytes()[at] = static_cast<std::byte>(value);
      EXPECT_LT(use_everything(storage), 10'000u) << at;
    }
  }
}

TEST(Damage, RandomBytesAndWords) {
  const std::vector<std::byte> good = small_journal();
  std::mt19937 random(5);
  // Objects rather than the hash tables, which are empty for the most part.
  const std::size_t objects =
      load<std::uint64_t>(good.data() + 104) + load<std::uint64_t>(good.data() + 112);
  for (int round = 0; round < 3000; ++round) {
    MemoryStorage storage(good);
    for (std::uint64_t i = random() % 12; i <= 12; ++i) {
      const std::size_t at = objects + random() % (good.size() - objects - 8);
      if (random() % 2 == 0) {
        storage.bytes()[at] = static_cast<std::byte>(random());
      } else {
        const std::uint64_t word = random() % 3 == 0 ? random() * std::uint64_t{0x100000001}
                                                     : random() % good.size() / 8 * 8;
        std::memcpy(storage.bytes().data() + at / 8 * 8, &word, sizeof word);
      }
    }
    if (random() % 2 == 0) {
      storage.bytes()[16] = std::byte{1};  // unclean
    }
    EXPECT_LT(use_everything(storage), 20'000u) << round;
  }
}

TEST(Damage, WhatIsNoJournalIsRefused) {
  for (const std::size_t size : {0u, 1u, 207u, 208u, 272u, 5000u}) {
    MemoryStorage storage(std::vector<std::byte>(size, std::byte{0x4c}));
    const auto reader = Reader::open(storage);
    ASSERT_FALSE(reader);
    EXPECT_EQ(reader.error().code, EBADMSG);
  }
  MemoryStorage newer(small_journal());
  newer.bytes()[12] |= std::byte{0x20};  // an incompatible flag
  EXPECT_EQ(Reader::open(newer).error().code, EPROTONOSUPPORT);
}

TEST(Damage, AnEntryThatIsBrokenIsPassed) {
  MemoryStorage storage(small_journal());
  auto reader = Reader::open(storage);
  ASSERT_TRUE(reader);
  // The type of the entry's object: the first array's items follow its 24 bytes.
  const std::uint64_t array = reader->header().entry_array_offset;
  storage.bytes()[load<std::uint32_t>(storage.bytes().data() + array + 24 + 4)] = std::byte{0};
  ASSERT_TRUE(reader->refresh());
  int good = 0;
  int bad = 0;
  while (reader->next().value_or(false)) {
    ++(reader->entry() ? good : bad);
  }
  EXPECT_EQ(good, 59);
  EXPECT_EQ(bad, 1);
}

}  // namespace
}  // namespace gatevisor::journal
