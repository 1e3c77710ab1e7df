// Files of data: where they may be, and what is refused.

#include "os/data_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>

#include "data_directory.h"
#include "os/file.h"

namespace gatevisor::os {
namespace {

using DataFiles = DataDirectory;

TEST_F(DataFiles, WhatIsWrittenIsRead) {
  auto made = DataFile::create(directory_, "a");
  ASSERT_TRUE(made);
  ASSERT_TRUE(made->allocate(100));
  EXPECT_EQ(made->size(), 100u);
  const std::string text = "text";
  ASSERT_TRUE(made->write(50, std::as_bytes(std::span(text))));
  EXPECT_TRUE(made->sync());
  auto again = DataFile::open(directory_, "a");
  ASSERT_TRUE(again);
  EXPECT_EQ(again->size(), 100u);
  std::string back(4, 0);
  ASSERT_TRUE(again->read(50, std::as_writable_bytes(std::span(back))));
  EXPECT_EQ(back, text);
  EXPECT_EQ(again->read(98, std::as_writable_bytes(std::span(back))).error().code, EIO);
}

TEST_F(DataFiles, SeedRow_LogSafety_LinksAreRefused) {
  std::ofstream(file("real")) << "x";
  ASSERT_EQ(symlink(file("real").c_str(), file("soft").c_str()), 0);
  EXPECT_EQ(DataFile::open(directory_, "soft").error().code, ELOOP);
  EXPECT_EQ(DataFile::create(directory_, "soft").error().code, EEXIST);
  ASSERT_EQ(link(file("real").c_str(), file("hard").c_str()), 0);
  EXPECT_EQ(DataFile::open(directory_, "hard").error().code, EMLINK);
  EXPECT_EQ(DataFile::create(directory_, "hard").error().code, EEXIST);
}

TEST_F(DataFiles, WhatIsNoFileIsRefusedAndNeverWaitedFor) {
  ASSERT_EQ(mkfifo(file("fifo").c_str(), 0600), 0);
  EXPECT_EQ(DataFile::open(directory_, "fifo").error().code, ENXIO);
}

TEST_F(DataFiles, RenameReplacesNothing) {
  ASSERT_TRUE(DataFile::create(directory_, "a"));
  ASSERT_TRUE(DataFile::create(directory_, "b"));
  EXPECT_EQ(rename_data_file(directory_, "a", "b").error().code, EEXIST);
  EXPECT_TRUE(rename_data_file(directory_, "a", "c"));
  EXPECT_EQ(names_at(directory_.get(), "."), (std::vector<std::string>{"b", "c"}));
  EXPECT_TRUE(remove_data_file(directory_, "b"));
  EXPECT_EQ(names_at(directory_.get(), "."), std::vector<std::string>{"c"});
}

TEST_F(DataFiles, DirectoryIsMadeWhereItsParentIsThere) {
  EXPECT_TRUE(open_data_directory(file("new")));
  EXPECT_EQ(open_data_directory(file("no/such")).error().code, ENOENT);
  std::ofstream(file("plain")) << "x";
  EXPECT_EQ(open_data_directory(file("plain")).error().code, ENOTDIR);
}

}  // namespace
}  // namespace gatevisor::os
