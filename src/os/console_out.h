// gatevisor's own lines to its standard error, without ever waiting for a reader.
//
// Owns a bounded buffer of lines that the reader has not taken yet. Never blocks, never grows past
// kBufferSize: what does not fit is dropped and counted, and the count is told when there is room.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "os/unique_fd.h"

namespace gatevisor::os {

class ConsoleOut {
 public:
  static constexpr std::size_t kBufferSize = std::size_t{64} << 10;

  /// `fd` stays the caller's (2). The gateway writes to the same open file: O_NONBLOCK would be
  /// its too, so a pipe or terminal is opened anew where that is possible. A regular file is not:
  /// two offsets in one file would write over each other.
  explicit ConsoleOut(int fd);

  /// `line` ends with a newline.
  void write(std::string_view line);
  /// Tries again what is waiting. To be called when the descriptor is writable.
  void flush();
  /// What of `text` is taken now, from its start; none while lines wait. Nothing is kept or dropped.
  std::size_t offer(std::string_view text);
  bool pending() const { return !buffer_.empty(); }
  int fd() const { return own_ ? own_.get() : fd_; }

 private:
  enum class Kind : std::uint8_t { Reopened, Socket, File, Borrowed };

  /// What was taken; 0 when nothing can be now.
  std::size_t put(std::string_view text);

  int fd_;
  UniqueFd own_;
  Kind kind_ = Kind::Borrowed;
  std::string buffer_;
  std::uint64_t dropped_ = 0;
};

}  // namespace gatevisor::os
