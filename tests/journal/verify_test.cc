// Damage is found, whatever byte it is in.
#include "journal/verify.h"

#include <gtest/gtest.h>

#include "journal_testing.h"

namespace gatevisor::journal {
namespace {

std::vector<std::byte> file_of(std::uint64_t count) {
  MemoryStorage storage;
  std::vector<TestEntry> entries;
  std::mt19937 random(4);
  for (std::uint64_t i = 0; i < count; ++i) {
    entries.push_back(random_entry(random, i));
  }
  write_all(storage, entries);
  return storage.bytes();
}

TEST(Verify, WhatWasWrittenIsGood) {
  for (const std::uint64_t count : {0u, 1u, 2u, 100u}) {
    MemoryStorage storage(file_of(count));
    const auto good = verify(storage);
    EXPECT_TRUE(good) << count << ": " << to_string(good.error());
  }
}

TEST(Verify, AFileThatIsBeingWrittenIsGood) {
  MemoryStorage storage;
  auto writer = Writer::create(storage, test_ids(), 1, small_file());
  for (std::uint64_t i = 0; i < 50; ++i) {
    ASSERT_TRUE(append(*writer, plain_entry(i)));
    const auto good = verify(storage);
    ASSERT_TRUE(good) << i << ": " << to_string(good.error());
  }
}

// Padding and reserved bytes say nothing, so not every byte counts: but each payload and each link.
TEST(Verify, FindsChangedBytes) {
  const std::vector<std::byte> good = file_of(12);
  std::size_t end = good.size();
  while (good[end - 1] == std::byte{0}) {
    --end;
  }
  const std::size_t begin =
      load<std::uint64_t>(good.data() + offsetof(Header, data_hash_table_offset)) +
      load<std::uint64_t>(good.data() + offsetof(Header, data_hash_table_size));
  std::size_t found = 0;
  std::size_t tried = 0;
  for (std::size_t at = begin; at < end; at += 31, ++tried) {
    MemoryStorage storage(good);
    storage.bytes()[at] ^= std::byte{0x41};
    found += verify(storage) ? 0 : 1;
  }
  EXPECT_GT(found * 100, tried * 80) << found << " of " << tried;
}

TEST(Verify, EveryPayloadByteCounts) {
  MemoryStorage storage;
  write_all(storage, {plain_entry(1)});
  const std::vector<std::byte> good = storage.bytes();
  const std::string_view text(reinterpret_cast<const char*>(good.data()), good.size());
  const std::size_t at = text.find("MESSAGE=line 1");
  ASSERT_NE(at, text.npos);
  for (std::size_t i = 0; i < 14; ++i) {
    MemoryStorage damaged(good);
    damaged.bytes()[at + i] ^= std::byte{1};
    EXPECT_FALSE(verify(damaged)) << i;
  }
}

TEST(Verify, FindsWhatWasCutOff) {
  std::vector<std::byte> bytes = file_of(40);
  bytes.resize(bytes.size() / 2);
  MemoryStorage storage(bytes);
  EXPECT_FALSE(verify(storage));
}

}  // namespace
}  // namespace gatevisor::journal
