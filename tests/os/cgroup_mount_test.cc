// Where cgroup v2 is: mountinfo and cgroup texts of real machines.

#include "os/cgroup_mount.h"

#include <gtest/gtest.h>

#include "os/cgroup_dir.h"

namespace gatevisor::os {
namespace {

constexpr std::string_view kUnified =
    "22 1 0:20 / /proc rw,nosuid - proc proc rw\n"
    "29 23 0:26 / /sys/fs/cgroup rw,nosuid,nodev - cgroup2 cgroup2 rw,nsdelegate\n";

TEST(CgroupMount, UnifiedHierarchyGivesThePathBelowTheMount) {
  const auto place = find_cgroup_place(kUnified, "0::/system.slice/gateway.service\n");
  ASSERT_TRUE(place);
  EXPECT_EQ(place->directory(), "/sys/fs/cgroup/system.slice/gateway.service");
  EXPECT_FALSE(place->read_only);
}

TEST(CgroupMount, RootOfTheNamespaceIsTheMountPointItself) {
  const auto place = find_cgroup_place(kUnified, "0::/\n");
  ASSERT_TRUE(place);
  EXPECT_EQ(place->directory(), "/sys/fs/cgroup");
}

TEST(CgroupMount, HybridHierarchyIsFoundWhereItIsMounted) {
  const auto place = find_cgroup_place(
      "30 29 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
      "31 29 0:28 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n",
      "4:memory:/x\n0::/\n");
  ASSERT_TRUE(place);
  EXPECT_EQ(place->mount_point, "/sys/fs/cgroup/unified");
}

TEST(CgroupMount, ReadOnlyMountIsSaid) {
  const auto place =
      find_cgroup_place("29 23 0:26 / /sys/fs/cgroup ro,nosuid - cgroup2 cgroup rw\n", "0::/\n");
  ASSERT_TRUE(place);
  EXPECT_TRUE(place->read_only);
}

TEST(CgroupMount, BindMountOfAPartIsStrippedFromThePath) {
  const auto place = find_cgroup_place(
      "29 23 0:26 /docker/abc /sys/fs/cgroup rw - cgroup2 cgroup rw\n", "0::/docker/abc/x\n");
  ASSERT_TRUE(place);
  EXPECT_EQ(place->path, "x");
}

TEST(CgroupMount, AnotherPartOfTheHierarchyIsNotOurs) {
  EXPECT_FALSE(find_cgroup_place("29 23 0:26 /docker/abc /sys/fs/cgroup rw - cgroup2 cgroup rw\n",
                                 "0::/docker/abcd\n"));
}

TEST(CgroupMount, PathOutsideTheNamespaceIsAnError) {
  const auto place = find_cgroup_place(kUnified, "0::/../other\n");
  ASSERT_FALSE(place);
  EXPECT_NE(to_string(place.error()).find("outside its cgroup namespace"), std::string::npos);
}

TEST(CgroupMount, NoMountIsAnError) {
  EXPECT_FALSE(find_cgroup_place("22 1 0:20 / /proc rw - proc proc rw\n", "0::/\n"));
}

TEST(CgroupMount, OnlyVersionOneIsAnError) {
  EXPECT_FALSE(find_cgroup_place(kUnified, "4:memory:/x\n"));
}

TEST(CgroupMount, EscapedSpaceInTheMountPointIsASpace) {
  const auto place =
      find_cgroup_place("29 23 0:26 / /my\\040cgroup rw - cgroup2 cgroup rw\n", "0::/\n");
  ASSERT_TRUE(place);
  EXPECT_EQ(place->mount_point, "/my cgroup");
}

TEST(KeyedValue, FindsTheWholeKeyAlone) {
  EXPECT_EQ(keyed_value("oom 3\noom_kill 7\n", "oom"), 3U);
  EXPECT_EQ(keyed_value("oom 3\noom_kill 7\n", "oom_kill"), 7U);
}

TEST(KeyedValue, MissingKeyIsNothing) { EXPECT_EQ(keyed_value("oom 3\n", "max"), std::nullopt); }

TEST(KeyedValue, ValueThatIsNoNumberIsNothing) {
  EXPECT_EQ(keyed_value("oom max\n", "oom"), std::nullopt);
}

}  // namespace
}  // namespace gatevisor::os
