// Many writes in one call, and what becomes of them where one fails.

#include "os/write_batch.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <string>
#include <vector>

#include "data_directory.h"

namespace gatevisor::os {
namespace {

class WriteBatches : public DataDirectory {};

/// Every tenth byte of a file, and now and then a long piece.
struct Pieces {
  explicit Pieces(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      texts.push_back(i % 100 == 50 ? std::string(6'000, 'l')
                                    : std::string(1, static_cast<char>('a' + i % 26)));
    }
    std::uint64_t at = 0;
    for (const std::string& text : texts) {
      pieces.push_back({at, std::as_bytes(std::span(text))});
      wanted.resize(at, '.');
      wanted += text;
      at += text.size() + 9;
    }
  }
  std::vector<std::string> texts;
  std::vector<FileChange> pieces;
  std::string wanted;
};

TEST_F(WriteBatches, AllPiecesAreWritten) {
  WriteBatch batch;
  for (const std::size_t count : {1u, 7u, 8u, 300u, 2'000u}) {
    const Pieces given(count);
    std::ofstream(file("a")) << std::string(given.wanted.size(), '.');
    auto data = DataFile::open_to_change(directory_, "a");
    ASSERT_TRUE(data);
    ASSERT_TRUE(data->write_inside(given.pieces, batch));
    EXPECT_TRUE(content("a") == given.wanted) << count;
    EXPECT_EQ(data->size(), given.wanted.size());
    const std::size_t most = std::min(count, WriteBatch::kMost);
    const int fd = open(file("a").c_str(), O_WRONLY);
    EXPECT_EQ(batch.write(fd, given.pieces), most);
    batch.release();
    EXPECT_EQ(batch.write(fd, given.pieces), most);
    close(fd);
  }
}

TEST_F(WriteBatches, AFileThatTakesNothingSaysWhy) {
  WriteBatch batch;
  const Pieces given(50);
  std::ofstream(file("a")) << "x";
  auto data = DataFile::open(directory_, "a");  // for reading
  ASSERT_TRUE(data);
  EXPECT_EQ(batch.write(-1, given.pieces), 0u);
  EXPECT_EQ(data->write_inside(given.pieces, batch).error().code, EBADF);
  EXPECT_EQ(content("a"), "x");
}

// RLIMIT_FSIZE stands for a disk that is full: a piece is cut off in the middle, and those behind
// it fail.
TEST_F(WriteBatches, WhatIsWrittenUpToAFailureIsToldWhole) {
  const pid_t child = fork();
  if (child == 0) {
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{100, 100};
    setrlimit(RLIMIT_FSIZE, &limit);
    WriteBatch batch;
    std::vector<FileChange> pieces;
    const std::string text(12, 'x');
    for (std::uint64_t i = 0; i < 20; ++i)
      pieces.push_back({i * 15, std::as_bytes(std::span(text))});
    const int fd = open(file("a").c_str(), O_WRONLY | O_CREAT, 0600);
    const bool told = batch.write(fd, pieces) == 6;
    auto data = DataFile::open_to_change(directory_, "a");
    const auto all = data ? data->write_inside(pieces, batch) : Expected<void>{};
    _exit(told && !all && all.error().code == EFBIG ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(content("a").size(), 100u);
}

}  // namespace
}  // namespace gatevisor::os
