// Thousands of random lives, each decided by its seed.
//
// GATEVISOR_SIM_SEED=n replays one seed and prints its trace; GATEVISOR_SIM_SEEDS=n sets how many.

#include "simulation/simulation.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>

namespace gatevisor::core {
namespace {

#if defined(__SANITIZE_ADDRESS__)
constexpr std::uint64_t kSeeds = 2000;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
constexpr std::uint64_t kSeeds = 2000;
#else
constexpr std::uint64_t kSeeds = 20'000;
#endif
#else
constexpr std::uint64_t kSeeds = 20'000;
#endif

std::optional<std::uint64_t> number_from(const char* variable) {
  const char* text = std::getenv(variable);
  if (text == nullptr || *text == '\0') return std::nullopt;
  return std::strtoull(text, nullptr, 10);
}

void report(std::uint64_t seed, const std::string& failure) {
  ADD_FAILURE() << "seed " << seed << ": " << failure << "\nreplay: GATEVISOR_SIM_SEED=" << seed
                << "\n"
                << Simulation(seed, true).run().trace;
}

TEST(Simulation, HoldsForEverySeed) {
  if (const auto seed = number_from("GATEVISOR_SIM_SEED")) {
    const Outcome outcome = Simulation(*seed, true).run();
    std::cout << outcome.trace;
    EXPECT_EQ(outcome.failure.value_or(""), "") << "seed " << *seed;
    return;
  }
  const std::uint64_t seeds = number_from("GATEVISOR_SIM_SEEDS").value_or(kSeeds);
  Statistics all;
  int failures = 0;
  for (std::uint64_t seed = 1; seed <= seeds && failures < 3; ++seed) {
    const Outcome outcome = Simulation(seed, false).run();
    all.add(outcome.statistics);
    if (outcome.failure) {
      report(seed, *outcome.failure);
      ++failures;
    }
  }
  std::cout << seeds << " seeds, " << all.steps << " steps, " << all.spawns << " spawns, "
            << all.stops << " bounded stops, " << all.left_behind << " left behind; " << all.judged
            << " verdicts right, " << all.ambiguous << " deaths of which nobody could tell\n";
  for (const Cause cause : kAllCauses) {
    const std::uint64_t deaths = all.deaths[static_cast<std::size_t>(cause)];
    std::cout << "  " << to_string(cause) << ": " << deaths << "\n";
    EXPECT_TRUE(deaths > 0 || seeds < 500) << to_string(cause) << " never happened";
  }
  // A truth that is ambiguous proves nothing: it has to be the exception.
  EXPECT_LT(all.ambiguous * 20, all.judged + 20);
}

TEST(Simulation, IsDecidedByItsSeedAlone) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    EXPECT_EQ(Simulation(seed, true).run().trace, Simulation(seed, true).run().trace);
  }
}

}  // namespace
}  // namespace gatevisor::core
