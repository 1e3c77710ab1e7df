// The flight recorder: when the gateway's memory is looked at, and what is kept of it.
//
// Seldom while nothing happens, often in the first moments and while memory is tight. Bounded: of
// what is older than kSpan nothing is kept, and where there is too much, every second look of the
// older half goes. Owns no descriptor and reads no clock; its user looks.
#pragma once

#include <cstdint>
#include <vector>

#include "gatevisor/sample.h"

namespace gatevisor::core {

class FlightRecorder {
 public:
  static constexpr std::size_t kMost = 160;
  static constexpr Duration kSpan = std::chrono::minutes{15};
  static constexpr Duration kFirst = std::chrono::seconds{1};  ///< then at twice that age, and so on
  static constexpr Duration kTight = std::chrono::milliseconds{250};
  static constexpr Duration kTightFor = std::chrono::seconds{10};  ///< after the last sign of it

  /// `every`: MemorySampleSec=; 0: never.
  explicit FlightRecorder(Duration every) : every_(every) {}

  /// The gateway's process is there. Nothing where it began already.
  void begin(Instant now);
  /// memory.events or memory.pressure say that it gets tight.
  void tight(Instant now);
  /// True when a look is due; the next one is planned.
  bool take_due(Instant now);
  /// `sample.age` is set here.
  void add(Instant now, Sample sample);
  /// The gateway is dead: what was seen, oldest first. Nothing is due any more.
  std::vector<Sample> take();

  Instant deadline() const { return due_at_; }

 private:
  void thin_out();

  Duration every_;
  Instant due_at_ = Instant::max();
  Instant began_{};
  Instant looked_at_{};
  Instant tight_until_{};
  std::vector<Sample> samples_;
};

}  // namespace gatevisor::core
