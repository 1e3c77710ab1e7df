// The columns of a flight record in JSON: one row a look, oldest first, null for what was not known.
//
// Beside them is `biggest`, a list of [pid, name, bytes].
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "gatevisor/sample.h"

namespace gatevisor::protocol {

struct FlightColumn {
  using Value = std::optional<std::uint64_t>;
  const char* name;
  Value (*get)(const Sample&);
  void (*set)(Sample&, std::uint64_t);
};

namespace flight {

inline std::uint64_t usec(Duration span) { return static_cast<std::uint64_t>(span.count()); }
inline Duration span(std::uint64_t usec) { return Duration{static_cast<std::int64_t>(usec)}; }

template <FlightColumn::Value Sample::* member>
constexpr FlightColumn column(const char* name) {
  return {name, [](const Sample& sample) { return sample.*member; },
          [](Sample& sample, std::uint64_t value) { sample.*member = value; }};
}

template <std::optional<Duration> Sample::* member>
constexpr FlightColumn span_column(const char* name) {
  return {name,
          [](const Sample& sample) -> FlightColumn::Value {
            if (!(sample.*member)) return std::nullopt;
            return usec(*(sample.*member));
          },
          [](Sample& sample, std::uint64_t value) { sample.*member = span(value); }};
}

}  // namespace flight

inline constexpr const char* kBiggest = "biggest";

inline constexpr std::array<FlightColumn, 11> kFlightColumns = {
    FlightColumn{"age_usec",
                 [](const Sample& sample) -> FlightColumn::Value {
                   return flight::usec(sample.age);
                 },
                 [](Sample& sample, std::uint64_t value) { sample.age = flight::span(value); }},
    flight::column<&Sample::current>("current"),
    flight::column<&Sample::anonymous>("anon"),
    flight::column<&Sample::file>("file"),
    flight::column<&Sample::kernel>("kernel"),
    flight::column<&Sample::socket>("sock"),
    flight::column<&Sample::swap>("swap"),
    FlightColumn{"resident",
                 [](const Sample& sample) -> FlightColumn::Value { return sample.resident; },
                 [](Sample& sample, std::uint64_t value) { sample.resident = value; }},
    flight::column<&Sample::tasks>("tasks"),
    flight::span_column<&Sample::cpu>("cpu_usec"),
    flight::span_column<&Sample::stalled>("stalled_usec"),
};

}  // namespace gatevisor::protocol
