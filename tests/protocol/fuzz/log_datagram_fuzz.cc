// libFuzzer: what anybody sends to a log socket, read as a native entry and as syslog(3)'s.
//
// Besides what the sanitizers see: whatever is told is a piece of the datagram, an entry has fields
// and not too many, and no name that only gatevisor gives.

#include <cstdlib>
#include <string_view>

#include "protocol/native_log.h"
#include "protocol/syslog_message.h"

namespace {

void check(bool holds) {
  if (!holds) std::abort();
}

bool is_within(std::string_view part, std::string_view whole) {
  return part.empty() ||
         (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace gatevisor::protocol;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  std::size_t entries = 0;
  for (NativeLog log(input); log.next();) {
    check(++entries <= size);
    check(!log.fields().empty() && log.fields().size() <= kMaxLogFields && log.level() <= 7);
    for (const LogField& field : log.fields()) {
      check(is_client_field(field.name) && !field.name.starts_with("GATEVISOR_"));
      check(is_within(field.name, input) && is_within(field.value, input));
    }
  }
  const SyslogMessage message = parse_syslog(input);
  check(message.level <= 7 && message.facility <= 127);
  check(is_within(message.text, input) && is_within(message.timestamp, input));
  check(is_within(message.identifier.value_or(""), input));
  check(is_within(message.pid.value_or(""), input));
  check(message.text.find('\0') == std::string_view::npos);
  return 0;
}
