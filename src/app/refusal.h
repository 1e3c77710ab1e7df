// Why gatevisor ends before it has begun.
#pragma once

#include "gatevisor/error.h"

namespace gatevisor::app {

struct Refusal {
  Error error;
  int status;  ///< gatevisor's own (exit_code.h)
};

template <typename T>
using OrRefusal = std::expected<T, Refusal>;

inline std::unexpected<Refusal> refuse(Error error, int status) {
  return std::unexpected(Refusal{std::move(error), status});
}

}  // namespace gatevisor::app
