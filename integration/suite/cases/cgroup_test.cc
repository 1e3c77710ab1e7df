// Ending a whole cgroup, on both rungs.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "cgroup_home.h"
#include "gatevisor.h"
#include "os/cgroup_dir.h"

namespace gatevisor::testing {
namespace {

/// A child in the cgroup that ignores what can be ignored.
pid_t stubborn_child(const std::string& directory) {
  const pid_t pid = fork();
  if (pid != 0) return pid;
  write_file(directory + "/cgroup.procs", "0");
  for (int signal = 1; signal < 32; ++signal) std::signal(signal, SIG_IGN);
  for (;;) pause();
}

class EndOfTheTree : public ::testing::TestWithParam<bool> {};

TEST_P(EndOfTheTree, ReachesNestedCgroupsAndThaws) {
  CgroupHome& home = CgroupHome::get();
  ASSERT_TRUE(home.available());
  const std::string outer = home.make("kill-outer");
  const std::string inner = outer + "/inner";
  ASSERT_EQ(mkdir(inner.c_str(), 0755), 0);
  const pid_t one = stubborn_child(outer);
  const pid_t two = stubborn_child(inner);
  auto cgroup = os::CgroupDir::open(AT_FDCWD, outer.c_str(), "outer");
  ASSERT_TRUE(cgroup);
  // Both are there when the cgroup says so; a child that joins later is killed by the next round.
  const auto end = std::chrono::steady_clock::now() + patience();
  while ((is_alive(one) || is_alive(two)) && std::chrono::steady_clock::now() < end) {
    ASSERT_TRUE(GetParam() ? cgroup->freeze_and_kill(true) : cgroup->kill_all(true));
  }
  EXPECT_EQ(waitpid(one, nullptr, 0), one);
  EXPECT_EQ(waitpid(two, nullptr, 0), two);
  EXPECT_EQ(read_file(outer + "/cgroup.freeze"), "0\n");
  CgroupHome::remove(outer);
}

INSTANTIATE_TEST_SUITE_P(Rungs, EndOfTheTree, ::testing::Values(false, true));

}  // namespace
}  // namespace gatevisor::testing
