#include "os/clock.h"

#include <cstdio>
#include <ctime>

namespace gatevisor::os {
namespace {

Duration read(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return std::chrono::duration_cast<Duration>(std::chrono::seconds{time.tv_sec} +
                                              std::chrono::nanoseconds{time.tv_nsec});
}

}  // namespace

Instant now() { return Instant{read(CLOCK_BOOTTIME)}; }

std::string wall_time(Instant instant) {
  const Duration offset = read(CLOCK_REALTIME) - read(CLOCK_BOOTTIME);
  const Duration wall = instant.time_since_epoch() + offset;
  const time_t seconds = static_cast<time_t>(wall.count() / 1'000'000);
  tm parts{};
  gmtime_r(&seconds, &parts);
  char text[48];
  const std::size_t length = strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
  snprintf(text + length, sizeof text - length, ".%06dZ",
           static_cast<int>(wall.count() % 1'000'000));
  return text;
}

JournalTimes journal_times() {
  return {static_cast<std::uint64_t>(read(CLOCK_REALTIME).count()),
          static_cast<std::uint64_t>(read(CLOCK_MONOTONIC).count())};
}

}  // namespace gatevisor::os
