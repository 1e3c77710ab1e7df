#include "app/kernel_log_reader.h"

#include "config/syscall_groups.h"
#include "exec/syscall_name.h"
#include "os/clock.h"
#include "os/process.h"

namespace gatevisor::app {
namespace {

/// The first that has the call and is no list of what nearly every program needs.
std::string group_of(std::string_view call) {
  for (const config::SyscallGroup& group : config::syscall_groups()) {
    if (group.name == "@default" || group.name == "@system-service" || group.name == "@known") {
      continue;
    }
    bool has_it = false;
    config::each_syscall(group, [&](std::string_view name) { has_it = has_it || name == call; });
    if (has_it) return std::string(group.name);
  }
  return {};
}

}  // namespace

void KernelLogReader::open() {
  file_ = os::KernelLogFile::open();
  if (!file_) return;
  log_.kills.reserve(KernelLog::kMost);
  log_.denials.reserve(KernelLog::kMost);
  log_.initial_pids = os::in_initial_namespace("pid");
  log_.initial_cgroups = os::in_initial_namespace("cgroup");
}

void KernelLogReader::begin() {
  file_.skip();
  parser_ = {};
  log_.kills.clear();
  log_.denials.clear();
  log_.overwritten = false;
  log_.unread = false;
}

const KernelLog& KernelLogReader::read(int pid) {
  const auto reading =
      file_.read_new([this](std::string_view record) { parser_.feed(record, log_); });
  log_.overwritten = log_.overwritten || reading.overwritten;
  log_.unread = reading.unread;
  log_.at_usec = os::journal_times().realtime_usec;
  if (pid != 0 && !log_.initial_pids) {
    auto [name, uid] = os::identity_of(pid);
    log_.main_name = std::move(name);
    log_.main_uid = uid;
  }
  for (KernelDenial& denial : log_.denials) {
    if (!denial.call.empty()) continue;
    denial.call = exec::syscall_name(denial.architecture, denial.number);
    denial.group = group_of(denial.call);
  }
  return log_;
}

}  // namespace gatevisor::app
