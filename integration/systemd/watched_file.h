// What a comparison of orders needs of the system: files that grow, and a program that is stopped.
#pragma once

#include <string>
#include <vector>

namespace gatevisor::oracle {

/// Waits (inotify) until the file has `text`; false after 60 s.
bool wait_for_text(const std::string& path, const std::string& text);
/// A program, its standard error in a file.
class Child {
 public:
  Child(const std::vector<std::string>& words, const std::string& log);
  /// SIGTERM, and waits for its end; false after 60 s, when it is killed.
  bool stop();

 private:
  int pid_;
};

}  // namespace gatevisor::oracle
