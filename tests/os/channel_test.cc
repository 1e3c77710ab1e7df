// A helper process and its datagrams.

#include "os/channel.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

namespace gatevisor::os {
namespace {

TEST(Channel, DatagramsStayWhole) {
  auto pair = Channel::make();
  ASSERT_TRUE(pair);
  EXPECT_EQ(pair->ours.send("one"), Channel::Sent::Done);
  EXPECT_EQ(pair->ours.send("three"), Channel::Sent::Done);
  std::string datagram;
  EXPECT_EQ(pair->theirs.receive(datagram, 100), Channel::Received::Datagram);
  EXPECT_EQ(datagram, "one");
  EXPECT_EQ(pair->theirs.receive(datagram, 100), Channel::Received::Datagram);
  EXPECT_EQ(datagram, "three");
  EXPECT_EQ(pair->theirs.receive(datagram, 100), Channel::Received::Nothing);
}

TEST(Channel, DescriptorsGoWithADatagram) {
  auto pair = Channel::make();
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  UniqueFd read_end(ends[0]);
  UniqueFd write_end(ends[1]);
  const int fds[] = {read_end.get(), write_end.get()};
  EXPECT_EQ(pair->ours.send("two", fds), Channel::Sent::Done);
  EXPECT_EQ(pair->ours.send("none"), Channel::Sent::Done);
  std::string datagram;
  std::vector<UniqueFd> received;
  EXPECT_EQ(pair->theirs.receive(datagram, 100, &received), Channel::Received::Datagram);
  ASSERT_EQ(received.size(), 2u);
  EXPECT_EQ(write(received[1].get(), "x", 1), 1);
  char byte = 0;
  EXPECT_EQ(read(read_end.get(), &byte, 1), 1);
  EXPECT_NE(fcntl(received[0].get(), F_GETFD) & FD_CLOEXEC, 0);
  received.clear();
  EXPECT_EQ(pair->theirs.receive(datagram, 100, &received), Channel::Received::Datagram);
  EXPECT_TRUE(received.empty());
}

TEST(Channel, NeverBlocksWhenNobodyReads) {
  auto pair = Channel::make();
  const std::string datagram(10'000, 'x');
  int sent = 0;
  while (sent < 100'000 && pair->ours.send(datagram) == Channel::Sent::Done) ++sent;
  EXPECT_LT(sent, 100'000);
  EXPECT_EQ(pair->ours.send(datagram), Channel::Sent::Full);
}

TEST(Channel, WhatWasSentIsReadAfterTheEnd) {
  auto pair = Channel::make();
  (void)pair->ours.send("last");
  pair->ours.finish_sending();
  EXPECT_TRUE(pair->theirs.wait_gone(0));
  std::string datagram;
  EXPECT_EQ(pair->theirs.receive(datagram, 100), Channel::Received::Datagram);
  EXPECT_EQ(pair->theirs.receive(datagram, 100), Channel::Received::End);
}

TEST(Channel, SendToOneThatIsGoneIsNoSignal) {
  auto pair = Channel::make();
  pair->theirs.close();
  EXPECT_EQ(pair->ours.send("x"), Channel::Sent::Gone);
}

struct HelperArgument {
  int keep;
  int other;
};

int helper(void* argument) {
  const auto& fds = *static_cast<HelperArgument*>(argument);
  const bool kept = fcntl(fds.keep, F_GETFD) >= 0;
  const bool closed = fcntl(fds.other, F_GETFD) < 0;
  return kept && closed ? 0 : 1;
}

TEST(Helper, HasItsChannelAndNothingElseOfOurs) {
  auto pair = Channel::make();
  HelperArgument fds{pair->theirs.fd(), pair->ours.fd()};
  const auto pid = start_helper(fds.keep, "helper", helper, &fds);
  ASSERT_TRUE(pid);
  int status = -1;
  ASSERT_EQ(waitpid(*pid, &status, 0), *pid);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace gatevisor::os
