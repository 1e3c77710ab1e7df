// A writer that is killed at any byte of a commit: its successor makes up for it, and knows exactly
// which entries are there.
#include "journal/redo_log.h"

#include "journal/verify.h"
#include "journal_testing.h"

namespace gatevisor::journal {
namespace {

constexpr std::size_t kAccount = 16;

/// Puts each commit down first; breaks where its memory does, as a process that is killed.
class LoggedStorage final : public Storage {
 public:
  LoggedStorage(MemoryStorage& memory, RedoLog& log) : memory_(memory), log_(log) {}
  Expected<void> write(std::uint64_t offset, std::span<const std::byte> bytes) override {
    return memory_.write(offset, bytes);
  }
  Expected<void> apply(std::span<const Change> changes) override {
    if (auto done = log_.stage(changes); !done) return done;
    log_.begin();
    if (auto done = Storage::apply(changes); !done) return done;
    log_.complete();
    return {};
  }
  Expected<void> read(std::uint64_t offset, std::span<std::byte> bytes) override {
    return memory_.read(offset, bytes);
  }
  std::uint64_t size() const override { return memory_.size(); }
  Expected<void> allocate(std::uint64_t size) override { return memory_.allocate(size); }

 private:
  MemoryStorage& memory_;
  RedoLog& log_;
};

std::uint64_t count_of(const RedoLog& log) { return load<std::uint64_t>(log.account().data()); }

void set_next(RedoLog& log, std::uint64_t count) {
  std::memcpy(log.next_account().data(), &count, sizeof count);
}

struct Killed {
  MemoryStorage file;
  std::uint64_t written = 0;  ///< bytes, before it was killed
  std::uint64_t appended = 0;
};

/// Appends until a write fails behind so many bytes. A commit is made of several entries.
void run_until_killed(Killed& run, RedoLog& log, std::uint64_t most_bytes) {
  LoggedStorage storage(run.file, log);
  Limits limits = small_file();
  limits.buffer = 2000;
  auto writer = Writer::create(storage, test_ids(), 1, limits);
  ASSERT_TRUE(writer);
  run.file.fail_after = run.file.written + most_bytes;
  for (std::uint64_t number = 1; number <= 60; ++number) {
    set_next(log, number);
    if (!append(*writer, plain_entry(number))) break;
    ++run.appended;
  }
  run.written = run.file.written;
  run.file.fail_after = MemoryStorage::kNever;
}

/// As the next process does it.
void recover(MemoryStorage& file, RedoLog& log) {
  if (const auto id = log.unfinished()) {
    ASSERT_EQ(*id, test_ids().file_id);
    ASSERT_TRUE(log.replay(file));
    log.complete();
  }
  log.forget_next();
}

TEST(RedoLog, KilledAtAnyByte_TheFileHasWhatTheAccountSays) {
  bool redone = false;
  bool between = false;
  for (std::uint64_t bytes = 1; bytes < 40'000; bytes += bytes < 3000 ? 7 : 131) {
    std::vector<std::byte> memory(RedoLog::memory_for(kAccount, 64 << 10));
    Killed run;
    {
      RedoLog log(memory, kAccount);
      run_until_killed(run, log, bytes);
    }
    RedoLog log(memory, kAccount);
    redone |= log.unfinished().has_value();
    between |= !log.unfinished().has_value();
    recover(run.file, log);
    const auto end = end_file(run.file);
    ASSERT_TRUE(end) << to_string(end.error());
    run.file.bytes().resize(*end);
    auto reader = Reader::open(run.file);
    ASSERT_TRUE(reader) << to_string(reader.error());
    ASSERT_EQ(reader->entries(), count_of(log)) << bytes;
    ASSERT_LE(count_of(log), run.appended + 1);
    // Not by the main list alone: by a value that all of them have.
    ASSERT_TRUE(reader->add_match("_HOSTNAME=box"));
    std::uint64_t found = 0;
    for (reader->seek_head(); reader->next().value_or(false); ++found) {
      expect_entry(*reader, plain_entry(found + 1));
    }
    ASSERT_EQ(found, count_of(log)) << bytes;
    const auto verified = verify(run.file);
    ASSERT_TRUE(verified) << bytes << ": " << to_string(verified.error());
  }
  EXPECT_TRUE(redone);
  EXPECT_TRUE(between);
}

TEST(RedoLog, RecoveryThatIsKilledIsDoneAgain) {
  std::vector<std::byte> memory(RedoLog::memory_for(kAccount, 64 << 10));
  RedoLog log(memory, kAccount);
  std::optional<Killed> killed;
  for (std::uint64_t bytes = 2100; !log.unfinished(); bytes += 11) {
    std::ranges::fill(memory, std::byte{0});
    killed.emplace();
    run_until_killed(*killed, log, bytes);
  }
  Killed& run = *killed;
  run.file.fail_after = run.file.written + 5;
  EXPECT_FALSE(log.replay(run.file));
  run.file.fail_after = MemoryStorage::kNever;
  ASSERT_TRUE(log.unfinished());
  recover(run.file, log);
  auto reader = Reader::open(run.file);
  ASSERT_TRUE(reader);
  EXPECT_EQ(reader->entries(), count_of(log));
}

TEST(RedoLog, WhatDoesNotFitIsRefusedWhole) {
  std::vector<std::byte> memory(RedoLog::memory_for(kAccount, 64));
  RedoLog log(memory, kAccount);
  const std::vector<std::byte> bytes(100);
  const Change change{.offset = 8, .bytes = bytes};
  const auto staged = log.stage({&change, 1});
  ASSERT_FALSE(staged);
  EXPECT_EQ(staged.error().code, ENOBUFS);
  EXPECT_FALSE(log.unfinished());
}

TEST(RedoLog, OneThatHasNotBegunIsNotMadeUpForAndTheAccountIsAsItWasWhenItWasPutDown) {
  std::vector<std::byte> memory(RedoLog::memory_for(kAccount, 4096));
  RedoLog log(memory, kAccount);
  Header header;
  header.file_id = test_ids().file_id;
  const std::vector<std::byte> bytes(100, std::byte{7});
  const Change changes[] = {{.offset = 1'000, .bytes = bytes},
                            {.offset = 0, .bytes = bytes_of(header)}};
  set_next(log, 1);
  ASSERT_TRUE(log.stage(changes));
  set_next(log, 2);
  EXPECT_FALSE(log.unfinished());
  log.begin();
  ASSERT_EQ(log.unfinished(), header.file_id);
  EXPECT_EQ(count_of(log), 0u);
  MemoryStorage file(std::vector<std::byte>(2'000));
  ASSERT_TRUE(log.replay(file));
  EXPECT_EQ(file.bytes()[1'099], std::byte{7});
  log.complete();
  EXPECT_EQ(count_of(log), 1u);
  EXPECT_FALSE(log.unfinished());
}

TEST(RedoLog, AFileThatIsNoneIsNotEnded) {
  MemoryStorage garbage(std::vector<std::byte>(4096, std::byte{7}));
  EXPECT_FALSE(end_file(garbage));
  MemoryStorage empty;
  EXPECT_FALSE(end_file(empty));
}

}  // namespace
}  // namespace gatevisor::journal
