// The manual page names every setting, and no other.

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "config/properties.h"

namespace gatevisor::app {
namespace {

std::string manual() {
  std::ifstream file(GATEVISOR_MANUAL);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(Manual, NamesEverySetting) {
  const std::string text = manual();
  ASSERT_FALSE(text.empty());
  std::size_t count = 0;
  for (const config::Property& property : config::properties()) {
    const std::string entry =
        ".It Va " + std::string(property.name) + (property.ours ? "* Ns =" : "=");
    EXPECT_NE(text.find(entry), std::string::npos) << property.name;
    ++count;
  }
  std::size_t entries = 0;
  for (std::size_t at = text.find(".It Va "); at != std::string::npos;
       at = text.find(".It Va ", at + 1)) {
    ++entries;
  }
  EXPECT_EQ(entries, count);
}

}  // namespace
}  // namespace gatevisor::app
