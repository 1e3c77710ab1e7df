#include "protocol/native_log.h"

#include <gtest/gtest.h>

#include <string>

namespace gatevisor::protocol {
namespace {

using namespace std::string_literals;

std::string size_of(std::uint64_t size) {
  std::string bytes;
  for (int shift = 0; shift < 64; shift += 8) bytes += static_cast<char>(size >> shift & 0xff);
  return bytes;
}

std::string binary(const std::string& name, const std::string& value) {
  return name + "\n" + size_of(value.size()) + value + "\n";
}

/// All entries: 'NAME=value ' each, with '|' behind an entry.
std::string read(const std::string& datagram) {
  std::string all;
  for (NativeLog log(datagram); log.next();) {
    for (const LogField& field : log.fields()) {
      all += std::string(field.name) + "=" + std::string(field.value) + " ";
    }
    all += "|";
  }
  return all;
}

TEST(NativeLog, TextAndBinaryFields) {
  EXPECT_EQ(read("MESSAGE=hello\nPRIORITY=3\n"), "MESSAGE=hello PRIORITY=3 |");
  EXPECT_EQ(read("A=1=2\nB=\n"), "A=1=2 B= |");
  EXPECT_EQ(read(binary("MESSAGE", "two\nlines\0and"s) + "A=1\n"),
            "MESSAGE=two\nlines\0and A=1 |"s);
  EXPECT_EQ(read(binary("MESSAGE", "")), "MESSAGE= |");
}

TEST(NativeLog, SeveralEntriesInADatagram) {
  EXPECT_EQ(read("A=1\n\nA=2\nB=3\n\n"), "A=1 |A=2 B=3 |");
  EXPECT_EQ(read("\nA=1\n"), "");  // journald looks no further behind one that is empty
  EXPECT_EQ(read("A=1\n\n\nA=2\n"), "A=1 |");
}

TEST(NativeLog, CommentsAndCommandsAreNothing) {
  EXPECT_EQ(read("# text\n.command\nA=1\n#\n"), "A=1 |");
}

TEST(NativeLog, WhatBreaksOffEndsTheEntryWithWhatThereWas) {
  EXPECT_EQ(read("A=1\nB=2"), "A=1 |");
  EXPECT_EQ(read("A=1\nB\n"), "A=1 |");
  EXPECT_EQ(read("A=1\nB\n" + size_of(1)), "A=1 |");
  EXPECT_EQ(read("A=1\nB\n" + size_of(3) + "xyz"), "A=1 |");
  EXPECT_EQ(read("A=1\nB\n" + size_of(2) + "xyz\nC=1\n"), "A=1 |");
  EXPECT_EQ(read("A=1\nB\n" + size_of(~std::uint64_t{0}) + "xyz\n"), "A=1 |");
  EXPECT_EQ(read(""), "");
  EXPECT_EQ(read("\0\0\0\0"s), "");
}

TEST(NativeLog, NamesThatNoClientMayGiveAreLeftOut) {
  EXPECT_EQ(read("_PID=1\n1A=2\na=3\nA-B=4\n=5\nGATEVISOR_EVENT=exited\nMESSAGE_ID=6\nA_1=7\n"),
            "MESSAGE_ID=6 A_1=7 |");
  EXPECT_EQ(read("_PID=1\nGATEVISOR_RECORD={}\n"), "");
  EXPECT_EQ(read(binary("_UID", "0") + binary("GATEVISOR_CAUSE", "clean") + binary("A", "1")),
            "A=1 |");
  EXPECT_TRUE(is_client_field(std::string(64, 'A')));
  EXPECT_FALSE(is_client_field(std::string(65, 'A')));
  EXPECT_FALSE(is_client_field(""));
}

TEST(NativeLog, AnEntryHasAsManyFieldsAsJournaldTakes) {
  std::string fields;
  for (std::size_t i = 0; i < kMaxLogFields; ++i) fields += "F" + std::to_string(i) + "=1\n";
  NativeLog most(fields);
  ASSERT_TRUE(most.next());
  EXPECT_EQ(most.fields().size(), kMaxLogFields);
  EXPECT_EQ(read(fields + "ONE_MORE=1\n\nA=1\n"), "");
}

TEST(NativeLog, LevelIsThatOfThePriority) {
  const auto level = [](const std::string& datagram) {
    NativeLog log(datagram);
    EXPECT_TRUE(log.next());
    return log.level();
  };
  EXPECT_EQ(level("A=1\n"), kDefaultLevel);
  EXPECT_EQ(level("PRIORITY=2\n"), 2u);
  EXPECT_EQ(level(binary("PRIORITY", "7")), 7u);
  EXPECT_EQ(level("PRIORITY=8\nA=1\n"), kDefaultLevel);
  EXPECT_EQ(level("PRIORITY=33\n"), kDefaultLevel);
  NativeLog log("PRIORITY=1\n\nA=1\n");
  EXPECT_TRUE(log.next() && log.next());
  EXPECT_EQ(log.level(), kDefaultLevel);
}

}  // namespace
}  // namespace gatevisor::protocol
