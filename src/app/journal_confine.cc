#include "app/journal_confine.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <string_view>

#include "exec/confine.h"
#include "os/data_file.h"
#include "os/file.h"
#include "os/users.h"

namespace gatevisor::app {
namespace {

// What it makes, and what the C library makes for it.
constexpr auto kCalls = std::to_array<std::string_view>(
    {"read",           "write",          "pread64",       "pwrite64",      "writev",
     "io_setup",       "io_submit",      "io_getevents",  "io_destroy",
     "lseek",          "splice",         "fallocate",     "ftruncate",     "fdatasync",
     "openat",         "close",          "renameat2",     "unlinkat",      "mkdir",
     "mkdirat",        "fstat",          "newfstatat",    "statx",         "fstatfs",
     "fcntl",          "flock",          "getdents64",     "epoll_wait",    "epoll_pwait",   "epoll_ctl",
     "poll",           "ppoll",          "sendmsg",       "sendto",        "recvmsg",
     "recvfrom",       "shutdown",       "getrandom",     "clock_gettime", "gettimeofday",
     "time",           "mmap",           "munmap",        "mremap",        "mprotect",
     "madvise",        "brk",            "futex",         "getpid",        "gettid",
     "tgkill",         "rt_sigprocmask", "rt_sigaction",  "rt_sigreturn",  "restart_syscall",
     "exit",           "exit_group",
     // Its thread.
     "clone",          "rseq",           "set_robust_list",
     // A sanitizer asks with them whether memory can be read, and where a thread's stack is.
     "pipe",           "pipe2",          "sigaltstack",   "sched_getaffinity"});

}  // namespace

Expected<void> become_journal_user(const std::string& directory) {
  if (geteuid() != 0) return {};
  auto opened = os::open_data_directory(directory);
  if (!opened) return std::unexpected(std::move(opened.error()));
  if (const auto user = os::find_user(kJournalUser)) {
    if (auto given = os::give_data(*opened, "gatevisor", {user->uid, user->gid}); !given) {
      return given;
    }
    return exec::become(user->uid, user->gid);
  }
  const auto owner = os::owner_of(*opened);
  if (!owner) return std::unexpected(owner.error());
  return owner->uid == 0 ? Expected<void>{} : exec::become(owner->uid, owner->gid);
}

void confine_journal_writer(const std::string& directory, bool looks_at_senders) {
  (void)exec::give_up_capabilities();
  const auto proc = looks_at_senders ? os::open_at(AT_FDCWD, "/proc", O_PATH | O_DIRECTORY)
                                     : Expected<os::UniqueFd>();
  if (const auto opened = os::open_data_directory(directory)) {
    (void)exec::confine_to(opened->get(), proc ? proc->get() : -1);
  }
  (void)exec::allow_only(kCalls);
}

}  // namespace gatevisor::app
