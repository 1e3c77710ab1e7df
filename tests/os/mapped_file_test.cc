// A file that is read where it stands, and what may happen to it meanwhile.
#include "os/mapped_file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>

#include "support/temp_dir.h"

namespace gatevisor::os {
namespace {

class MappedFiles : public ::testing::Test {
 protected:
  MappedFiles() { std::ofstream(path_) << std::string(100'000, 'a'); }

  TempDir directory_;
  std::string path_ = directory_.file("file");
};

TEST_F(MappedFiles, CutOffWhileItIsReadItIsZeros) {
  auto file = MappedFile::open(path_);
  ASSERT_TRUE(file);
  std::filesystem::resize_file(path_, 10);
  const auto count = std::ranges::count(file->bytes(), std::byte{'a'});
  EXPECT_EQ(count, 10);
  EXPECT_EQ(file->bytes().size(), 100'000u);
}

TEST_F(MappedFiles, EachOfSeveralIsSafe) {
  auto one = MappedFile::open(path_);
  auto two = MappedFile::open(path_);
  ASSERT_TRUE(one && two);
  one = MappedFile();
  std::filesystem::resize_file(path_, 0);
  EXPECT_EQ(two->bytes().back(), std::byte{0});
  EXPECT_EQ(two->bytes().front(), std::byte{0});
}

TEST_F(MappedFiles, GrowsWithTheFile) {
  auto file = MappedFile::open(path_);
  std::ofstream(path_, std::ios::app) << std::string(50'000, 'b');
  EXPECT_EQ(file->bytes().size(), 100'000u);
  ASSERT_TRUE(file->refresh());
  EXPECT_EQ(file->bytes().size(), 150'000u);
  EXPECT_EQ(file->bytes().back(), std::byte{'b'});
}

TEST_F(MappedFiles, KnowsThatItsNameIsGone) {
  auto file = MappedFile::open(path_);
  EXPECT_FALSE(file->state()->removed);
  std::filesystem::remove(path_);
  EXPECT_TRUE(file->state()->removed);
  EXPECT_EQ(file->bytes().front(), std::byte{'a'});
}

TEST_F(MappedFiles, RefusesWhatIsNoRegularFile) {
  EXPECT_EQ(MappedFile::open(directory_.path()).error().code, ENXIO);
  EXPECT_EQ(MappedFile::open("/dev/null").error().code, ENXIO);
  EXPECT_EQ(MappedFile::open(path_ + "x").error().code, ENOENT);
  std::ofstream(directory_.file("empty"));
  EXPECT_TRUE(MappedFile::open(directory_.file("empty")));
}

}  // namespace
}  // namespace gatevisor::os
