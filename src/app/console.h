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
  Console(os::ConsoleOut& out, LogFormat format, std::string unit);
  ~Console();
  Console(const Console&) = delete;
  Console& operator=(const Console&) = delete;

  void emit(const Record& record, Instant now);

 private:
  struct Logger;
  std::unique_ptr<Logger> logger_;
  LogFormat format_;
  std::string unit_;
};

}  // namespace gatevisor::app
