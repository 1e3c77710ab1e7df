// Several files as one.
#include "log/journal_set.h"

#include <gtest/gtest.h>

#include "journal_testing.h"

namespace gatevisor::log {
namespace {

using journal::MemoryStorage;
using journal::TestEntry;

class JournalSetTest : public testing::Test {
 protected:
  /// A file with these entries, by their numbers; `run` is its seqnum_id and boot.
  void add(const std::vector<std::uint64_t>& numbers, int run = 1, std::uint64_t first_seqnum = 1) {
    auto storage = std::make_unique<MemoryStorage>();
    journal::FileIds ids = journal::test_ids();
    ids.seqnum_id[0] = ids.boot_id[0] = static_cast<std::byte>(run);
    ids.file_id[1] = static_cast<std::byte>(set_.size() + 1);
    auto writer = journal::Writer::create(*storage, ids, first_seqnum, journal::small_file());
    for (const std::uint64_t number : numbers) {
      ASSERT_TRUE(append(*writer, journal::plain_entry(number)));
    }
    ASSERT_TRUE(writer->close());
    ASSERT_TRUE(set_.add("file", std::move(storage)));
  }

  std::string message() {
    journal::EntryView view;
    EXPECT_TRUE(set_.entry(view));
    for (const auto& field : view.fields) {
      if (field.payload.starts_with("MESSAGE=line ")) return std::string(field.payload.substr(13));
    }
    return "?";
  }
  std::string forward() {
    std::string all;
    while (set_.next()) all += message() + " ";
    return all;
  }
  std::string backward() {
    std::string all;
    while (set_.previous()) all += message() + " ";
    return all;
  }

  int damages_ = 0;
  JournalSet set_{[this](const std::string&, const Error&) { ++damages_; }};
};

TEST_F(JournalSetTest, MergesByTime) {
  add({1, 4, 5}, 1);
  add({2, 3, 6}, 2);
  add({}, 3);
  EXPECT_EQ(forward(), "1 2 3 4 5 6 ");
  set_.seek_tail();
  EXPECT_EQ(backward(), "6 5 4 3 2 1 ");
}

TEST_F(JournalSetTest, TurnsAnywhere) {
  add({1, 4, 5, 8}, 1);
  add({2, 3, 6, 7}, 2);
  for (int steps = 1; steps <= 8; ++steps) {
    set_.seek_head();
    for (int i = 0; i < steps; ++i) ASSERT_TRUE(set_.next());
    for (int i = steps - 1; i >= 1; --i) {
      ASSERT_TRUE(set_.previous());
      EXPECT_EQ(message(), std::to_string(i));
    }
    EXPECT_FALSE(set_.previous());
    for (int i = 2; i <= 8; ++i) {
      ASSERT_TRUE(set_.next());
      EXPECT_EQ(message(), std::to_string(i));
    }
    EXPECT_FALSE(set_.next());
    ASSERT_TRUE(set_.previous());
    EXPECT_EQ(message(), "7");
  }
}

TEST_F(JournalSetTest, AnEntryInTwoFilesIsThereOnce) {
  add({1, 2, 3, 4});
  add({1, 2, 3, 4});
  EXPECT_EQ(forward(), "1 2 3 4 ");
  set_.seek_tail();
  EXPECT_EQ(backward(), "4 3 2 1 ");
}

TEST_F(JournalSetTest, SeeksByTimeAndByCursor) {
  add({1, 4, 5}, 1);
  add({2, 3, 6}, 2);
  set_.seek_realtime(journal::plain_entry(3).times.realtime_usec);
  ASSERT_TRUE(set_.next());
  EXPECT_EQ(message(), "3");
  const auto cursor = parse_cursor(set_.cursor());
  ASSERT_TRUE(cursor);
  set_.seek_head();
  set_.seek_cursor(*cursor);
  ASSERT_TRUE(set_.next());
  EXPECT_TRUE(set_.is_at(*cursor));
  EXPECT_EQ(forward(), "4 5 6 ");
}

TEST_F(JournalSetTest, Matches) {
  add({1, 4, 5}, 1);
  add({2, 3, 6}, 2);
  journal::Matches matches;
  ASSERT_TRUE(matches.add("PRIORITY=1"));
  ASSERT_TRUE(matches.add("PRIORITY=4"));
  matches.add_disjunction();
  ASSERT_TRUE(matches.add("MESSAGE=line 6"));
  matches.add_conjunction();
  ASSERT_TRUE(matches.add("_HOSTNAME=box"));
  set_.set_matches(std::move(matches));
  EXPECT_EQ(forward(), "1 4 6 ");
  set_.seek_tail();
  EXPECT_EQ(backward(), "6 4 1 ");
}

TEST_F(JournalSetTest, GoesOnWithFilesAndEntriesThatCome) {
  auto storage = std::make_unique<MemoryStorage>();
  MemoryStorage& file = *storage;
  auto writer = journal::Writer::create(file, journal::test_ids(), 1, journal::small_file());
  ASSERT_TRUE(append(*writer, journal::plain_entry(1)));
  ASSERT_TRUE(set_.add("live", std::move(storage)));
  EXPECT_EQ(forward(), "1 ");
  ASSERT_TRUE(append(*writer, journal::plain_entry(2)));
  ASSERT_TRUE(set_.refresh(0));
  EXPECT_EQ(forward(), "2 ");
  add({3, 4}, 2);
  EXPECT_EQ(forward(), "3 4 ");
  EXPECT_TRUE(set_.exhausted(0));
  set_.remove(0);
  EXPECT_EQ(set_.size(), 1u);
}

TEST_F(JournalSetTest, UniqueValuesAndNamesOnceOverAllFiles) {
  add({1, 2}, 1);
  add({1, 3}, 2);
  std::vector<std::string> values;
  set_.unique("MESSAGE", [&](std::string_view value) {
    values.emplace_back(value);
    return true;
  });
  EXPECT_EQ(values, (std::vector<std::string>{"line 2", "line 1", "line 3"}));
  std::size_t names = 0;
  set_.names([&](std::string_view) { return ++names < 100; });
  EXPECT_EQ(names, 6u);
}

TEST_F(JournalSetTest, ADamagedFileIsLeftAndSaid) {
  add({1, 2, 3}, 1);
  auto storage = std::make_unique<MemoryStorage>();
  journal::write_all(*storage, {journal::plain_entry(1), journal::plain_entry(2)});
  // The entry array's second item points nowhere.
  const auto array = journal::load<std::uint64_t>(storage->bytes().data() + 176);
  storage->bytes()[array + sizeof(journal::EntryArrayObject) + 4] = std::byte{1};
  ASSERT_TRUE(set_.add("damaged", std::move(storage)));
  EXPECT_TRUE(forward().contains("3"));
  EXPECT_EQ(damages_, 1);
}

}  // namespace
}  // namespace gatevisor::log
