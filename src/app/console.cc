#include "app/console.h"

#include <spdlog/details/null_mutex.h>
#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>

#include "app/record_text.h"
#include "os/clock.h"
#include "os/console_out.h"
#include "protocol/record_json.h"

namespace gatevisor::app {
namespace {

class Sink final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 public:
  explicit Sink(os::ConsoleOut& out) : out_(out) {}

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t text;
    formatter_->format(message, text);
    out_.write({text.data(), text.size()});
  }
  void flush_() override { out_.flush(); }

  os::ConsoleOut& out_;
};

spdlog::level::level_enum spdlog_level(Level level) {
  switch (level) {
    case Level::Debug: return spdlog::level::debug;
    case Level::Info:
    case Level::Notice: return spdlog::level::info;
    case Level::Warning: return spdlog::level::warn;
    case Level::Error: return spdlog::level::err;
    case Level::Critical: return spdlog::level::critical;
  }
  return spdlog::level::info;
}

}  // namespace

struct Console::Logger {
  explicit Logger(os::ConsoleOut& out) : log("gatevisor", std::make_shared<Sink>(out)) {}
  spdlog::logger log;
};

Console::Console(os::ConsoleOut& out, LogFormat format)
    : logger_(std::make_unique<Logger>(out)), format_(format) {
  // A person gets the time in front; a JSON line brings its own.
  const char* pattern = format == LogFormat::Text ? "%Y-%m-%dT%H:%M:%S.%eZ %v" : "%v";
  logger_->log.set_formatter(
      std::make_unique<spdlog::pattern_formatter>(pattern, spdlog::pattern_time_type::utc));
  logger_->log.set_level(spdlog::level::trace);
}

Console::~Console() = default;

void Console::emit(const Record& record, const std::string& unit, Instant now) {
  const Level level = level_of(record);
  if (level == Level::Debug) return;
  const std::string text = to_text(record, unit);
  const std::string line =
      format_ == LogFormat::Json
          ? protocol::to_json(record, unit, to_string(level), text, now, os::wall_time)
          : text;
  logger_->log.log(spdlog_level(level), spdlog::string_view_t(line));
}

}  // namespace gatevisor::app
