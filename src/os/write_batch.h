// Many small writes to a file in one system call: io_submit(2), which takes a third of the time of
// so many pwrite(2). A file that is not opened with O_DIRECT has been written to when it comes back.
//
// Owns the kernel's context, which is made when it is needed first: all processes of a machine share
// what fs.aio-max-nr allows. Where there is none, it writes nothing, and says so.
#pragma once

#include <linux/aio_abi.h>

#include <array>
#include <cstddef>
#include <span>

#include "gatevisor/file_change.h"

namespace gatevisor::os {

class WriteBatch {
 public:
  static constexpr std::size_t kMost = 64;

  WriteBatch() = default;
  WriteBatch(const WriteBatch&) = delete;
  WriteBatch& operator=(const WriteBatch&) = delete;
  ~WriteBatch() { release(); }

  /// Gives the context back, until it is needed again.
  void release();

  /// Writes from the first change on, at most kMost of them; the order among them is not promised.
  /// How many of them are written, whole, from the first on: one that is not is to be tried with
  /// pwrite(2), which tells why.
  std::size_t write(int fd, std::span<const FileChange> changes);

 private:
  bool is_there();

  aio_context_t context_ = 0;
  bool refused_ = false;  ///< since the last release()
  std::array<iocb, kMost> calls_{};
  std::array<iocb*, kMost> pointers_{};
  std::array<io_event, kMost> events_{};
};

}  // namespace gatevisor::os
