// When the gateway is probed, and how many failures are too many.
//
// Watches one invocation. Owns no descriptor and reads no clock; its user asks and acts.
#pragma once

#include <optional>
#include <string>

#include "gatevisor/probe.h"

namespace gatevisor::core {

class ProbeWatch {
 public:
  /// `settings` must outlive the watch.
  explicit ProbeWatch(const ProbeSettings& settings) : settings_(&settings) {}

  /// The gateway runs: the first probe is due after one interval, or `at_once`.
  void begin(Instant now, bool at_once = false);
  /// The gateway is on its way down: none is due any more. True where one is under way.
  bool end();

  Instant deadline() const;
  /// True once when a probe is to be sent; the time for its answer runs from here.
  bool take_due(Instant now);
  /// True once when the one under way has had LivenessProbeTimeoutSec=. It counts as failed. A line
  /// of output is waited for as long as it takes, and asked for once.
  bool take_timeout(Instant now);

  /// What one result means.
  struct Finding {
    enum class Kind : std::uint8_t {
      Nothing,    ///< as before, or not worth telling
      Serving,    ///< for the first time, or again
      Failed,     ///< it had served
      TooMany,    ///< it is to be ended
      CannotRun,  ///< for the first time in a row; never counted
    };
    Kind kind = Kind::Nothing;
    unsigned failures = 0;   ///< in a row
    unsigned threshold = 0;  ///< at which it is ended
  };
  /// Nothing where no probe is under way: it came too late.
  Finding answered(Instant now, const ProbeResult& result);

  bool under_way() const { return under_way_; }
  bool has_served() const { return served_; }
  unsigned failures() const { return failures_; }
  /// It has served, and has not failed too often since.
  bool serves() const { return served_ && (failures_ == 0 || failures_ < settings_->failures); }
  /// From the last probe that was answered to its answer; nullopt: none was.
  std::optional<Duration> latency() const { return latency_; }

 private:
  const ProbeSettings* settings_;
  Instant due_at_ = Instant::max();
  Instant timeout_at_ = Instant::max();
  Instant sent_at_{};
  std::optional<Duration> latency_;
  unsigned failures_ = 0;
  bool under_way_ = false;
  bool served_ = false;
  bool could_not_run_ = false;
};

}  // namespace gatevisor::core
