// Matches by the index, against looking at every entry.
#include "journal/match.h"

#include <gtest/gtest.h>

#include "journal_testing.h"

namespace gatevisor::journal {
namespace {

bool has(const TestEntry& entry, const std::string& payload) {
  return std::ranges::find(entry.payloads, payload) != entry.payloads.end();
}

bool matches_plainly(const Matches& matches, const TestEntry& entry) {
  return std::ranges::all_of(matches.groups(), [&](const Matches::Group& group) {
    return std::ranges::any_of(group, [&](const Matches::Clause& clause) {
      return std::ranges::all_of(clause, [&](const Matches::Field& field) {
        return std::ranges::any_of(field.payloads,
                                   [&](const std::string& payload) { return has(entry, payload); });
      });
    });
  });
}

TEST(Match, FindsWhatLookingAtEachEntryFinds) {
  std::mt19937 random(11);
  std::vector<TestEntry> entries;
  for (std::uint64_t i = 0; i < 500; ++i) {
    TestEntry entry = plain_entry(i);
    for (const char* name : {"A=", "B=", "C="}) {
      if (random() % 3 != 0) {
        entry.payloads.push_back(name + std::to_string(random() % 4));
      }
    }
    entries.push_back(entry);
  }
  MemoryStorage storage;
  write_all(storage, entries);
  for (int round = 0; round < 200; ++round) {
    Matches matches;
    for (unsigned n = 1 + static_cast<unsigned>(random() % 7); n > 0; --n) {
      const char* names[] = {"A=", "B=", "C="};
      ASSERT_TRUE(matches.add(names[random() % 3] + std::to_string(random() % 5)));
      if (random() % 3 == 0) {
        matches.add_disjunction();
      } else if (random() % 5 == 0) {
        matches.add_conjunction();
      }
    }
    std::vector<std::uint64_t> wanted;
    for (std::uint64_t i = 0; i < entries.size(); ++i) {
      if (matches_plainly(matches, entries[i])) {
        wanted.push_back(i + 1);
      }
    }
    auto reader = Reader::open(storage);
    ASSERT_TRUE(reader && reader->set_matches(matches));
    std::vector<std::uint64_t> found;
    while (reader->next().value_or(false)) {
      found.push_back(reader->meta()->seqnum);
    }
    EXPECT_EQ(found, wanted) << round;
    reader->seek_tail();
    found.clear();
    while (reader->previous().value_or(false)) {
      found.insert(found.begin(), reader->meta()->seqnum);
    }
    EXPECT_EQ(found, wanted) << round;
  }
}

TEST(Match, RefusesWhatIsNoField) {
  Matches matches;
  EXPECT_FALSE(matches.add("novalue"));
  EXPECT_FALSE(matches.add("=value"));
  EXPECT_TRUE(matches.empty());
}

}  // namespace
}  // namespace gatevisor::journal
