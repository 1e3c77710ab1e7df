// Commits that are written while the writer goes on: what counts as done, and when.

#include "app/journal_file.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <cerrno>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "journal_testing.h"
#include "support/temp_dir.h"

namespace gatevisor::app {
namespace {

using journal::load;

constexpr std::size_t kAccount = 8;
/// Enough for the background.
constexpr std::size_t kMuch = std::size_t{200} << 10;

class JournalFiles : public ::testing::Test {
 protected:
  JournalFiles() : memory_(journal::RedoLog::memory_for(kAccount, 4 * kMuch)) {
    directory_ = std::move(*os::open_data_directory(place_.path()));
    disk_ = std::make_unique<JournalDisk>(journal::RedoLog(memory_, kAccount));
    auto made = os::DataFile::create(directory_, "j");
    EXPECT_TRUE(made && made->allocate(4 * kMuch));
  }

  os::DataFile open() { return std::move(*os::DataFile::open_to_change(directory_, "j")); }
  os::DataFile open_to_read() { return std::move(*os::DataFile::open(directory_, "j")); }
  std::uint64_t account() const { return load<std::uint64_t>(disk_->redo.account().data()); }
  void set_next(std::uint64_t value) {
    std::memcpy(disk_->redo.next_account().data(), &value, sizeof value);
  }
  /// A piece of `size` bytes and the header, which has to have a file's id to be made up for.
  Expected<void> commit(JournalFile& file, std::size_t size, char letter) {
    const std::vector<std::byte> piece(size, static_cast<std::byte>(letter));
    journal::Header header;
    header.file_id = journal::test_ids().file_id;
    const std::vector<journal::Change> changes = {{4'096, piece}, {0, journal::bytes_of(header)}};
    return file.apply(changes);
  }
  static char letter_at(JournalFile& file, std::uint64_t offset) {
    char letter = 0;
    EXPECT_TRUE(file.read(offset, std::as_writable_bytes(std::span(&letter, 1))));
    return letter;
  }

  TempDir place_;
  os::UniqueFd directory_;
  std::vector<std::byte> memory_;
  std::unique_ptr<JournalDisk> disk_;
};

TEST_F(JournalFiles, ALittleCountsAtOnce) {
  JournalFile file(open(), *disk_);
  set_next(1);
  ASSERT_TRUE(commit(file, 100, 'a'));
  EXPECT_EQ(account(), 1u);
  EXPECT_FALSE(disk_->redo.unfinished());
}

// The caller's own account has gone on by then.
TEST_F(JournalFiles, MuchCountsAsItWasOnceItIsWritten) {
  JournalFile file(open(), *disk_);
  set_next(1);
  ASSERT_TRUE(commit(file, kMuch, 'a'));
  set_next(2);
  EXPECT_EQ(account(), 0u);
  EXPECT_EQ(letter_at(file, 5'000), 'a');
  EXPECT_EQ(letter_at(file, offsetof(journal::Header, file_id)),
            static_cast<char>(journal::test_ids().file_id[0]));
  ASSERT_TRUE(file.settle());
  EXPECT_EQ(letter_at(file, 5'000), 'a');
  EXPECT_EQ(account(), 1u);
  EXPECT_FALSE(disk_->redo.unfinished());
  ASSERT_TRUE(commit(file, kMuch, 'b'));
  set_next(3);
  ASSERT_TRUE(commit(file, 100, 'c'));  // after the one before it
  EXPECT_EQ(account(), 3u);
  EXPECT_EQ(letter_at(file, 4'100), 'c');
  EXPECT_EQ(letter_at(file, 5'000), 'b');
}

TEST_F(JournalFiles, OneThatFailsNeverCounts) {
  JournalFile file(open_to_read(), *disk_);
  set_next(1);
  ASSERT_TRUE(commit(file, kMuch, 'a'));
  const auto next = commit(file, 100, 'b');
  ASSERT_FALSE(next);
  EXPECT_EQ(next.error().code, EBADF);
  EXPECT_EQ(account(), 0u);
  EXPECT_FALSE(disk_->redo.unfinished());
  EXPECT_EQ(file.settle().error().code, EBADF);
  EXPECT_EQ(commit(file, 100, 'b').error().code, EBADF);
  EXPECT_EQ(account(), 0u);
}

// Objects that are written ahead: what points to them must not be made up for without them.
TEST_F(JournalFiles, ACommitWhoseObjectsFailIsNotPutDown) {
  JournalFile file(open_to_read(), *disk_);
  std::vector<std::byte> objects(kMuch, std::byte{'o'});
  ASSERT_TRUE(file.take(kMuch, objects, kMuch));
  set_next(1);
  ASSERT_TRUE(commit(file, 100, 'a'));  // in its turn, little as it is
  EXPECT_EQ(file.finish_commit().error().code, EBADF);
  EXPECT_FALSE(disk_->redo.unfinished());
  EXPECT_EQ(account(), 0u);
}

TEST_F(JournalFiles, WhoIsEndedMeanwhileIsMadeUpFor) {
  {
    JournalFile file(open_to_read(), *disk_);  // as one that does not get to write
    set_next(1);
    ASSERT_TRUE(commit(file, kMuch, 'a'));
    while (!file.is_committed()) std::this_thread::yield();
    const std::vector<std::byte> left = memory_;  // what its successor finds
    ASSERT_FALSE(file.settle());
    memory_ = left;
  }
  ASSERT_EQ(disk_->redo.unfinished(), journal::test_ids().file_id);
  JournalFile file(open(), *disk_);
  ASSERT_TRUE(disk_->redo.replay(file));
  disk_->redo.complete();
  EXPECT_EQ(account(), 1u);
  EXPECT_EQ(letter_at(file, 5'000), 'a');
}

}  // namespace
}  // namespace gatevisor::app
