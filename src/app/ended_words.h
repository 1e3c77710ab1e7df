// What outputs that have ended said at last, until somebody asks: their death is known later than
// their end.
#pragma once

#include <algorithm>
#include <deque>
#include <optional>
#include <string>

#include "gatevisor/last_words.h"

namespace gatevisor::app {

class EndedWords {
 public:
  static constexpr std::size_t kMost = 16;

  void put(const std::string& invocation, LastWords words) {
    if (ended_.size() == kMost) ended_.pop_back();
    ended_.push_front({invocation, std::move(words)});
  }
  std::optional<LastWords> of(const std::string& invocation) const {
    const auto said = std::ranges::find(ended_, invocation, &Ended::invocation);
    return said == ended_.end() ? std::nullopt : std::optional(said->words);
  }

 private:
  struct Ended {
    std::string invocation;
    LastWords words;
  };
  std::deque<Ended> ended_;  ///< the last one first
};

}  // namespace gatevisor::app
