#include "differences.h"

#include <fnmatch.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <ranges>

namespace gatevisor::oracle {

// Most patterns are none, and fnmatch(3) is slow in an emulated machine.
bool matches(const std::string& pattern, const std::string& text) {
  if (pattern == "*") return true;
  if (pattern.find_first_of("*?[(\\") == std::string::npos) return pattern == text;
  return fnmatch(pattern.c_str(), text.c_str(), FNM_EXTMATCH) == 0;
}

Differences::Differences(std::string path) : path_(std::move(path)) {
  std::ifstream file(path_);
  if (!file) {
    std::fprintf(stderr, "%s: cannot be read\n", path_.c_str());
    std::exit(66);
  }
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    const std::size_t space = line.find(' ');
    const std::size_t colon = line.find(": ", space);
    if (colon == std::string::npos) {
      std::fprintf(stderr, "%s: 'UNIT KEY: REASON' expected: %s\n", path_.c_str(), line.c_str());
      std::exit(65);
    }
    rows_.push_back({line.substr(0, space), line.substr(space + 1, colon - space - 1)});
  }
}

bool Differences::explains(const std::string& unit, const std::string& key) {
  for (Row& row : rows_ | std::views::reverse) {
    if (!matches(row.unit, unit) || !matches(row.key, key)) continue;
    row.seen = true;
    return true;
  }
  return false;
}

int Differences::finish(bool everything, unsigned passed, unsigned failed) const {
  for (const Row& row : rows_) {
    if (!everything) break;
    ++(row.seen ? passed : failed);
    if (row.seen) continue;
    std::printf("FAILED %s: '%s %s' does not differ any more\n", path_.c_str(), row.unit.c_str(),
                row.key.c_str());
  }
  std::printf("%u passed, %u failed\n", passed, failed);
  return failed == 0 ? 0 : 1;
}

}  // namespace gatevisor::oracle
