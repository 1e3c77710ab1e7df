// Everything that is left to chance in the simulation, drawn from one seed.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <random>

#include "gatevisor/time.h"

namespace gatevisor::core {

/// Draws the same on every machine and compiler: the distributions of <random> do not.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : random_(seed) {}

  std::uint64_t below(std::uint64_t bound) { return bound == 0 ? 0 : random_() % bound; }
  bool chance(unsigned percent) { return below(100) < percent; }

  /// From `least` to `most`, both included.
  Duration span(Duration least, Duration most) {
    return least + Duration(static_cast<Duration::rep>(
                       below(static_cast<std::uint64_t>((most - least).count()) + 1)));
  }

  template <typename T>
  T pick(std::initializer_list<T> choices) {
    return *(choices.begin() + static_cast<std::ptrdiff_t>(below(choices.size())));
  }

 private:
  std::mt19937_64 random_;
};

}  // namespace gatevisor::core
