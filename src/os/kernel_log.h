// /dev/kmsg: the kernel's log, record by record.
//
// Owns one descriptor with a place of its own in the log. Never waits and never keeps anything:
// what is read is handed on, at most kMostRecords at once. It is looked at after deaths, so it is
// no reason to wake up. Source: the kernel's Documentation/ABI/testing/dev-kmsg.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "os/unique_fd.h"

namespace gatevisor::os {

class KernelLogFile {
 public:
  /// Some tens of milliseconds of reading, and more than most machines keep.
  static constexpr std::size_t kMostRecords = 8192;
  static constexpr std::size_t kMostBytes = std::size_t{1} << 20;

  /// That it is absent or forbidden is no error: why() says so.
  static KernelLogFile open();

  explicit operator bool() const { return static_cast<bool>(fd_); }
  int fd() const { return fd_.get(); }
  /// One clause; empty: it can be read.
  const std::string& why() const { return why_; }

  /// To the end: what is there so far is of no interest.
  void skip();

  struct Reading {
    bool overwritten = false;  ///< records went before they were read
    bool unread = false;       ///< it ended before the log did
  };
  /// What came since, each record to `take`; nothing in it outlives the call.
  Reading read_new(const std::function<void(std::string_view)>& take);

 private:
  UniqueFd fd_;
  std::string why_;
};

/// `kind`: 'pid', 'cgroup', … of namespaces(7). Whether gatevisor is in the first one of the
/// machine, whose ids and paths the kernel's log has.
bool in_initial_namespace(const char* kind);

}  // namespace gatevisor::os
