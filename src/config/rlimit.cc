#include "config/rlimit.h"

#include "config/size.h"
#include "config/time_span.h"

namespace gatevisor::config {
namespace {

std::string form_of(LimitUnit unit) {
  switch (unit) {
    case LimitUnit::Count: return "expected a number or infinity, or two as SOFT:HARD";
    case LimitUnit::Bytes: return "expected a size such as 64M or infinity, or two as SOFT:HARD";
    case LimitUnit::Seconds:
    case LimitUnit::Microseconds:
      return "expected a time such as 30s or infinity, or two as SOFT:HARD";
    case LimitUnit::Nice:
      return "expected a nice level from -20 to +19 with its sign, or 0 to 40, or two as SOFT:HARD";
  }
  return {};
}

/// getrlimit(2): RLIMIT_NICE is 20 minus the nice level.
std::optional<std::uint64_t> nice_limit(std::string_view text) {
  const bool plus = text.starts_with('+');
  const bool minus = text.starts_with('-');
  if (plus || minus) text.remove_prefix(1);
  const auto number = parse_decimal(text);
  if (!number || *number > (plus ? 19u : minus ? 20u : 40u)) return std::nullopt;
  return plus ? 20 - *number : minus ? 20 + *number : *number;
}

std::optional<std::uint64_t> one_limit(std::string_view text, LimitUnit unit) {
  text = trim(text);
  if (unit == LimitUnit::Nice) return nice_limit(text);
  if (text == "infinity") return Rlimit::kNoLimit;
  switch (unit) {
    case LimitUnit::Count: {
      const auto number = parse_decimal(text);
      return number && *number != Rlimit::kNoLimit ? number : std::nullopt;
    }
    case LimitUnit::Bytes: {
      const auto bytes = parse_size(text);
      return bytes && *bytes != Rlimit::kNoLimit ? std::optional(*bytes) : std::nullopt;
    }
    case LimitUnit::Seconds:
    case LimitUnit::Microseconds: {
      const bool seconds = unit == LimitUnit::Seconds;
      const auto span =
          parse_time_span(text, seconds ? Duration(std::chrono::seconds{1}) : Duration{1});
      if (!span) return std::nullopt;
      return static_cast<std::uint64_t>(
          seconds ? std::chrono::ceil<std::chrono::seconds>(*span).count() : span->count());
    }
    case LimitUnit::Nice: break;
  }
  return std::nullopt;
}

}  // namespace

Parsed<Rlimit> parse_rlimit(std::string_view text, LimitUnit unit) {
  const std::size_t colon = text.find(':');
  const auto soft = one_limit(text.substr(0, colon), unit);
  const auto hard =
      colon == std::string_view::npos ? soft : one_limit(text.substr(colon + 1), unit);
  if (!soft || !hard) return refuse(form_of(unit));
  if (*soft > *hard) return refuse("the soft limit, the first, may not be above the hard one");
  return Rlimit{*soft, *hard};
}

}  // namespace gatevisor::config
