// The manual pages: gatevisor(1) names every setting, and no other; gatevisor.service(5) has every
// directive with its fate.

#include "config/manual.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "config/directives.h"
#include "config/properties.h"

namespace gatevisor::app {
namespace {

std::string manual(const char* path = GATEVISOR_MANUAL) {
  std::ifstream file(path);
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

/// What stands between two headings.
std::string part_of(const std::string& text, const std::string& start, const std::string& end) {
  const std::size_t at = text.find(start);
  if (at == std::string::npos) return "";
  return text.substr(at, text.find(end, at + start.size()) - at);
}

TEST(ServiceManual, HasEveryDirectiveUnderItsFate) {
  const std::string text = manual(GATEVISOR_SERVICE_MANUAL);
  const auto heading = [](config::Fate fate) -> std::string {
    switch (fate) {
      case config::Fate::Done: return ".Ss Done\n";
      case config::Fate::Refused: return ".Ss Refused\n";
      case config::Fate::NotYet: return ".Ss Not done yet\n";
      case config::Fate::Ignored: return ".Ss Ignored\n";
    }
    return "";
  };
  std::size_t count = 0;
  for (const auto& [section, title] :
       {std::pair("Unit", "UNIT"), std::pair("Service", "SERVICE"), std::pair("Install", "INSTALL"),
        std::pair("X-Gatevisor", "X-GATEVISOR")}) {
    const std::string here =
        part_of(text, ".Sh THE " + std::string(title) + " SECTION\n", "\n.Sh ");
    ASSERT_FALSE(here.empty()) << title;
    for (const config::Directive& directive : config::directives(section)) {
      const bool ours = std::string_view(section) == "X-Gatevisor";
      const std::string list = ours ? here : part_of(here, heading(directive.fate), "\n.Ss ");
      EXPECT_NE(list.find("Va " + std::string(directive.name) + "="), std::string::npos)
          << directive.name;
      EXPECT_NE(list.find(directive.reason), std::string::npos) << directive.name;
      ++count;
    }
  }
  EXPECT_GT(count, 350u);
}

TEST(ServiceManual, TemplateHasToAskForEveryList) {
  const auto missing = config::service_manual("@directives Install ignored@\n");
  ASSERT_FALSE(missing);
  EXPECT_NE(missing.error().find("of [Unit], which is done"), std::string::npos);
  const auto unknown = config::service_manual("@directives Install refused@\n");
  ASSERT_FALSE(unknown);
  EXPECT_NE(unknown.error().find("there is no such list"), std::string::npos);
}

}  // namespace
}  // namespace gatevisor::app
