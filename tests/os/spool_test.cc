// Bytes that are moved are counted in the same step, whoever is killed meanwhile.

#include "os/spool.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "os/shared_memory.h"

namespace gatevisor::os {
namespace {

void put(const OutputPipe& pipe, const std::string& text) {
  ASSERT_EQ(write(pipe.write.get(), text.data(), text.size()),
            static_cast<ssize_t>(text.size()));
}

std::string content(const Spool& spool, std::uint64_t from) {
  char bytes[100];
  const auto got = spool.read(from, bytes);
  return {bytes, got.value_or(0)};
}

TEST(Spool, TakesWhatThePipeHas) {
  auto pipe = make_output_pipe(64 << 10, std::nullopt);
  auto spool = Spool::make("/tmp");
  ASSERT_TRUE(pipe && spool);
  EXPECT_EQ(*spool->take(pipe->read.get(), 100), std::nullopt);
  put(*pipe, "one\ntwo\n");
  EXPECT_EQ(*spool->take(pipe->read.get(), 5), 5u);
  EXPECT_EQ(spool->end().value_or(0), 5u);
  EXPECT_EQ(*spool->take(pipe->read.get(), 100), 3u);
  EXPECT_EQ(content(*spool, 0), "one\ntwo\n");
  EXPECT_EQ(content(*spool, 4), "two\n");
  pipe->write.reset();
  EXPECT_EQ(*spool->take(pipe->read.get(), 100), 0u);
}

TEST(Spool, IsTheSameForAllWhoHaveIt) {
  auto pipe = make_output_pipe(64 << 10, std::nullopt);
  auto spool = Spool::make("/tmp");
  ASSERT_TRUE(pipe && spool);
  Spool copy(UniqueFd(dup(spool->fd())));
  put(*pipe, "one\n");
  (void)copy.take(pipe->read.get(), 100);
  EXPECT_EQ(spool->end().value_or(0), 4u);
}

TEST(Spool, GivesItsMemoryBack) {
  auto pipe = make_output_pipe(1 << 20, std::nullopt);
  auto spool = Spool::make("/tmp");
  ASSERT_TRUE(pipe && spool);
  const std::string chunk(4096, 'x');
  for (int i = 0; i < 1000; ++i) {
    put(*pipe, chunk);
    ASSERT_EQ(*spool->take(pipe->read.get(), 4096), 4096u);
    spool->forget(spool->end().value_or(0));
  }
  struct stat info{};
  ASSERT_EQ(fstat(spool->fd(), &info), 0);
  EXPECT_EQ(info.st_size, 4096 * 1000);
  EXPECT_LT(info.st_blocks * 512, 1 << 20);
}

// A file without a name does where memfd_create(2) is refused: it is the same to splice(2).
TEST(Spool, KilledWhileItMovesLosesNothing) {
  auto pipe = make_output_pipe(1 << 20, std::nullopt);
  auto spool = Spool::make("/tmp");
  ASSERT_TRUE(pipe && spool);
  const pid_t source = fork();
  if (source == 0) {
    std::uint32_t numbers[256];
    for (std::uint32_t next = 0;;) {
      for (std::uint32_t& number : numbers) number = next++;
      if (write(pipe->write.get(), numbers, sizeof numbers) < 0) _exit(0);
    }
  }
  std::uint32_t expected = 0;
  std::uint64_t at = 0;
  for (int kills = 0; kills < 60; ++kills) {
    const std::uint64_t before = spool->end().value_or(0);
    const pid_t mover = fork();
    if (mover == 0) {
      for (;;) (void)spool->take(pipe->read.get(), 300'000);
    }
    while (spool->end().value_or(0) == before) {
    }
    for (int i = 0; i < kills * 3000; ++i) asm volatile("");
    kill(mover, SIGKILL);
    waitpid(mover, nullptr, 0);
    const std::uint64_t end = spool->end().value_or(0);
    std::vector<std::uint32_t> numbers(64 << 10);
    while (end - at >= sizeof(std::uint32_t)) {
      const std::uint64_t most = std::min<std::uint64_t>((end - at) / 4 * 4, numbers.size() * 4);
      const auto got = spool->read(at, {reinterpret_cast<char*>(numbers.data()), most});
      ASSERT_EQ(got.value_or(0), most);
      for (std::size_t i = 0; i < most / 4; ++i) ASSERT_EQ(numbers[i], expected++);
      at += most;
    }
    spool->forget(at);
  }
  kill(source, SIGKILL);
  waitpid(source, nullptr, 0);
  EXPECT_GT(expected, 1000u);
}

TEST(OutputPipe, BelongsToItsOwner) {
  if (geteuid() != 0) GTEST_SKIP();
  auto pipe = make_output_pipe(64 << 10, 65'534);
  ASSERT_TRUE(pipe);
  struct stat info{};
  ASSERT_EQ(fstat(pipe->write.get(), &info), 0);
  EXPECT_EQ(info.st_uid, 65'534u);
}

TEST(SharedMemory, IsSeenByBothSidesOfAFork) {
  auto memory = SharedMemory::make(100'000);
  ASSERT_TRUE(memory);
  EXPECT_EQ(memory->bytes()[99'999], std::byte{0});
  const pid_t child = fork();
  if (child == 0) {
    memory->bytes()[99'999] = std::byte{7};
    _exit(0);
  }
  waitpid(child, nullptr, 0);
  EXPECT_EQ(memory->bytes()[99'999], std::byte{7});
}

}  // namespace
}  // namespace gatevisor::os
