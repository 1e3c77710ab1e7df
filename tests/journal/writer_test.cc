#include "journal/writer.h"

#include <cerrno>

#include "journal_testing.h"

namespace gatevisor::journal {
namespace {

std::uint64_t readable_entries(MemoryStorage& storage) {
  auto reader = Reader::open(storage);
  return reader ? reader->entries() : 0;
}

TEST(Writer, NumbersGoOnFromTheFirst) {
  MemoryStorage storage;
  auto writer = Writer::create(storage, test_ids(), 77, small_file());
  ASSERT_TRUE(writer);
  EXPECT_EQ(append(*writer, plain_entry(0)), 77u);
  EXPECT_EQ(append(*writer, plain_entry(1)), 78u);
  EXPECT_EQ(writer->next_seqnum(), 79u);
  auto reader = Reader::open(storage);
  ASSERT_TRUE(reader);
  EXPECT_EQ(reader->header().head_entry_seqnum, 77u);
  EXPECT_EQ(reader->header().tail_entry_seqnum, 78u);
  EXPECT_FALSE(Writer::create(storage, test_ids(), 0, small_file()));
}

TEST(Writer, AValueIsStoredOnce) {
  MemoryStorage storage;
  auto writer = Writer::create(storage, test_ids(), 1, small_file());
  ASSERT_TRUE(writer);
  for (std::uint64_t i = 0; i < 50; ++i) {
    TestEntry entry = plain_entry(i);
    entry.payloads = {"A=same", "B=" + std::string(5000, 'x')};
    ASSERT_TRUE(append(*writer, entry));
  }
  auto reader = Reader::open(storage);
  ASSERT_TRUE(reader);
  EXPECT_EQ(reader->header().n_data, 2u);
  EXPECT_EQ(reader->header().n_fields, 2u);
}

// The cache has room for four; everything else must be found through the file.
TEST(Writer, AValueIsFoundAgainWithoutTheCache) {
  MemoryStorage storage;
  Limits limits = small_file();
  limits.cached_data = 1;
  auto writer = Writer::create(storage, test_ids(), 1, limits);
  ASSERT_TRUE(writer);
  std::vector<std::string> payloads;
  for (int i = 0; i < 100; ++i) {
    payloads.push_back("F" + std::to_string(i % 30) + "=" + std::string(i % 3 * 5000u, 'v') +
                       std::to_string(i));
  }
  for (std::uint64_t i = 0; i < 60; ++i) {
    ASSERT_TRUE(append(*writer, {plain_entry(i).times, payloads}));
  }
  auto reader = Reader::open(storage);
  ASSERT_TRUE(reader);
  EXPECT_EQ(reader->header().n_data, 100u);
  ASSERT_TRUE(reader->add_match(payloads[7]));
  for (int i = 0; i < 60; ++i) {
    EXPECT_EQ(reader->next(), true);
  }
  EXPECT_EQ(reader->next(), false);
}

TEST(Writer, TimeThatGoesBackIsRefused) {
  MemoryStorage storage;
  auto writer = Writer::create(storage, test_ids(), 1, small_file());
  ASSERT_TRUE(writer);
  ASSERT_TRUE(append(*writer, plain_entry(5)));
  TestEntry entry = plain_entry(5);
  ASSERT_TRUE(append(*writer, entry)) << "the same time is no step back";
  --entry.times.realtime_usec;
  EXPECT_EQ(append(*writer, entry).error().code, EREMCHG);
  entry.times = plain_entry(6).times;
  entry.times.monotonic_usec = 1;
  EXPECT_EQ(append(*writer, entry).error().code, ENOTNAM);
  entry.times = {.realtime_usec = 0, .monotonic_usec = 0};
  EXPECT_EQ(append(*writer, entry).error().code, EINVAL);
  EXPECT_EQ(append(*writer, plain_entry(7)), 3u);
  EXPECT_EQ(readable_entries(storage), 3u);
}

TEST(Writer, ABadFieldIsRefusedAndNothingOfItsEntryIsKept) {
  MemoryStorage storage;
  auto writer = Writer::create(storage, test_ids(), 1, small_file());
  ASSERT_TRUE(writer);
  const std::uint64_t used = writer->used();
  for (const std::string& bad :
       {std::string("no equals"), std::string("=x"), std::string("lower=x"), std::string("1A=x"),
        std::string("A B=x"), std::string(65, 'A') + "=x"}) {
    const std::vector<std::string> payloads = {"GOOD=1", bad};
    std::vector<Field> fields = {{{}, as_bytes(payloads[0])}, {{}, as_bytes(payloads[1])}};
    const auto refused = writer->append(plain_entry(0).times, fields);
    ASSERT_FALSE(refused) << bad;
    EXPECT_EQ(refused.error().code, EINVAL);
  }
  const std::vector<Field> equals = {{"A=B", as_bytes("x")}};
  EXPECT_EQ(writer->append(plain_entry(0).times, equals).error().code, EINVAL);
  EXPECT_EQ(writer->append(plain_entry(0).times, {}).error().code, EINVAL);
  const std::vector<Field> nothing = {{{}, {}}};
  EXPECT_EQ(writer->append(plain_entry(0).times, nothing).error().code, EINVAL);
  EXPECT_EQ(writer->used(), used);
  EXPECT_TRUE(append(*writer, {plain_entry(0).times, {std::string(64, 'A') + "=", "_X1=="}}));
}

TEST(Writer, WhatNoFileHasRoomForIsRefused) {
  MemoryStorage storage;
  Limits limits = small_file();
  limits.max_size = 1 << 20;
  limits.max_field_size = 1000;
  limits.max_fields = 3;
  auto writer = Writer::create(storage, test_ids(), 1, limits);
  ASSERT_TRUE(writer);
  const EntryTimes times = plain_entry(0).times;
  EXPECT_EQ(append(*writer, {times, {"A=" + std::string(999, 'x')}}).error().code, EMSGSIZE);
  EXPECT_EQ(append(*writer, {times, {"A=1", "B=2", "C=3", "D=4"}}).error().code, EINVAL);
  EXPECT_FALSE(writer->full());
  EXPECT_EQ(append(*writer, {times, {"A=" + std::string(998, 'x'), "B=", "C=3"}}), 1u);

  limits.max_field_size = 64 << 20;
  writer = Writer::create(storage, test_ids(), 1, limits);
  ASSERT_TRUE(writer);
  const std::string half(600'000, 'x');
  EXPECT_EQ(append(*writer, {times, {"A=" + half, "B=" + half}}).error().code, EMSGSIZE);
  EXPECT_FALSE(writer->full());
  EXPECT_EQ(append(*writer, {times, {"A=" + half}}), 1u);
  EXPECT_EQ(append(*writer, {times, {"B=" + half}}).error().code, E2BIG);
  EXPECT_TRUE(writer->full());
}

TEST(Writer, AFullDiskLeavesEverythingAsItWas) {
  MemoryStorage storage;
  auto writer = Writer::create(storage, test_ids(), 1, small_file());
  ASSERT_TRUE(writer);
  storage.room = storage.size();
  std::uint64_t entries = 0;
  auto seqnum = append(*writer, plain_entry(entries));
  for (; seqnum; seqnum = append(*writer, plain_entry(entries))) {
    ++entries;
  }
  EXPECT_EQ(seqnum.error().code, ENOSPC);
  EXPECT_GT(entries, 3u);
  EXPECT_FALSE(writer->full());
  EXPECT_EQ(readable_entries(storage), entries);
  storage.room = MemoryStorage::kNever;
  EXPECT_EQ(append(*writer, plain_entry(entries)), entries + 1);
  EXPECT_EQ(readable_entries(storage), entries + 1);
}

TEST(Writer, TheLargestSizeIsKept) {
  MemoryStorage storage;
  Limits limits = small_file();
  limits.max_size = 100'003;
  limits.allocation_step = 64 << 10;
  auto writer = Writer::create(storage, test_ids(), 1, limits);
  ASSERT_TRUE(writer);
  std::uint64_t entries = 0;
  auto seqnum = append(*writer, plain_entry(entries));
  for (; seqnum; seqnum = append(*writer, plain_entry(entries))) {
    EXPECT_FALSE(writer->full());
    ++entries;
  }
  EXPECT_EQ(seqnum.error().code, E2BIG);
  EXPECT_TRUE(writer->full());
  EXPECT_LE(storage.size(), limits.max_size);
  ASSERT_TRUE(writer->close());
  EXPECT_EQ(readable_entries(storage), entries);
  EXPECT_FALSE(append(*writer, plain_entry(entries)));
}

TEST(Writer, AFilledHashTableAsksForANewFile) {
  MemoryStorage storage;
  auto writer = Writer::create(storage, test_ids(), 1, Limits{.max_size = 1 << 20});
  ASSERT_TRUE(writer);
  std::uint64_t values = 0;
  for (; !writer->full() && values < 3000; ++values) {
    ASSERT_TRUE(append(*writer, {plain_entry(values).times, {"N=" + std::to_string(values)}}));
  }
  EXPECT_EQ(values, 2047u * 3 / 4 + 1);
}

TEST(Writer, WithABufferEntriesAreSeenAfterFlush) {
  MemoryStorage storage;
  Limits limits = small_file();
  limits.buffer = 1 << 20;
  auto writer = Writer::create(storage, test_ids(), 1, limits);
  ASSERT_TRUE(writer);
  const std::uint64_t writes = storage.writes;
  for (std::uint64_t i = 0; i < 100; ++i) {
    ASSERT_TRUE(append(*writer, plain_entry(i)));
  }
  EXPECT_EQ(storage.writes, writes);
  EXPECT_EQ(readable_entries(storage), 0u);
  ASSERT_TRUE(writer->flush());
  EXPECT_EQ(readable_entries(storage), 100u);
  for (std::uint64_t i = 100; i < 30'000; ++i) {
    ASSERT_TRUE(append(*writer, plain_entry(i)));
  }
  EXPECT_GT(readable_entries(storage), 10'000u) << "the buffer has a bound";
}

// The same entries give the same objects, however they are written out.
TEST(Writer, ABufferDoesNotChangeTheFile) {
  std::vector<TestEntry> entries;
  std::mt19937 random(4);
  for (std::uint64_t i = 0; i < 300; ++i) {
    entries.push_back(random_entry(random, i));
  }
  MemoryStorage one;
  write_all(one, entries);
  for (const std::size_t buffer : {5'000u, 100'000u, 50'000'000u}) {
    MemoryStorage other;
    Limits limits = small_file();
    limits.buffer = buffer;
    write_all(other, entries, limits);
    EXPECT_TRUE(one.bytes() == other.bytes()) << buffer;
  }
}

// The lines of some services in any order, with an entry in between that has no fields in common with the others, or
// all of them: the file is the one that it is where each field is given with each entry.
TEST(Writer, WhatIsCommonIsWrittenAsWhatIsGiven) {
  const std::vector<std::string> machine = {"_BOOT_ID=b", "_HOSTNAME=box", "_MACHINE_ID=m"};
  std::vector<std::vector<std::string>> services(5, machine);
  for (std::size_t i = 0; i < services.size(); ++i) {
    for (std::size_t field = 0; field < 4 * i; ++field) {
      services[i].push_back("_F" + std::to_string(field) + "=" + std::to_string(field % 3 == 0 ? 0 : i));
    }
    services[i].push_back("_LONG=" + std::string(120, 'l'));
    std::ranges::sort(services[i]);
  }
  for (const std::size_t cached : {1u, 24u, 512u}) {
    for (const std::size_t buffer : {0u, 20'000u, 50'000'000u}) {
      Limits limits = small_file();
      limits.cached_data = cached;
      limits.buffer = buffer;
      MemoryStorage with, without;
      auto one = Writer::create(with, test_ids(), 1, limits);
      auto other = Writer::create(without, test_ids(), 1, small_file());
      ASSERT_TRUE(one && other);
      std::vector<CommonFields> common(services.begin(), services.end());
      std::vector<CommonFields> levels;
      for (const char* level : {"PRIORITY=6", "PRIORITY=3", "_HOSTNAME=box"}) {
        levels.push_back(CommonFields({level}));
      }
      std::mt19937 random(static_cast<unsigned>(cached + buffer));
      std::size_t service = 0;
      for (std::uint64_t i = 0; i < 3'000; ++i) {
        if (random() % 20 == 0) service = random() % services.size();
        TestEntry entry = plain_entry(i);
        // One that is among the common ones, too.
        if (random() % 5 == 0) entry.payloads.push_back(services[service][random() % 4]);
        const bool alone = random() % 30 == 0;
        const std::size_t level = random() % 5 == 0 ? random() % levels.size() : 0;
        const auto appended = one->append(entry.times, fields_of(entry.payloads),
                                          alone ? nullptr : &common[service], &levels[level]);
        ASSERT_TRUE(appended) << to_string(appended.error());
        if (random() % 100 == 0) {
          ASSERT_TRUE(one->flush());
        }
        // fields_of() has every second one in two pieces: it makes no difference.
        std::vector<std::string> all = alone ? std::vector<std::string>() : services[service];
        all.emplace_back(level == 0 ? "PRIORITY=6" : level == 1 ? "PRIORITY=3" : "_HOSTNAME=box");
        all.insert(all.end(), entry.payloads.begin(), entry.payloads.end());
        ASSERT_TRUE(other->append(entry.times, fields_of(all)));
      }
      ASSERT_TRUE(one->close() && other->close());
      EXPECT_TRUE(with.bytes() == without.bytes()) << cached << " " << buffer;
    }
  }
}

TEST(Writer, AFailedWriteEndsTheFile) {
  MemoryStorage storage;
  auto writer = Writer::create(storage, test_ids(), 1, small_file());
  ASSERT_TRUE(writer);
  ASSERT_TRUE(append(*writer, plain_entry(0)));
  storage.fail_after = storage.written + 10;
  EXPECT_EQ(append(*writer, plain_entry(1)).error().code, EIO);
  EXPECT_TRUE(writer->broken());
  EXPECT_TRUE(writer->full());
  storage.fail_after = MemoryStorage::kNever;
  EXPECT_EQ(append(*writer, plain_entry(2)).error().code, ESHUTDOWN);
  EXPECT_FALSE(writer->close());
  EXPECT_EQ(readable_entries(storage), 1u);
}

}  // namespace
}  // namespace gatevisor::journal
