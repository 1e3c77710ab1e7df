// What the tests of assign() share.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "config/properties.h"

namespace gatevisor::config {

/// systemd's defaults, with these assignments one after the other; each has to be taken.
inline ServiceSettings with(std::initializer_list<std::string_view> assignments) {
  ServiceSettings settings;
  for (const std::string_view assignment : assignments) {
    const auto done = assign(settings, assignment);
    EXPECT_TRUE(done) << (done ? "" : to_string(done.error()));
  }
  return settings;
}

/// The whole line of the refusal; empty where the assignment is taken. A refusal may change
/// nothing.
inline std::string refusal(ServiceSettings settings, std::string_view assignment) {
  const ServiceSettings before = settings;
  const auto done = assign(settings, assignment);
  if (done) return {};
  EXPECT_EQ(settings, before) << assignment;
  return to_string(done.error());
}

inline std::string refusal(std::string_view assignment) {
  return refusal(ServiceSettings{}, assignment);
}

}  // namespace gatevisor::config
