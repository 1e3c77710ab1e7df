// How a service's output is shown, where it goes to a journal.
#pragma once

#include <cstdint>

namespace gatevisor {

enum class ConsoleMode : std::uint8_t {
  Pass,    ///< the bytes as they come
  Prefix,  ///< each line with its time and unit
  Json,    ///< each line as an object
  None
};

}  // namespace gatevisor
