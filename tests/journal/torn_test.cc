// A writer that stops at any byte leaves a file with all of its whole entries.
#include "journal_testing.h"

namespace gatevisor::journal {
namespace {

struct Write {
  std::uint64_t offset = 0;
  std::vector<std::byte> bytes;
};

/// A file's bytes before an append, and the writes of that append in their order.
struct LastAppend {
  std::vector<std::byte> before;
  std::vector<Write> writes;
};

class RecordingStorage final : public Storage {
 public:
  Expected<void> write(std::uint64_t offset, std::span<const std::byte> bytes) override {
    writes.push_back({offset, {bytes.begin(), bytes.end()}});
    return memory.write(offset, bytes);
  }
  Expected<void> read(std::uint64_t offset, std::span<std::byte> bytes) override {
    return memory.read(offset, bytes);
  }
  std::uint64_t size() const override { return memory.size(); }
  Expected<void> allocate(std::uint64_t size) override { return memory.allocate(size); }

  MemoryStorage memory;
  std::vector<Write> writes;
};

LastAppend record(const std::vector<TestEntry>& entries) {
  RecordingStorage storage;
  auto writer = Writer::create(storage, test_ids(), 1, small_file());
  LastAppend last;
  for (const TestEntry& entry : entries) {
    storage.writes.clear();
    last.before = storage.memory.bytes();
    EXPECT_TRUE(append(*writer, entry));
  }
  last.before.resize(storage.memory.size());  // allocate() comes before every write
  last.writes = storage.writes;
  return last;
}

/// All entries but the last, and the last one or not: from both ends and through a match.
void expect_whole(MemoryStorage& storage, const std::vector<TestEntry>& entries, bool thorough) {
  auto reader = Reader::open(storage);
  ASSERT_TRUE(reader) << to_string(reader.error());
  const std::uint64_t count = reader->entries();
  ASSERT_TRUE(count == entries.size() || count + 1 == entries.size()) << count;
  reader->seek_tail();
  for (std::uint64_t i = 0; i < (thorough ? count : std::min<std::uint64_t>(count, 2)); ++i) {
    ASSERT_EQ(reader->previous(), true);
    expect_entry(*reader, entries[count - 1 - i]);
  }
  ASSERT_TRUE(reader->add_match("_HOSTNAME=box"));
  reader->seek_tail();
  std::uint64_t matched = 0;
  while (reader->previous().value_or(false)) {
    ++matched;
  }
  ASSERT_TRUE(matched == count || matched + 1 == entries.size()) << matched << " of " << count;
}

void tear(const std::vector<TestEntry>& entries, bool thorough, std::size_t step = 1) {
  LastAppend last = record(entries);
  MemoryStorage torn(last.before);
  expect_whole(torn, entries, thorough);
  for (const Write& write : last.writes) {
    for (std::size_t i = 0; i < write.bytes.size(); ++i) {
      std::byte& byte = torn.bytes()[write.offset + i];
      if (byte == write.bytes[i]) {
        continue;  // the same file again
      }
      byte = write.bytes[i];
      if (i % step != 0) {
        continue;
      }
      expect_whole(torn, entries, thorough);
      if (testing::Test::HasFatalFailure()) {
        FAIL() << "torn at byte " << write.offset + i << " of entry " << entries.size();
      }
    }
  }
  Reader reader = *Reader::open(torn);
  EXPECT_EQ(reader.entries(), entries.size());
}

TEST(Torn, EveryByteOfTheFirstEntries) {
  std::vector<TestEntry> entries;
  for (std::uint64_t i = 0; i < 40; ++i) {
    entries.push_back(plain_entry(i));
    tear(entries, true);
  }
}

// Counts and offsets that carry over into their next byte.
TEST(Torn, EveryByteWhereNumbersGetLonger) {
  std::vector<TestEntry> entries;
  for (std::uint64_t i = 0; i < 700; ++i) {
    entries.push_back(plain_entry(i));
    if ((i > 250 && i < 261) || (i > 508 && i < 516) || i % 83 == 0) {
      tear(entries, false);
    }
  }
}

TEST(Torn, EveryByteOfRandomEntries) {
  std::mt19937 random(11);
  std::vector<TestEntry> entries;
  for (std::uint64_t i = 0; i < 20; ++i) {
    TestEntry entry = random_entry(random, i);
    std::erase_if(entry.payloads, [](const auto& payload) { return payload.size() > 300; });
    entry.payloads.push_back("_HOSTNAME=box");
    entries.push_back(entry);
    tear(entries, false);
  }
}

// More than waits in memory: it is written in pieces, ahead of the rest.
TEST(Torn, ALongField) {
  std::vector<TestEntry> entries = {plain_entry(0), plain_entry(1), plain_entry(2)};
  for (const char fill : {'a', 'b'}) {
    entries.back().payloads.push_back("LONG=" + std::string(600'000, fill));
  }
  tear(entries, true, 997);
}

TEST(Torn, EveryByteOfManyEntriesThatAreWrittenTogether) {
  RecordingStorage storage;
  Limits limits = small_file();
  limits.buffer = 1 << 20;
  auto writer = Writer::create(storage, test_ids(), 1, limits);
  ASSERT_TRUE(writer);
  std::vector<TestEntry> entries;
  const auto add = [&](std::uint64_t count) {
    for (; entries.size() < count;) {
      entries.push_back(plain_entry(entries.size()));
      ASSERT_TRUE(append(*writer, entries.back()));
    }
    ASSERT_TRUE(writer->flush());
  };
  add(240);
  MemoryStorage torn(storage.memory.bytes());
  storage.writes.clear();
  add(300);
  torn.bytes().resize(storage.memory.size());
  for (const Write& write : storage.writes) {
    for (std::size_t i = 0; i < write.bytes.size(); ++i) {
      std::byte& byte = torn.bytes()[write.offset + i];
      if (byte == write.bytes[i]) {
        continue;
      }
      byte = write.bytes[i];
      auto reader = Reader::open(torn);
      ASSERT_TRUE(reader) << to_string(reader.error());
      const std::uint64_t count = reader->entries();
      ASSERT_TRUE(count >= 240 && count <= 300) << count;
      reader->seek_tail();
      ASSERT_EQ(reader->previous(), true);
      expect_entry(*reader, entries[count - 1]);
      ASSERT_TRUE(reader->add_match("_HOSTNAME=box"));
      reader->seek_tail();
      ASSERT_EQ(reader->previous(), true) << "torn at byte " << write.offset + i;
      ASSERT_GE(reader->meta()->seqnum, 240u);
      ASSERT_TRUE(reader->seek_seqnum(240));
      ASSERT_EQ(reader->next(), true);
      ASSERT_EQ(reader->meta()->seqnum, 240u);
    }
  }
  EXPECT_EQ(Reader::open(torn)->entries(), 300u);
}

// After a loss of power the file may be shorter than its header says.
TEST(Torn, AFileThatWasCutOffHasTheEntriesBeforeTheCut) {
  std::vector<TestEntry> entries;
  for (std::uint64_t i = 0; i < 60; ++i) {
    entries.push_back(plain_entry(i));
  }
  MemoryStorage whole;
  write_all(whole, entries);
  const Header header = Reader::open(whole)->header();
  const std::uint64_t tables = header.data_hash_table_offset + header.data_hash_table_size;
  std::uint64_t last = entries.size();
  for (std::uint64_t size = whole.size(); size >= tables; --size) {
    MemoryStorage cut(
        {whole.bytes().begin(), whole.bytes().begin() + static_cast<std::ptrdiff_t>(size)});
    auto reader = Reader::open(cut);
    ASSERT_TRUE(reader) << to_string(reader.error());
    const std::uint64_t count = reader->entries();
    ASSERT_LE(count, last);
    ASSERT_TRUE(size != whole.size() || count == entries.size());
    last = count;
    if (size % 16 == 0) {
      while (reader->next().value_or(false)) {
        expect_entry(*reader, entries[reader->meta()->seqnum - 1]);
      }
    }
  }
}

}  // namespace
}  // namespace gatevisor::journal
