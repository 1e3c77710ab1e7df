// The completions of bash and zsh: they name every command, and every long option of each.

#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>

namespace gatevisor::app {
namespace {

std::string output_of(const std::string& arguments) {
  std::string text;
  std::FILE* pipe = popen((GATEVISOR_PROGRAM " " + arguments).c_str(), "r");
  char bytes[4096];
  while (const std::size_t got = std::fread(bytes, 1, sizeof bytes, pipe)) text.append(bytes, got);
  EXPECT_EQ(pclose(pipe), 0) << arguments;
  return text;
}

std::string content_of(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::set<std::string> commands() {
  const std::string help = output_of("--help");
  std::istringstream lines(help.substr(help.find("ubcommands:")));
  std::set<std::string> names;
  for (std::string line; std::getline(lines, line);) {
    const std::size_t begin = line.find_first_not_of(' ');
    // Continued lines are further in.
    if (begin != 2 || line.size() < 3) continue;
    names.insert(line.substr(begin, line.find(' ', begin) - begin));
  }
  return names;
}

std::set<std::string> long_options(const std::string& help) {
  std::set<std::string> names;
  for (std::size_t at = 0; (at = help.find("--", at)) != std::string::npos;) {
    const std::size_t end = help.find_first_not_of("abcdefghijklmnopqrstuvwxyz-", at);
    if (end - at > 2) names.insert(help.substr(at, end - at));
    at = end;
  }
  return names;
}

class Completions : public ::testing::TestWithParam<const char*> {};

TEST_P(Completions, NameEveryCommandAndOption) {
  const std::string file = content_of(std::string(GATEVISOR_COMPLETIONS) + "/" + GetParam());
  ASSERT_FALSE(file.empty());
  const std::set<std::string> all = commands();
  EXPECT_GE(all.size(), 17u);
  for (const std::string& command : all) {
    EXPECT_NE(file.find(command), std::string::npos) << command;
    if (command == "log") continue;  // journalctl's, of which the most used are there
    for (const std::string& option : long_options(output_of(command + " --help"))) {
      EXPECT_NE(file.find(option), std::string::npos) << command << " " << option;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Files, Completions, ::testing::Values("gatevisor.bash", "_gatevisor"),
                         [](const auto& file) {
                           return std::string(file.index == 0 ? "Bash" : "Zsh");
                         });

}  // namespace
}  // namespace gatevisor::app
