// The manual pages: gatevisor(1) names every setting, and no other; gatevisor-log(1) every option;
// gatevisor.service(5) has every directive with its fate.

#include "config/manual.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>

#include "app/log_options.h"
#include "config/directives.h"
#include "config/properties.h"
#include "core/advice.h"

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

/// '--since', '--unit', ... in a text where every one begins with two dashes and small letters.
std::set<std::string> long_options(std::string text, const std::string& dashes) {
  std::set<std::string> names;
  for (std::size_t at = 0; (at = text.find(dashes, at)) != text.npos;) {
    at += dashes.size();
    const std::size_t end = text.find_first_not_of("abcdefghijklmnopqrstuvwxyz-", at);
    if (end > at) names.insert(text.substr(at, end - at));
  }
  return names;
}

TEST(Manual, NamesEveryOptionOfLog) {
  const auto told = long_options(manual(GATEVISOR_LOG_MANUAL), "Fl Fl ");
  for (const std::string& name : long_options(kLogHelp, "--")) {
    EXPECT_TRUE(told.contains(name)) << name;
  }
  // And each one is one.
  for (const std::string& name : told) {
    std::string program = "log";
    std::string option = "--" + name;
    char* argv[] = {program.data(), option.data(), nullptr};
    const auto parsed = parse_log_options(2, argv);
    const auto* refusal = std::get_if<LogRefusal>(&parsed);
    EXPECT_TRUE(refusal == nullptr || !refusal->complaint.contains("no such option")) << name;
  }
}

std::string output_of(const std::string& command) {
  std::string text;
  std::FILE* pipe = popen(command.c_str(), "r");
  char bytes[4096];
  while (const std::size_t got = std::fread(bytes, 1, sizeof bytes, pipe)) text.append(bytes, got);
  EXPECT_EQ(pclose(pipe), 0) << command;
  return text;
}

TEST(Manual, NamesEveryOptionOfWhyAndHistory) {
  const std::string text = manual(GATEVISOR_WHY_MANUAL);
  const auto told = long_options(text, "Fl Fl ");
  std::set<std::string> known = {"journal-dir", "list-invocations"};  // of run and log
  for (const char* command : {"why", "history"}) {
    for (const std::string& name :
         long_options(output_of(GATEVISOR_PROGRAM " " + std::string(command) + " --help"), "--")) {
      known.insert(name);
      EXPECT_TRUE(name == "help" || told.contains(name)) << name;
    }
  }
  for (const std::string& name : told) EXPECT_TRUE(known.contains(name)) << name;
}

TEST(Manual, NamesEveryOptionOfWhatAsksAGatevisor) {
  const auto told = long_options(manual(GATEVISOR_STATUS_MANUAL), "Fl Fl ");
  std::set<std::string> known = {"journal-dir", "keep-running", "log-format", "control-group"};  // of run
  for (const char* command : {"start", "stop", "restart", "reload", "kill", "reset-failed", "status",
                              "is-active", "healthcheck", "events", "metrics", "exporter"}) {
    for (const std::string& name :
         long_options(output_of(GATEVISOR_PROGRAM " " + std::string(command) + " --help"), "--")) {
      known.insert(name);
      EXPECT_TRUE(name == "help" || told.contains(name)) << command << " " << name;
    }
  }
  for (const std::string& name : told) EXPECT_TRUE(known.contains(name)) << name;
}

TEST(Manual, NamesEveryCauseUnderItsClass) {
  const std::string text = manual(GATEVISOR_WHY_MANUAL);
  for (const Cause cause : kAllCauses) {
    const std::string start = ".It " + std::string(to_string(core::death_class(cause))) + "\n";
    const std::size_t at = text.find(start);
    ASSERT_NE(at, text.npos) << start;
    const std::string line = text.substr(at + start.size(), text.find("\n.", at + 1) - at);
    EXPECT_NE(line.find(to_string(cause)), line.npos) << to_string(cause);
  }
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
