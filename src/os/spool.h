// A pipe's bytes on their way to somewhere else, in a file that outlives who moves them.
//
// Reading a pipe takes the bytes out of it: who reads and is killed takes them along. splice(2) moves
// them to a file instead, and moves the file's offset by as much in the same step, which a signal
// does not divide. The offset is that of the open file, which several processes share: it is always
// how many bytes were ever moved.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "gatevisor/error.h"
#include "os/unique_fd.h"

namespace gatevisor::os {

class Spool {
 public:
  Spool() = default;
  /// One that another process has made.
  explicit Spool(UniqueFd fd) : fd_(std::move(fd)) {}
  /// In memory; where memfd_create(2) is refused, a file without a name in `directory`.
  static Expected<Spool> make(const std::string& directory);

  int fd() const { return fd_.get(); }
  explicit operator bool() const { return static_cast<bool>(fd_); }
  void close() { fd_.reset(); }

  /// Moves at most `most` bytes out of a pipe. 0: all of its writers are gone. nullopt: it is empty
  /// now. Never blocks. An error (ENOSPC, ENOMEM) leaves the bytes in the pipe.
  Expected<std::optional<std::size_t>> take(int pipe, std::size_t most);

  /// How many bytes were ever moved.
  Expected<std::uint64_t> end() const;
  /// Bytes from `offset` on: as many as there are and fit.
  Expected<std::size_t> read(std::uint64_t offset, std::span<char> bytes) const;
  /// What is before `offset` is needed no more.
  void forget(std::uint64_t offset);

 private:
  UniqueFd fd_;
  std::uint64_t forgotten_ = 0;
};

/// A pipe for a process's output.
struct OutputPipe {
  UniqueFd read;   ///< non-blocking
  UniqueFd write;  ///< blocking
};
/// Both ends close-on-exec; with room for `size` bytes where that is allowed. `owner`: may open it
/// anew, by /dev/stdout.
Expected<OutputPipe> make_output_pipe(int size, std::optional<unsigned> owner);

}  // namespace gatevisor::os
