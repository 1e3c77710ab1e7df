// Cgroups for the cases: each gatevisor gets one of its own as its base.
//
// Owns `<own cgroup>/gatevisor-test-<pid>` where this process lives in the hierarchy's true root
// (whose processes are the machine's), else its own cgroup, which is then delegated to it. Touches
// nothing else, and removes what it made.
#pragma once

#include <string>
#include <vector>

namespace gatevisor::testing {

class CgroupHome {
 public:
  static CgroupHome& get();
  ~CgroupHome();

  /// False where there is no cgroup v2 that can be written: cases then start where they are.
  bool available() const { return !home_.empty(); }
  const std::string& mount_point() const { return mount_; }
  /// A fresh directory below home, with the controllers that there are. `below`: in that one.
  std::string make(const std::string& name, const std::string& below = {});
  /// The same with 32 MiB of memory and no swap. Empty: the limit could not be set.
  std::string make_small(const std::string& name);
  /// Removes it and what is in it; processes must be gone.
  static void remove(const std::string& directory);
  /// Where cgroup.procs of `pid` is, as a directory.
  std::string of_process(int pid) const;

 private:
  CgroupHome();
  void enable_controllers(const std::string& directory);

  std::string mount_;
  std::string home_;
  bool made_home_ = false;
};

/// Whole small files.
std::string read_file(const std::string& path);
bool write_file(const std::string& path, const std::string& text);

}  // namespace gatevisor::testing
