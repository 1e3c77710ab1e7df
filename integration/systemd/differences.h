// A checked list of differences: each has a reason, and each reason a difference.
#pragma once

#include <string>
#include <vector>

namespace gatevisor::oracle {

/// A pattern of fnmatch(3), with '!(a|b)' and its like.
bool matches(const std::string& pattern, const std::string& text);

/// A file of lines 'UNIT KEY: REASON'; both are patterns of fnmatch(3) with '!(a|b)' and its like.
/// '#' starts a comment line.
class Differences {
 public:
  /// Ends the program where a line is none.
  explicit Differences(std::string path);

  /// Whether a line explains it. The last one that matches counts: what is said of all units
  /// stands above what is said of one.
  bool explains(const std::string& unit, const std::string& key);

  /// The last line, 'N passed, N failed', and the exit status. Where everything was compared, each
  /// line of the file is a case too: passed where it explained something; each other is told.
  int finish(bool everything, unsigned passed, unsigned failed) const;

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
