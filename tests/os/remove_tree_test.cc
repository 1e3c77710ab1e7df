// A tree goes as a whole, and nothing beside it.

#include "os/remove_tree.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "support/temp_dir.h"

namespace gatevisor::os {
namespace {

namespace fs = std::filesystem;

class RemoveTree : public ::testing::Test {
 protected:
  TempDir directory_;
  const std::string& base_ = directory_.path();
};

TEST_F(RemoveTree, RemovesFilesDirectoriesAndLinksThemselves) {
  fs::create_directories(base_ + "/a/b/c");
  fs::create_directories(base_ + "/kept");
  std::ofstream(base_ + "/kept/file") << "x";
  std::ofstream(base_ + "/a/b/file") << "x";
  fs::create_directory_symlink(base_ + "/kept", base_ + "/a/b/link");
  EXPECT_TRUE(remove_tree(base_, "a"));
  EXPECT_FALSE(fs::exists(base_ + "/a"));
  EXPECT_TRUE(fs::exists(base_ + "/kept/file"));
}

TEST_F(RemoveTree, DeeperThanThereAreDescriptors) {
  std::string path = base_ + "/deep";
  for (int i = 0; i < 700; ++i) path += "/d";
  fs::create_directories(path);
  EXPECT_TRUE(remove_tree(base_, "deep"));
  EXPECT_TRUE(fs::is_empty(base_));
}

TEST_F(RemoveTree, LinkInItsPlaceIsNotFollowed) {
  fs::create_directories(base_ + "/kept/x");
  fs::create_directory_symlink("kept", base_ + "/a");
  EXPECT_FALSE(remove_tree(base_, "a/x"));
  EXPECT_TRUE(remove_tree(base_, "a"));
  EXPECT_TRUE(fs::exists(base_ + "/kept/x"));
  EXPECT_FALSE(fs::is_symlink(base_ + "/a"));
}

TEST_F(RemoveTree, WhatIsNotThereIsNoError) {
  EXPECT_TRUE(remove_tree(base_, "no"));
  EXPECT_TRUE(remove_tree(base_, "no/nor"));
  EXPECT_FALSE(*set_aside(base_, "no"));
}

TEST_F(RemoveTree, SetAsideFreesTheNameAtOnce) {
  fs::create_directories(base_ + "/p/a/b");
  const auto aside = set_aside(base_, "p/a");
  ASSERT_TRUE(aside && *aside);
  EXPECT_TRUE(fs::create_directory(base_ + "/p/a"));
  EXPECT_TRUE(fs::exists((*aside)->base + "/" + (*aside)->name + "/b"));
  EXPECT_TRUE(remove_tree((*aside)->base, (*aside)->name));
  EXPECT_EQ(std::distance(fs::directory_iterator(base_ + "/p"), {}), 1);
}

TEST_F(RemoveTree, OnlyALinkIsRemovedAsALink) {
  fs::create_directory(base_ + "/d");
  fs::create_symlink("d", base_ + "/l");
  remove_link(base_, "d");
  remove_link(base_, "l");
  EXPECT_TRUE(fs::exists(base_ + "/d"));
  EXPECT_FALSE(fs::is_symlink(base_ + "/l"));
}

}  // namespace
}  // namespace gatevisor::os
