// What a comparison of orders needs of the system: files that grow, and a program that is stopped.
#pragma once

#include <string>
#include <vector>

namespace gatevisor::oracle {

/// The whole file; empty where there is none.
std::string read_whole(const std::string& path);
/// Waits (inotify) until the file has `text`; false after 60 s.
bool wait_for_text(const std::string& path, const std::string& text);
/// A glob pattern.
bool matches(const std::string& pattern, const std::string& name);

/// A program, its standard error in a file.
class Child {
 public:
  Child(const std::vector<std::string>& words, const std::string& log);
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  /// SIGTERM, and waits for its end; false after 60 s, when it is killed.
  bool stop();

 private:
  int pid_;
  int pidfd_;
};

}  // namespace gatevisor::oracle
