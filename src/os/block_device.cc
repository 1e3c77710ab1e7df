#include "os/block_device.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <cerrno>

#include "os/file.h"

namespace gatevisor::os {
namespace {

/// A device on a device on a device: more is a loop.
constexpr int kMaxLayers = 8;

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

}  // namespace

Expected<std::string> find_block_device(const std::string& path) {
  struct stat info{};
  if (stat(path.c_str(), &info) != 0) return fail("stat", path, errno);
  const dev_t device = S_ISBLK(info.st_mode) ? info.st_rdev : info.st_dev;
  if (major(device) == 0) return fail("", path + " is on no block device", 0);
  std::string number = std::to_string(major(device)) + ":" + std::to_string(minor(device));
  for (int layer = 0; layer < kMaxLayers; ++layer) {
    const std::string folder = "/sys/dev/block/" + number;
    const auto slaves = names_at(AT_FDCWD, (folder + "/slaves").c_str());
    std::string below;
    if (slaves.size() == 1) {
      below = folder + "/slaves/" + slaves.front() + "/dev";
    } else if (exists_at(AT_FDCWD, (folder + "/partition").c_str())) {
      below = folder + "/../dev";
    } else {
      break;
    }
    const auto next = read_file(below);
    if (!next) break;
    number = first_line(*next);
  }
  return number;
}

}  // namespace gatevisor::os
