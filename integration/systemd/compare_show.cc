// Asks systemctl and gatevisor for the properties of the same units, and compares what they show.
//
// Usage: compare-show UNITS DIFFERENCES [PATTERN]
// UNITS: a file with a unit's name a line. Runs as a service of the systemd that it asks: what a
// unit leaves open is for both what that service has. A property that only one of them knows is
// empty for the other. Differences are explained as in compare.cc; the last line is 'N passed, N
// failed': a case is a unit, or a line of DIFFERENCES.


#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "differences.h"

namespace gatevisor::oracle {
namespace {

/// By name; a line each where it has several.
using Properties = std::map<std::string, std::string>;

std::string output_of(const std::string& command) {
  std::string output;
  std::FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return output;
  char bytes[65536];
  while (const std::size_t got = std::fread(bytes, 1, sizeof bytes, pipe)) {
    output.append(bytes, got);
  }
  pclose(pipe);
  return output;
}

/// Of a command, only what systemd says of it before it has run.
std::string without_run(const std::string& value) {
  return value.substr(0, value.find(" ; start_time="));
}

/// Of a long value, what is about the first byte in which it is not the other one.
std::string cut(const std::string& value, const std::string& other) {
  constexpr std::size_t kShown = 200;
  std::size_t same = 0;
  while (same < value.size() && same < other.size() && value[same] == other[same]) ++same;
  const std::size_t start = same < kShown / 2 ? 0 : same - kShown / 2;
  return (start > 0 ? "..." : "") + value.substr(start, kShown);
}

/// By Id=; the units are parted by an empty line.
std::map<std::string, Properties> parse(const std::string& text) {
  std::map<std::string, Properties> units;
  Properties unit;
  const auto finish = [&] {
    if (unit.contains("Id")) units[unit["Id"]] = unit;
    unit.clear();
  };
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string line = text.substr(at, end - at);
    at = end + 1;
    if (line.empty()) {
      finish();
      continue;
    }
    const std::size_t equals = line.find('=');
    if (equals == std::string::npos) continue;
    const std::string name = line.substr(0, equals);
    const std::string value = without_run(line.substr(equals + 1));
    std::string& all = unit[name];
    all += (all.empty() ? "" : " | ") + value;
  }
  finish();
  return units;
}

class Stopwatch {
 public:
  /// Seconds since the last one.
  long lap() {
    const auto now = std::chrono::steady_clock::now();
    const auto span = now - std::exchange(start_, now);
    return static_cast<long>(std::chrono::duration_cast<std::chrono::seconds>(span).count());
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

/// systemd keeps some lists in no order, and shows them in another one each time.
std::string in_order(const std::string& property, const std::string& value) {
  if (property != "Upholds") return value;
  std::istringstream text(value);
  std::vector<std::string> words;
  for (std::string word; text >> word;) words.push_back(std::move(word));
  std::ranges::sort(words);
  std::string sorted;
  for (const std::string& word : words) sorted += word + " ";
  return sorted;
}

int compare(const std::string& list, const std::string& table, const std::string& pattern) {
  Differences rows(table);
  std::vector<std::string> names;
  std::string words;
  std::ifstream file(list);
  for (std::string name; std::getline(file, name);) {
    if (!matches(pattern, name.substr(0, name.rfind('.')))) continue;
    names.push_back(name);
    words += " '" + name + "'";
  }
  if (names.empty()) {
    if (pattern == "*") std::printf("FAILED %s: no units\n0 passed, 1 failed\n", list.c_str());
    return pattern == "*" ? 1 : 0;
  }
  Stopwatch watch;
  const auto gatevisor = parse(output_of("/t/gatevisor show --all" + words));
  const long our_time = watch.lap();
  std::string wanted;
  if (!gatevisor.empty()) {
    for (const auto& [name, value] : gatevisor.begin()->second) {
      wanted += (wanted.empty() ? "" : ",") + name;
    }
  }
  const auto systemd = parse(output_of("/usr/bin/systemctl show -p " + wanted + words));
  const long their_time = watch.lap();
  unsigned passed = 0;
  unsigned failed = 0;
  unsigned properties = 0;
  for (const std::string& name : names) {
    const auto one = systemd.find(name);
    const auto other = gatevisor.find(name);
    bool same = one != systemd.end() && other != gatevisor.end();
    if (!same) {
      std::printf("FAILED %s: not shown by %s\n", name.c_str(),
                  one == systemd.end() ? "systemctl" : "gatevisor");
    } else {
      const std::string stem = name.substr(0, name.rfind('.'));
      for (const auto& [property, value] : other->second) {
        const auto found = one->second.find(property);
        const std::string theirs = found == one->second.end() ? "" : found->second;
        ++properties;
        if (in_order(property, theirs) == in_order(property, value) || rows.explains(stem, property)) continue;
        same = false;
        std::printf("FAILED %s %s: systemd '%s', gatevisor '%s'\n", stem.c_str(), property.c_str(),
                    cut(theirs, value).c_str(), cut(value, theirs).c_str());
      }
    }
    ++(same ? passed : failed);
  }
  std::printf(
      "%zu units shown, %u properties: %ld s by systemctl, %ld s by gatevisor, %ld s to compare\n",
      names.size(), properties, their_time, our_time, watch.lap());
  return rows.finish(pattern == "*", passed, failed);
}

}  // namespace
}  // namespace gatevisor::oracle

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: compare-show UNITS DIFFERENCES [PATTERN]\n");
    return 64;
  }
  return gatevisor::oracle::compare(argv[1], argv[2], argc > 3 ? argv[3] : "*");
}
