#include "journal/reader.h"

#include <cerrno>
#include <set>

#include "journal_testing.h"

namespace gatevisor::journal {
namespace {

std::vector<TestEntry> plain_entries(std::uint64_t count) {
  std::vector<TestEntry> entries;
  for (std::uint64_t i = 0; i < count; ++i) {
    entries.push_back(plain_entry(i));
  }
  return entries;
}

bool has(const TestEntry& entry, const std::string& payload) {
  return std::ranges::find(entry.payloads, payload) != entry.payloads.end();
}

std::uint64_t seqnum_at(const Reader& reader) {
  const auto meta = reader.meta();
  return meta ? meta->seqnum : 0;
}

TEST(Reader, AnEmptyFileHasNoEntries) {
  MemoryStorage storage;
  write_all(storage, {});
  auto reader = Reader::open(storage);
  ASSERT_TRUE(reader) << to_string(reader.error());
  EXPECT_EQ(reader->entries(), 0u);
  EXPECT_EQ(reader->next(), false);
  EXPECT_EQ(reader->previous(), false);
  reader->seek_tail();
  EXPECT_EQ(reader->previous(), false);
  EXPECT_TRUE(reader->seek_seqnum(5));
  EXPECT_TRUE(reader->seek_realtime(5));
  EXPECT_EQ(reader->next(), false);
  EXPECT_FALSE(reader->entry());
}

TEST(Reader, EntriesComeInBothDirections) {
  std::mt19937 random(1);
  std::vector<TestEntry> entries;
  for (std::uint64_t i = 0; i < 1000; ++i) {
    entries.push_back(random_entry(random, i));
  }
  MemoryStorage storage;
  write_all(storage, entries, {});
  auto reader = Reader::open(storage);
  ASSERT_TRUE(reader) << to_string(reader.error());
  EXPECT_FALSE(reader->unclean());
  for (const TestEntry& entry : entries) {
    ASSERT_EQ(reader->next(), true);
    expect_entry(*reader, entry);
  }
  EXPECT_EQ(reader->next(), false);
  expect_entry(*reader, entries.back());
  reader->seek_tail();
  for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry) {
    ASSERT_EQ(reader->previous(), true);
    expect_entry(*reader, *entry);
  }
  EXPECT_EQ(reader->previous(), false);
}

TEST(Reader, SeekingGoesBetweenTwoEntries) {
  const auto entries = plain_entries(500);
  MemoryStorage storage;
  write_all(storage, entries);
  auto reader = Reader::open(storage);
  ASSERT_TRUE(reader);
  for (const std::uint64_t wanted : {1u, 2u, 17u, 250u, 499u, 500u}) {
    ASSERT_TRUE(reader->seek_seqnum(wanted));
    ASSERT_EQ(reader->next(), true);
    EXPECT_EQ(seqnum_at(*reader), wanted);
    ASSERT_TRUE(reader->seek_seqnum(wanted));
    ASSERT_EQ(reader->previous(), wanted != 1);
    const std::uint64_t time = entries[wanted - 1].times.realtime_usec;
    ASSERT_TRUE(reader->seek_realtime(time));
    ASSERT_EQ(reader->next(), true);
    EXPECT_EQ(seqnum_at(*reader), wanted);
    ASSERT_TRUE(reader->seek_realtime(time + 1));
    ASSERT_EQ(reader->previous(), true);
    EXPECT_EQ(seqnum_at(*reader), wanted);
  }
  ASSERT_TRUE(reader->seek_seqnum(0));
  EXPECT_EQ(reader->previous(), false);
  ASSERT_TRUE(reader->seek_seqnum(501));
  EXPECT_EQ(reader->next(), false);
  EXPECT_EQ(reader->previous(), true);
  EXPECT_EQ(seqnum_at(*reader), 500u);
}

TEST(Reader, ACursorLeadsBackToItsEntry) {
  MemoryStorage storage;
  write_all(storage, plain_entries(100));
  auto reader = Reader::open(storage);
  ASSERT_TRUE(reader);
  ASSERT_TRUE(reader->seek_seqnum(42));
  ASSERT_EQ(reader->next(), true);
  std::string cursor = reader->cursor(*reader->meta());
  reader->seek_head();
  ASSERT_TRUE(reader->seek_cursor(cursor));
  ASSERT_EQ(reader->next(), true);
  EXPECT_EQ(reader->cursor(*reader->meta()), cursor);
  // Of another run of sequence numbers: the time counts.
  cursor[2] = cursor[2] == '0' ? '1' : '0';
  cursor.replace(cursor.find(";i="), 5, ";i=7");
  ASSERT_TRUE(reader->seek_cursor(cursor));
  ASSERT_EQ(reader->next(), true);
  EXPECT_EQ(seqnum_at(*reader), 42u);
  for (const char* bad :
       {"", "x", "i=;t=", "i=1", "s=zz;i=7", "t=12xyz", ";;;", "t=11112222333344445"}) {
    const auto refused = reader->seek_cursor(bad);
    ASSERT_FALSE(refused) << bad;
    EXPECT_EQ(refused.error().code, EINVAL) << bad;
  }
}

TEST(Reader, MatchesOfOneNameAddUpAndOfSeveralNamesAllHold) {
  const auto entries = plain_entries(700);
  MemoryStorage storage;
  write_all(storage, entries);
  auto reader = Reader::open(storage);
  ASSERT_TRUE(reader);
  ASSERT_TRUE(reader->add_match("PRIORITY=3"));
  ASSERT_TRUE(reader->add_match("PRIORITY=5"));
  ASSERT_TRUE(reader->add_match("_PID=104"));
  ASSERT_TRUE(reader->add_match("_HOSTNAME=box"));
  std::vector<std::uint64_t> wanted;
  for (std::uint64_t i = 0; i < entries.size(); ++i) {
    if ((has(entries[i], "PRIORITY=3") || has(entries[i], "PRIORITY=5")) &&
        has(entries[i], "_PID=104")) {
      wanted.push_back(i + 1);
    }
  }
  ASSERT_GT(wanted.size(), 10u);
  for (const std::uint64_t seqnum : wanted) {
    ASSERT_EQ(reader->next(), true);
    EXPECT_EQ(seqnum_at(*reader), seqnum);
  }
  EXPECT_EQ(reader->next(), false);
  std::vector<std::uint64_t> back = {wanted.back()};
  while (reader->previous().value_or(false)) {
    back.push_back(seqnum_at(*reader));
  }
  std::ranges::reverse(back);
  EXPECT_EQ(back, wanted);
  // Seeking and matching go together.
  ASSERT_TRUE(reader->seek_seqnum(wanted[4] + 1));
  ASSERT_EQ(reader->next(), true);
  EXPECT_EQ(seqnum_at(*reader), wanted[5]);
  ASSERT_TRUE(reader->seek_seqnum(wanted[4] + 1));
  ASSERT_EQ(reader->previous(), true);
  EXPECT_EQ(seqnum_at(*reader), wanted[4]);

  ASSERT_TRUE(reader->add_match("_PID=never"));
  ASSERT_TRUE(reader->add_match("OTHER=never"));
  reader->seek_head();
  EXPECT_EQ(reader->next(), false);
  reader->clear_matches();
  EXPECT_EQ(reader->next(), true);
  EXPECT_EQ(seqnum_at(*reader), 1u);
  EXPECT_FALSE(reader->add_match("no equals"));
  EXPECT_FALSE(reader->add_match("=x"));
}

TEST(Reader, AFieldsValuesAreListedOnce) {
  MemoryStorage storage;
  auto entries = plain_entries(300);
  entries[200].payloads.push_back("_PID=");
  write_all(storage, entries);
  auto reader = Reader::open(storage);
  ASSERT_TRUE(reader);
  std::multiset<std::string> values;
  ASSERT_TRUE(reader->unique("_PID", [&](std::string_view value) {
    values.emplace(value);
    return true;
  }));
  std::multiset<std::string> wanted = {""};
  for (int pid = 100; pid < 113; ++pid) {
    wanted.insert(std::to_string(pid));
  }
  EXPECT_EQ(values, wanted);
  int visited = 0;
  ASSERT_TRUE(reader->unique("_PID", [&](std::string_view) { return ++visited < 3; }));
  EXPECT_EQ(visited, 3);
  ASSERT_TRUE(reader->unique("NONE", [](std::string_view) -> bool { throw 1; }));
}

TEST(Reader, RefreshSeesWhatWasAdded) {
  MemoryStorage storage;
  auto writer = Writer::create(storage, test_ids(), 1, small_file());
  ASSERT_TRUE(writer);
  auto all = Reader::open(storage);
  auto some = Reader::open(storage);
  ASSERT_TRUE(all && some);
  ASSERT_TRUE(some->add_match("_PID=103"));
  all->seek_tail();
  std::uint64_t seen = 0;
  std::uint64_t matched = 0;
  for (std::uint64_t i = 0; i < 600; ++i) {
    ASSERT_TRUE(append(*writer, plain_entry(i)));
    if (i % 7 == 0) {
      ASSERT_TRUE(all->refresh());
      ASSERT_TRUE(some->refresh());
    }
    while (all->next().value_or(false)) {
      EXPECT_EQ(seqnum_at(*all), ++seen);
    }
    while (some->next().value_or(false)) {
      ++matched;
      EXPECT_EQ((seqnum_at(*some) - 1) % 13, 3u);
    }
    EXPECT_EQ(seen, i / 7 * 7 + 1);
  }
  EXPECT_EQ(matched, 46u);
  EXPECT_TRUE(all->unclean());
}

TEST(Reader, AnEntryBeyondTheLimitsIsAnErrorAndIsPassed) {
  MemoryStorage storage;
  auto entries = plain_entries(3);
  entries[1].payloads.push_back("BIG=" + std::string(10'000, 'x'));
  write_all(storage, entries);
  auto reader = Reader::open(storage, {.max_entry_size = 5000, .max_fields = 6});
  ASSERT_TRUE(reader);
  ASSERT_EQ(reader->next(), true);
  EXPECT_TRUE(reader->entry());
  ASSERT_EQ(reader->next(), true);
  EXPECT_EQ(reader->entry().error().code, E2BIG);
  ASSERT_EQ(reader->next(), true);
  expect_entry(*reader, entries[2]);
}

TEST(Reader, AHundredThousandEntries) {
  MemoryStorage storage;
  const auto entries = plain_entries(100'000);
  Limits limits;
  limits.buffer = 64 << 10;
  write_all(storage, entries, limits);
  auto reader = Reader::open(storage);
  ASSERT_TRUE(reader);
  ASSERT_EQ(reader->entries(), entries.size());
  for (const TestEntry& entry : entries) {
    ASSERT_EQ(reader->next(), true);
    if (entry.times.realtime_usec % 97'000 == 0) {
      expect_entry(*reader, entry);
    }
  }
  EXPECT_EQ(reader->next(), false);
  const std::uint64_t reads = storage.reads;
  ASSERT_TRUE(reader->seek_realtime(entries[54'321].times.realtime_usec));
  ASSERT_EQ(reader->next(), true);
  EXPECT_EQ(seqnum_at(*reader), 54'322u);
  EXPECT_LT(storage.reads - reads, 100u) << "seeking bisects";
}

}  // namespace
}  // namespace gatevisor::journal
