#include "core/probe_watch.h"

#include <utility>

namespace gatevisor::core {

void ProbeWatch::begin(Instant now, bool at_once) {
  if (settings_->target) due_at_ = at_once ? now : after(now, settings_->interval);
}

bool ProbeWatch::end() {
  due_at_ = timeout_at_ = Instant::max();
  return std::exchange(under_way_, false);
}

Instant ProbeWatch::deadline() const { return under_way() ? timeout_at_ : due_at_; }

// From start to start it is one interval, however long the answer takes; but never two at once.
bool ProbeWatch::take_due(Instant now) {
  if (under_way_ || now < due_at_) return false;
  under_way_ = true;
  sent_at_ = now;
  const bool once = settings_->target->kind == ProbeTarget::Kind::Line;
  due_at_ = once ? Instant::max() : after(now, settings_->interval);
  timeout_at_ = once ? Instant::max() : after(now, settings_->timeout);
  return true;
}

bool ProbeWatch::take_timeout(Instant now) { return under_way_ && now >= timeout_at_; }

ProbeWatch::Finding ProbeWatch::answered(Instant now, const ProbeResult& result) {
  if (!under_way_) return {};
  under_way_ = false;
  if (result.outcome != ProbeOutcome::CannotRun && now < timeout_at_) latency_ = now - sent_at_;
  timeout_at_ = Instant::max();
  using Kind = Finding::Kind;
  const bool repeated = could_not_run_;
  could_not_run_ = result.outcome == ProbeOutcome::CannotRun;
  switch (result.outcome) {
    case ProbeOutcome::Serving: {
      const bool news = !served_ || failures_ > 0;
      served_ = true;
      failures_ = 0;
      return {news ? Kind::Serving : Kind::Nothing, 0, settings_->failures};
    }
    case ProbeOutcome::Failed: {
      const unsigned threshold = served_ ? settings_->failures : settings_->start_failures;
      ++failures_;
      Kind kind = served_ ? Kind::Failed : Kind::Nothing;
      if (threshold == 0) return {kind, failures_, threshold};
      if (failures_ == threshold) kind = Kind::TooMany;
      if (failures_ > threshold) kind = Kind::Nothing;  // it was told, and not ended for it
      return {kind, failures_, threshold};
    }
    case ProbeOutcome::CannotRun:
      return {repeated ? Kind::Nothing : Kind::CannotRun, failures_, settings_->failures};
  }
  return {};
}

}  // namespace gatevisor::core
