// The console never waits for its reader.

#include "os/console_out.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <string>

namespace gatevisor::os {
namespace {

std::string read_all(int fd) {
  std::string text;
  char buffer[4096];
  for (ssize_t got; (got = read(fd, buffer, sizeof buffer)) > 0;) {
    text.append(buffer, static_cast<std::size_t>(got));
  }
  return text;
}

struct Ends {
  UniqueFd reader;
  UniqueFd writer;
};

Ends make_pipe() {
  int ends[2];
  EXPECT_EQ(pipe2(ends, O_CLOEXEC), 0);
  fcntl(ends[0], F_SETFL, O_NONBLOCK);
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

TEST(ConsoleOut, LineReachesTheReader) {
  Ends pipe = make_pipe();
  ConsoleOut out(pipe.writer.get());
  out.write("one\n");
  EXPECT_EQ(read_all(pipe.reader.get()), "one\n");
  EXPECT_FALSE(out.pending());
}

TEST(ConsoleOut, SharedDescriptorStaysBlockingForTheGateway) {
  Ends pipe = make_pipe();
  ConsoleOut out(pipe.writer.get());
  out.write("one\n");
  EXPECT_EQ(fcntl(pipe.writer.get(), F_GETFL) & O_NONBLOCK, 0);
}

TEST(ConsoleOut, FullPipeKeepsLinesInOrderUntilThereIsRoom) {
  Ends pipe = make_pipe();
  ConsoleOut out(pipe.writer.get());
  const std::string line(1023, 'x');
  std::string expected;
  for (int i = 0; i < 80; ++i) {  // more than the 64 KB of a pipe
    out.write(line + "\n");
    expected += line + "\n";
  }
  EXPECT_TRUE(out.pending());
  std::string got = read_all(pipe.reader.get());
  out.flush();
  got += read_all(pipe.reader.get());
  EXPECT_EQ(got, expected);
  EXPECT_FALSE(out.pending());
}

TEST(ConsoleOut, LinesOverTheBufferAreCountedAndSaid) {
  Ends pipe = make_pipe();
  ConsoleOut out(pipe.writer.get());
  const std::string line(1023, 'x');
  for (int i = 0; i < 400; ++i) out.write(line + "\n");
  std::string got;
  for (int i = 0; i < 10; ++i) {
    got += read_all(pipe.reader.get());
    out.flush();
  }
  EXPECT_NE(got.find("of its own lines were dropped"), std::string::npos);
}

TEST(ConsoleOut, ReaderThatIsGoneCostsNothing) {
  Ends pipe = make_pipe();
  ConsoleOut out(pipe.writer.get());
  signal(SIGPIPE, SIG_IGN);
  pipe.reader.reset();
  out.write("one\n");
  EXPECT_FALSE(out.pending());
}

TEST(ConsoleOut, FullSocketDoesNotBlock) {
  int ends[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  const UniqueFd reader(ends[0]);
  const UniqueFd writer(ends[1]);
  ConsoleOut out(writer.get());
  const std::string line(65535, 'x');
  for (int i = 0; i < 16; ++i) out.write(line + "\n");
  EXPECT_TRUE(out.pending());
}

TEST(ConsoleOut, RegularFileIsSharedWithTheGatewaysOffset) {
  char path[] = "/tmp/gatevisor-console-XXXXXX";
  const UniqueFd file(mkstemp(path));
  ASSERT_TRUE(file);
  ConsoleOut out(file.get());
  ASSERT_EQ(write(file.get(), "gateway\n", 8), 8);
  out.write("gatevisor\n");
  ASSERT_EQ(write(file.get(), "gateway\n", 8), 8);
  char content[64] = {};
  ASSERT_GT(pread(file.get(), content, sizeof content - 1, 0), 0);
  EXPECT_STREQ(content, "gateway\ngatevisor\ngateway\n");
  unlink(path);
}

}  // namespace
}  // namespace gatevisor::os
