// A checked list of differences: each has a reason, and each reason a difference.
#pragma once

#include <string>
#include <vector>

namespace gatevisor::oracle {

/// A file of lines 'UNIT KEY: REASON'; both are patterns of fnmatch(3) with '!(a|b)' and its like.
/// '#' starts a comment line.
class Differences {
 public:
  /// Ends the program where a line is none.
  explicit Differences(std::string path);

  /// Whether a line explains it. The last one that matches counts: what is said of all units
  /// stands above what is said of one.
  bool explains(const std::string& unit, const std::string& key);

  /// Counts each line as passed where it explained something, and tells of each other.
  void count(unsigned& passed, unsigned& failed) const;

 private:
  struct Row {
    std::string unit;
    std::string key;
    bool seen = false;
  };
  std::string path_;
  std::vector<Row> rows_;
};

}  // namespace gatevisor::oracle
