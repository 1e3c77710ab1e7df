#include "protocol/native_log.h"

#include <algorithm>

#include "protocol/wire.h"

namespace gatevisor::protocol {
namespace {

constexpr std::size_t kMaxName = 64;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

bool is_client_field(std::string_view name) {
  if (name.empty() || name.size() > kMaxName || name.front() == '_' || is_digit(name.front())) {
    return false;
  }
  const auto fits = [](char c) { return (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_'; };
  return std::ranges::all_of(name, fits) && !name.starts_with("GATEVISOR_");
}

// What is there of an entry that breaks off is one; nothing is looked for behind it.
bool NativeLog::next() {
  fields_.clear();
  level_ = kDefaultLevel;
  while (!rest_.empty()) {
    const Step done = step();
    if (done == Step::Field) continue;
    if (done == Step::Stop || fields_.empty()) rest_ = {};
    break;
  }
  return !fields_.empty();
}

NativeLog::Step NativeLog::step() {
  const std::size_t end = rest_.find('\n');
  if (end == rest_.npos) return Step::Stop;
  const std::string_view line = rest_.substr(0, end);
  rest_.remove_prefix(end + 1);
  if (line.empty()) return Step::EntryEnd;
  // Comments, and commands that there are none of.
  if (line.front() == '.' || line.front() == '#') return Step::Field;
  if (fields_.size() == kMaxLogFields) {
    fields_.clear();
    return Step::Stop;
  }
  const std::size_t sign = line.find('=');
  if (sign == line.npos) return take_binary(line) ? Step::Field : Step::Stop;
  add(line.substr(0, sign), line.substr(sign + 1));
  return Step::Field;
}

/// A size of eight bytes, the low one first, that many bytes, and a newline.
bool NativeLog::take_binary(std::string_view name) {
  std::uint64_t size = 0;
  if (!take(rest_, size) || size >= rest_.size() || rest_[size] != '\n') return false;
  add(name, rest_.substr(0, size));
  rest_.remove_prefix(size + 1);
  return true;
}

void NativeLog::add(std::string_view name, std::string_view value) {
  if (!is_client_field(name)) return;
  fields_.push_back({name, value});
  const bool level = name == "PRIORITY" && value.size() == 1 && value[0] >= '0' && value[0] <= '7';
  if (level) level_ = static_cast<unsigned>(value[0] - '0');
}

}  // namespace gatevisor::protocol
