#include "journal/hash_table.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace gatevisor::journal {
namespace {

constexpr std::uint64_t kOffset = 4096;

std::uint64_t head(const HashTable& table, std::uint64_t hash) {
  return table.head_of(table.place_of(hash));
}

std::uint64_t add(HashTable& table, std::uint64_t hash, std::uint64_t object) {
  return table.add(table.place_of(hash), object);
}

/// What the file has after the changes were written to it.
void write(std::vector<std::byte>& file, const std::vector<Change>& changes) {
  for (const Change& change : changes) {
    ASSERT_LE(change.offset + change.bytes.size(), file.size());
    std::ranges::copy(change.bytes, file.begin() + static_cast<std::ptrdiff_t>(change.offset));
  }
}

TEST(HashTable, EachObjectIsTheLastOfItsChain) {
  auto table = HashTable::make(kOffset, 10);
  ASSERT_TRUE(table);
  EXPECT_EQ(head(*table, 3), 0u);
  EXPECT_EQ(add(*table, 3, 100), 0u);
  EXPECT_EQ(add(*table, 13, 200), 100u);
  EXPECT_EQ(add(*table, 4, 300), 0u);
  EXPECT_EQ(add(*table, 23, 400), 200u);
  EXPECT_EQ(head(*table, 3), 100u);
  EXPECT_EQ(head(*table, 13), 100u);
  EXPECT_EQ(head(*table, 4), 300u);
  EXPECT_EQ(table->depth(), 1u) << "two were in front of the third";
  EXPECT_FALSE(table->is_full(7));
  EXPECT_TRUE(table->is_full(8));
}

// What has been added is always found; of what has not, hardly any has to be looked for in the
// file.
TEST(HashTable, WhatIsNotThereIsMostlyKnownNotToBe) {
  auto table = HashTable::make(kOffset, 10'000);
  ASSERT_TRUE(table);
  std::mt19937_64 random(7);
  std::vector<std::uint64_t> hashes(7'500);
  for (std::uint64_t& hash : hashes) add(*table, hash = random(), 8);
  for (const std::uint64_t hash : hashes) EXPECT_EQ(head(*table, hash), 8u);
  int looked_for = 0;
  for (int i = 0; i < 10'000; ++i) looked_for += head(*table, random()) != 0 ? 1 : 0;
  EXPECT_LT(looked_for, 200);
}

// 10 buckets are less than a piece, 33 one and a bit; gaps are filled in the smaller ones only.
TEST(HashTable, TheFileGetsWhatHasChanged) {
  for (const std::uint64_t buckets : {10u, 33u, 5'000u, 300'000u}) {
    auto table = HashTable::make(kOffset, buckets);
    ASSERT_TRUE(table);
    std::vector<std::byte> file(kOffset + buckets * sizeof(HashItem));
    std::map<std::uint64_t, HashItem> wanted;
    std::mt19937_64 random(buckets);
    for (std::uint64_t object = 1; object <= 2'000; ++object) {
      const std::uint64_t hash = random();
      add(*table, hash, object);
      HashItem& item = wanted[hash % buckets];
      if (item.head == 0) item.head = object;
      item.tail = object;
      if (random() % 50 != 0) continue;
      std::vector<Change> changes;
      table->collect(changes);
      ASSERT_FALSE(changes.empty());
      write(file, changes);
      table->clean();
      EXPECT_EQ(table->pending(), 0u);
      changes.clear();
      table->collect(changes);
      EXPECT_TRUE(changes.empty());
      for (const auto& [bucket, item_wanted] : wanted) {
        const auto stored = load<HashItem>(file.data() + kOffset + bucket * sizeof(HashItem));
        ASSERT_EQ(stored.head, item_wanted.head);
        ASSERT_EQ(stored.tail, item_wanted.tail);
      }
    }
  }
}

}  // namespace
}  // namespace gatevisor::journal
