#include "os/condition.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/stat.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <string_view>

#include "os/file.h"
#include "os/condition_machine.h"

namespace gatevisor::os {
namespace {

bool is_mount_point(const char* path) {
  struct statx info{};
  if (statx(AT_FDCWD, path, AT_NO_AUTOMOUNT, STATX_BASIC_STATS, &info) != 0) return false;
  // Linux 5.8; before that the kernel does not say.
  const bool known = (info.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT) != 0;
  return known && (info.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

bool has_entries(const char* path) {
  struct Close {
    void operator()(DIR* directory) const { closedir(directory); }
  };
  const std::unique_ptr<DIR, Close> directory(opendir(path));
  if (!directory) return false;
  while (const dirent* entry = readdir(directory.get())) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") return true;
  }
  return false;
}

/// NAME, or NAME=VALUE.
bool is_in_environment(const std::string& parameter) {
  const std::size_t equals = parameter.find('=');
  const char* value = std::getenv(parameter.substr(0, equals).c_str());
  if (value == nullptr) return false;
  return equals == std::string::npos || parameter.substr(equals + 1) == value;
}

bool holds(const Condition& condition) {
  const char* path = condition.parameter.c_str();
  struct stat info{};
  switch (condition.kind) {
    case Condition::Kind::PathExists: return access(path, F_OK) == 0;
    case Condition::Kind::PathExistsGlob: return !paths_matching(path).empty();
    case Condition::Kind::PathIsDirectory: return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
    case Condition::Kind::PathIsSymbolicLink:
      return lstat(path, &info) == 0 && S_ISLNK(info.st_mode);
    case Condition::Kind::PathIsMountPoint: return is_mount_point(path);
    case Condition::Kind::PathIsReadWrite: {
      struct statvfs system{};
      return statvfs(path, &system) == 0 && (system.f_flag & ST_RDONLY) == 0;
    }
    case Condition::Kind::DirectoryNotEmpty: return has_entries(path);
    case Condition::Kind::FileNotEmpty:
      return stat(path, &info) == 0 && S_ISREG(info.st_mode) && info.st_size > 0;
    case Condition::Kind::FileIsExecutable:
      return stat(path, &info) == 0 && S_ISREG(info.st_mode) && (info.st_mode & 0111) != 0;
    case Condition::Kind::Environment: return is_in_environment(condition.parameter);
    case Condition::Kind::Architecture:
    case Condition::Kind::KernelCommandLine:
    case Condition::Kind::KernelVersion:
    case Condition::Kind::OSRelease:
    case Condition::Kind::Host:
    case Condition::Kind::Virtualization:
    case Condition::Kind::Security:
    case Condition::Kind::Capability:
    case Condition::Kind::Memory:
    case Condition::Kind::CPUs:
    case Condition::Kind::CPUFeature:
    case Condition::Kind::User:
    case Condition::Kind::Group:
    case Condition::Kind::ControlGroupController:
    case Condition::Kind::ACPower:
    case Condition::Kind::FirstBoot:
    case Condition::Kind::NeedsUpdate:
    case Condition::Kind::Credential:
    case Condition::Kind::PathIsEncrypted:
    case Condition::Kind::Firmware:
    case Condition::Kind::MemoryPressure:
    case Condition::Kind::CPUPressure:
    case Condition::Kind::IOPressure: return machine_holds(condition);
  }
  return false;
}

}  // namespace

bool is_met(const Condition& condition) { return holds(condition) != condition.negate; }

}  // namespace gatevisor::os
