// Writes that are made while their owner goes on: all of them, in order, seen at once by who reads
// with overlay(), and told where they fail.

#include "os/background_writes.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <string>
#include <vector>

#include "data_directory.h"

namespace gatevisor::os {
namespace {

class Background : public DataDirectory {
 protected:
  /// A file of dots.
  DataFile make(std::size_t size) {
    std::ofstream(file("a")) << std::string(size, '.');
    return std::move(*DataFile::open_to_change(directory_, "a"));
  }
};

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text));
}

std::vector<std::byte> memory_of(const std::string& text) {
  const auto bytes = bytes_of(text);
  return {bytes.begin(), bytes.end()};
}

bool give(BackgroundWrites& writes, const DataFile& file, std::uint64_t offset,
          const std::string& text) {
  auto memory = memory_of(text);
  return writes.write(file, offset, memory, text.size());
}

bool is_readable(int fd, int wait_ms) {
  pollfd each{fd, POLLIN, 0};
  return poll(&each, 1, wait_ms) == 1;
}

TEST_F(Background, AllIsWrittenInTheOrderInWhichItWasGiven) {
  const DataFile data = make(40'000);
  BackgroundWrites writes;
  std::string wanted(40'000, '.');
  for (int round = 0; round < 20; ++round) {
    for (std::size_t i = 0; i < 30; ++i) {
      const std::string text(1'000 + i, static_cast<char>('a' + (i + 7 * round) % 26));
      auto memory = memory_of(text + "of no account");
      ASSERT_TRUE(writes.write(data, i * 900, memory, text.size()));
      wanted.replace(i * 900, text.size(), text);
    }
    EXPECT_FALSE(writes.is_idle());
    ASSERT_TRUE(writes.wait());
    EXPECT_TRUE(writes.is_idle());
    EXPECT_TRUE(content("a") == wanted) << round;
  }
}

// Whatever of it is in the file by then.
TEST_F(Background, WhatIsReadIsWhatItWillBe) {
  const DataFile data = make(2'000);
  BackgroundWrites writes;
  std::string wanted(2'000, '.');
  const auto write = [&](std::uint64_t offset, const std::string& text) {
    ASSERT_TRUE(give(writes, data, offset, text));
    wanted.replace(offset, text.size(), text);
  };
  write(100, "one");
  write(103, "second");
  write(104, "EC");
  write(0, "HEAD");
  write(1'996, "tail");
  for (const std::size_t size : {1u, 2u, 5u, 450u, 2'000u}) {
    for (std::size_t offset = 0; offset + size <= wanted.size(); offset += size == 450 ? 7 : 1) {
      std::string found(size, ' ');
      ASSERT_TRUE(data.read(offset, std::as_writable_bytes(std::span(found))));
      writes.overlay(offset, std::as_writable_bytes(std::span(found)));
      ASSERT_EQ(found, wanted.substr(offset, size)) << offset;
    }
  }
  ASSERT_TRUE(writes.wait());
  EXPECT_EQ(content("a"), wanted);
}

/// Writes a piece behind what it finds.
class Appends final : public BackgroundWrites::Work {
 public:
  explicit Appends(const DataFile& file) : file_(file) {}
  Expected<void> run(WriteBatch& batch) override {
    std::string found(100, ' ');
    if (auto done = file_.read(0, std::as_writable_bytes(std::span(found))); !done) return done;
    const FileChange change{found.find('.'), bytes_of(text_)};
    return file_.write_inside({&change, 1}, batch);
  }

 private:
  const DataFile& file_;
  const std::string text_ = "work ";
};

TEST_F(Background, WorkIsDoneInItsTurnAndADescriptorTells) {
  const DataFile data = make(100);
  BackgroundWrites writes;
  Appends work(data);
  EXPECT_FALSE(is_readable(writes.fd(), 0));
  std::string wanted;
  for (int round = 0; round < 3; ++round) {
    ASSERT_TRUE(give(writes, data, wanted.size(), "text "));
    ASSERT_TRUE(writes.add(work));
    wanted += "text work ";
    EXPECT_TRUE(is_readable(writes.fd(), 10'000));
    EXPECT_TRUE(writes.is_work_done());
    EXPECT_TRUE(writes.wait_for_work());
    writes.note_done();
    EXPECT_FALSE(is_readable(writes.fd(), 0));
    ASSERT_TRUE(writes.wait());
    EXPECT_EQ(content("a"), wanted + std::string(100 - wanted.size(), '.'));
  }
}

TEST_F(Background, AFailureIsToldOnceAndNothingIsWrittenBehindIt) {
  const DataFile data = make(100);
  const DataFile refuses = std::move(*DataFile::open(directory_, "a"));  // for reading
  BackgroundWrites writes;
  ASSERT_TRUE(give(writes, data, 0, "first"));
  ASSERT_TRUE(give(writes, refuses, 10, "not"));
  ASSERT_TRUE(give(writes, data, 20, "nor this"));
  const auto done = writes.wait();
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, EBADF);
  EXPECT_EQ(done.error().subject, "a");
  EXPECT_EQ(content("a"), "first" + std::string(95, '.'));
  EXPECT_TRUE(writes.wait());
  ASSERT_TRUE(give(writes, data, 20, "again"));
  EXPECT_TRUE(writes.wait());
  EXPECT_EQ(content("a").substr(20, 6), "again.");
}

TEST_F(Background, MoreThanMayWaitIsWrittenAllTheSame) {
  constexpr std::size_t kPiece = 100'000;
  const std::size_t count = 4 * BackgroundWrites::kMostWaiting / kPiece;
  const DataFile data = make(count * kPiece);
  BackgroundWrites writes;
  std::string wanted;
  std::vector<std::byte> memory;
  for (std::size_t i = 0; i < count; ++i) {
    const std::string text(kPiece, static_cast<char>('a' + i % 26));
    memory = memory_of(text);
    ASSERT_TRUE(writes.write(data, i * kPiece, memory, kPiece));
    wanted += text;
  }
  writes.release();  // waits
  EXPECT_TRUE(content("a") == wanted);
  EXPECT_TRUE(writes.wait());
  ASSERT_TRUE(give(writes, data, 0, "again"));
  EXPECT_TRUE(writes.wait());
  EXPECT_EQ(content("a").substr(0, 6), "againa");
}

// A user that may have no more processes than it has.
TEST_F(Background, WithoutAThreadNothingIsTaken) {
  const DataFile data = make(10);
  const pid_t child = fork();
  if (child == 0) {
    if (geteuid() == 0 && setresuid(65'534, 65'534, 65'534) != 0) _exit(2);
    const rlimit none{0, 0};
    setrlimit(RLIMIT_NPROC, &none);
    BackgroundWrites writes;
    auto memory = memory_of("text");
    Appends work(data);
    const bool taken = writes.write(data, 0, memory, 4) || writes.add(work);
    _exit(!taken && memory == memory_of("text") && writes.is_idle() && writes.wait() ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace gatevisor::os
