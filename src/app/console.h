// gatevisor's own records on its standard error.
//
// Owns the logger (spdlog, synchronous) over os::ConsoleOut, which never waits for a reader.
#pragma once

#include <memory>
#include <string>

#include "gatevisor/record.h"

namespace gatevisor::os {
class ConsoleOut;
}

namespace gatevisor::app {

enum class LogFormat : std::uint8_t { Text, Json };

class Console {
 public:
  /// `out` must outlive the console.
  Console(os::ConsoleOut& out, LogFormat format);
  ~Console();
  Console(const Console&) = delete;
  Console& operator=(const Console&) = delete;

  /// `unit`: the name of the one that it is about. What is for the journal alone is left out.
  void emit(const Record& record, const std::string& unit, Instant now);

 private:
  struct Logger;
  std::unique_ptr<Logger> logger_;
  LogFormat format_;
};

}  // namespace gatevisor::app
