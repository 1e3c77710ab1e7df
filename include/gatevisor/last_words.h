// The line with which a run-time says that it is out of memory (core/last_words.h).
#pragma once

#include <cstddef>
#include <string>

namespace gatevisor {

struct LastWords {
  static constexpr std::size_t kMostLine = 200;  ///< bytes

  std::string runtime;  ///< 'V8', 'JVM', 'Go', …
  std::string line;     ///< as it was written, cut at kMostLine; not printable by itself
  bool operator==(const LastWords&) const = default;
};

}  // namespace gatevisor
