// One cgroup, held by a descriptor of its directory.
//
// A re-created name is never mistaken for the old one: everything goes through the descriptor.
// Never touches a cgroup above the one that it was opened as.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gatevisor/error.h"
#include "gatevisor/evidence.h"
#include "os/unique_fd.h"

namespace gatevisor::os {

class CgroupDir {
 public:
  /// `path` is how people read it: below the mount, without a leading slash.
  CgroupDir(UniqueFd directory, std::string path)
      : fd_(std::move(directory)), path_(std::move(path)) {}
  CgroupDir() = default;

  static Expected<CgroupDir> open(int parent, const char* name, std::string path);
  /// mkdirat(2) and open. EEXIST is an error.
  Expected<CgroupDir> make_child(const std::string& name) const;
  Expected<CgroupDir> open_child(const std::string& name) const;

  int fd() const { return fd_.get(); }
  explicit operator bool() const { return static_cast<bool>(fd_); }
  const std::string& path() const { return path_; }

  bool has(const char* file) const;
  Expected<std::string> read(const char* file) const;
  Expected<void> write(const char* file, std::string_view text) const;
  /// Of a file in it, or of itself ('').
  Expected<void> chown(const char* file, unsigned uid, unsigned gid) const;
  /// The pids of cgroup.procs: 0 for processes outside our pid namespace.
  Expected<std::vector<int>> processes() const;
  std::vector<std::string> children() const;

  /// cgroup.events 'populated': a live process here or below; a zombie does not count.
  Expected<bool> populated() const;
  bool has_controller(std::string_view name) const;
  /// Only `name` of cgroup.subtree_control.
  bool enables_controller(std::string_view name) const;

  /// For os/invocation.h: a file that tells of changes.
  Expected<UniqueFd> open_events(const char* file) const;
  /// cgroup.procs for writing; empty where that is refused.
  UniqueFd open_procs() const;

  /// What is read of a level. Which controllers it has is looked up once, at the first call.
  enum class Reading : std::uint8_t {
    Baseline,  ///< counters of its own, to be compared with later
    After,     ///< and its limit
    Nearest,   ///< and the counters with everything below it
  };
  CgroupLevel counters(Reading reading) const;
  /// Tells that this cgroup has the same controllers as `other`, which was asked already.
  void same_controllers_as(const CgroupDir& other) {
    has_memory_ = other.has_memory_;
    has_pids_ = other.has_pids_;
  }

  /// To every process here and below but for `except`, each held by a pidfd while it is checked to
  /// be (still) ours.
  Expected<void> signal_all(int signal, bool with_pidfd, int except = 0) const;
  /// cgroup.kill, else the same by freeze_and_kill().
  Expected<void> kill_all(bool with_pidfd) const;
  /// Freeze, SIGKILL to each, thaw always: what Linux before 5.14 has.
  Expected<void> freeze_and_kill(bool with_pidfd) const;
  /// Removes child `name` with what it made below itself. EBUSY: something lives in it.
  Expected<void> remove_child(const std::string& name) const;

 private:
  UniqueFd fd_;
  std::string path_;
  mutable std::optional<bool> has_memory_;
  mutable std::optional<bool> has_pids_;
};

/// The number at the start of a file; nullopt for 'max'.
std::optional<std::uint64_t> number_of(std::string_view content);
/// The value of `key` in lines of 'key value' (flat keyed files of cgroup v2).
std::optional<std::uint64_t> keyed_value(std::string_view content, std::string_view key);
/// 'full avg10=0.00 avg60=0.00 avg300=0.00 total=123' of a pressure file (the kernel's psi.rst), in
/// microseconds. `kind`: 'some', 'full'.
std::optional<std::uint64_t> stalled_total(std::string_view content, std::string_view kind);
/// The same of an average, in hundredths of a percent. `time`: 'avg10', 'avg60', 'avg300'.
std::optional<std::uint64_t> stalled_average(std::string_view content, std::string_view kind,
                                             std::string_view time);

}  // namespace gatevisor::os
