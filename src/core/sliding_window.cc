#include "core/sliding_window.h"

#include <algorithm>

namespace gatevisor::core {

unsigned SlidingWindow::add(Instant now) {
  prune(now);
  if (moments_.size() == kCapacity) moments_.pop_front();
  moments_.push_back(now);
  return static_cast<unsigned>(moments_.size());
}

unsigned SlidingWindow::count(Instant at) const {
  return static_cast<unsigned>(
      std::ranges::count_if(moments_, [&](Instant moment) { return at - moment <= interval_; }));
}

void SlidingWindow::prune(Instant now) {
  while (!moments_.empty() && now - moments_.front() > interval_) moments_.pop_front();
}

}  // namespace gatevisor::core
