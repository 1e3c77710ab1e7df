// What happens in directories: inotify(7).
#pragma once

#include <string>

#include "gatevisor/error.h"
#include "os/unique_fd.h"

namespace gatevisor::os {

class FileWatch {
 public:
  static Expected<FileWatch> make();

  /// Files written, made, renamed or removed in this directory.
  Expected<void> add_directory(const std::string& path);

  struct News {
    bool changed = false;  ///< at least one file was written
    bool names = false;    ///< files came, went or were renamed
    bool ended = false;    ///< standard output has no reader any more
  };
  /// Waits for something; all that has come is taken together.
  News wait();

 private:
  UniqueFd fd_;
};

}  // namespace gatevisor::os
