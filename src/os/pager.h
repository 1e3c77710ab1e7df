// Where text goes: standard output, or a pager in front of a terminal.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gatevisor/error.h"
#include "os/unique_fd.h"

namespace gatevisor::os {

/// Is standard output a terminal?
bool is_terminal();
/// Unset: nothing.
std::string environment(const char* name);

/// Standard output, in large writes.
class TextOut {
 public:
  TextOut() = default;
  TextOut(const TextOut&) = delete;
  TextOut& operator=(const TextOut&) = delete;
  /// Writes the rest, and waits for the pager to end.
  ~TextOut();

  /// Starts the first of the commands (each for `sh -c`) that is there; without one, goes on to
  /// standard output. The variables are set for it.
  void start_pager(const std::vector<std::string>& commands,
                   const std::vector<std::pair<std::string, std::string>>& variables);

  /// What is appended here is written when it is much, or by flush().
  std::string& text() { return text_; }
  /// False: nobody reads any more, or the disk is full.
  bool flush_if_much() { return text_.size() < kMuch || flush(); }
  bool flush();
  /// Why it could not be written, errno(3); 0: it could, or nobody wanted to read on.
  int error() const;

 private:
  static constexpr std::size_t kMuch = 64 << 10;
  std::string text_;
  UniqueFd pipe_;
  int pid_ = 0;
  int error_ = 0;
};

}  // namespace gatevisor::os
