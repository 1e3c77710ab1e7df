// How an operation fails: a value, never an exception.
#pragma once

#include <expected>
#include <string>

namespace gatevisor {

/// An operation that the kernel (or the input) refused.
/// Reads as one line: 'open /sys/fs/cgroup/x/memory.max: No such file or directory'.
struct Error {
  std::string operation;  ///< the system call or step: 'open', 'mkdir', 'parse'
  std::string subject;    ///< what it was done to: a path, a setting, a user's name
  int code = 0;           ///< errno(3) value; 0 where the cause is no errno
  std::string advice;     ///< what to do about it; may be empty

  bool operator==(const Error&) const = default;
};

template <typename T>
using Expected = std::expected<T, Error>;

/// `return fail("open", path, errno);`
inline std::unexpected<Error> fail(std::string operation, std::string subject, int code,
                                   std::string advice = {}) {
  return std::unexpected(Error{std::move(operation), std::move(subject), code, std::move(advice)});
}

/// One line for a person, with the errno's name in words.
std::string to_string(const Error& error);

}  // namespace gatevisor
