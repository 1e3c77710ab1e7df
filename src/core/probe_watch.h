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

  /// The gateway runs: the first probe is due after one interval.
  void begin(Instant now);
  /// The gateway is on its way down: none is due any more. True where one is under way.
  bool end();

  Instant deadline() const;
  /// True once when a probe is to be sent; the time for its answer runs from here.
  bool take_due(Instant now);
  /// True once when the one under way has had LivenessProbeTimeoutSec=. It counts as failed.
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
  Finding answered(const ProbeResult& result);

  bool under_way() const { return timeout_at_ != Instant::max(); }
  bool has_served() const { return served_; }
  unsigned failures() const { return failures_; }

 private:
  const ProbeSettings* settings_;
  Instant due_at_ = Instant::max();
  Instant timeout_at_ = Instant::max();
  unsigned failures_ = 0;
  bool served_ = false;
  bool could_not_run_ = false;
};

}  // namespace gatevisor::core
