#include "core/flight_recorder.h"

#include <algorithm>
#include <utility>

namespace gatevisor::core {

void FlightRecorder::begin(Instant now) {
  if (every_ == Duration{0} || due_at_ != Instant::max()) return;
  began_ = looked_at_ = now;
  tight_until_ = Instant{};
  due_at_ = now + std::min(kFirst, every_);
}

void FlightRecorder::tight(Instant now) {
  if (due_at_ == Instant::max()) return;
  tight_until_ = now + kTightFor;
  due_at_ = std::min(due_at_, std::max(now, looked_at_ + kTight));
}

bool FlightRecorder::take_due(Instant now) {
  if (now < due_at_) return false;
  // As old again as it is now, so that a short life has its curve too.
  const Duration calm = std::clamp(std::chrono::duration_cast<Duration>(now - began_),
                                   std::min(kFirst, every_), every_);
  looked_at_ = now;
  due_at_ = now + (now < tight_until_ ? std::min(kTight, every_) : calm);
  return true;
}

void FlightRecorder::add(Instant now, Sample sample) {
  if (due_at_ == Instant::max()) return;
  sample.age = std::chrono::duration_cast<Duration>(now - began_);
  const auto fresh = std::ranges::find_if(
      samples_, [&](const Sample& each) { return sample.age - each.age <= kSpan; });
  samples_.erase(samples_.begin(), fresh);
  if (samples_.size() >= kMost) thin_out();
  samples_.push_back(std::move(sample));
}

void FlightRecorder::thin_out() {
  std::size_t kept = 0;
  for (std::size_t i = 0; i < samples_.size(); ++i) {
    if (i < kMost / 2 && i % 2 == 1) continue;
    if (kept != i) samples_[kept] = std::move(samples_[i]);
    ++kept;
  }
  samples_.resize(kept);
}

std::vector<Sample> FlightRecorder::take() {
  due_at_ = Instant::max();
  return std::exchange(samples_, {});
}

}  // namespace gatevisor::core
