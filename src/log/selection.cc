#include "log/selection.h"

#include <algorithm>

namespace gatevisor::log {
namespace {

using config::Parsed;

// systemd.unit(5)
constexpr std::string_view kSuffixes[] = {".service",   ".socket", ".device", ".mount",
                                          ".automount", ".swap",   ".target", ".path",
                                          ".timer",     ".slice",  ".scope"};
// sd-messages.h
constexpr std::string_view kCoredump = "MESSAGE_ID=fc2e22bc6ee647b6b90729ab34a250b1";

constexpr std::string_view kPriorities[] = {"emerg",   "alert",  "crit", "err",
                                            "warning", "notice", "info", "debug"};
constexpr std::string_view kFacilities[] = {
    "kern",   "user",   "mail",     "daemon", "auth",   "syslog", "lpr",    "news",
    "uucp",   "cron",   "authpriv", "ftp",    "12",     "13",     "14",     "15",
    "local0", "local1", "local2",   "local3", "local4", "local5", "local6", "local7"};

/// All payloads together, as an alternative to what stands there.
Expected<void> alternative(journal::Matches& matches, const std::vector<std::string>& payloads) {
  for (const std::string& payload : payloads) {
    if (auto added = matches.add(payload); !added) return added;
  }
  matches.add_disjunction();
  return {};
}

std::optional<int> priority(std::string_view text) {
  if (text.size() == 1 && text[0] >= '0' && text[0] <= '7') return text[0] - '0';
  const auto* const found = std::ranges::find(kPriorities, text);
  if (found == std::end(kPriorities)) return std::nullopt;
  return static_cast<int>(found - std::begin(kPriorities));
}

}  // namespace

std::string unit_name(std::string_view name) {
  const bool whole =
      std::ranges::any_of(kSuffixes, [name](std::string_view end) { return name.ends_with(end); });
  return std::string(name) + (whole || is_pattern(name) ? "" : ".service");
}

bool is_pattern(std::string_view name) { return name.find_first_of("*?[") != name.npos; }

// journalctl(1), --unit=, and gatevisor's own records: it need not be process 1.
Expected<void> match_units(journal::Matches& matches, const std::vector<std::string>& units) {
  for (const std::string& unit : units) {
    for (const auto& payloads : {
             std::vector<std::string>{"_SYSTEMD_UNIT=" + unit},
             {std::string(kCoredump), "_UID=0", "COREDUMP_UNIT=" + unit},
             {"_PID=1", "UNIT=" + unit},
             {"_COMM=gatevisor", "UNIT=" + unit},
             {"_UID=0", "OBJECT_SYSTEMD_UNIT=" + unit},
         }) {
      if (auto added = alternative(matches, payloads); !added) return added;
    }
    if (!unit.ends_with(".slice")) continue;
    if (auto added = alternative(matches, {"_SYSTEMD_SLICE=" + unit}); !added) return added;
  }
  matches.add_conjunction();
  return {};
}

Expected<void> match_invocation(journal::Matches& matches, std::string_view id) {
  for (const char* field : {"_SYSTEMD_INVOCATION_ID=", "OBJECT_SYSTEMD_INVOCATION_ID=",
                            "INVOCATION_ID=", "USER_INVOCATION_ID="}) {
    if (auto added = alternative(matches, {field + std::string(id)}); !added) return added;
  }
  matches.add_conjunction();
  return {};
}

Expected<void> match_any(journal::Matches& matches, std::string_view field,
                         const std::vector<std::string>& values) {
  for (const std::string& value : values) {
    if (auto added = matches.add(std::string(field) + "=" + value); !added) return added;
  }
  if (!values.empty()) matches.add_conjunction();
  return {};
}

Expected<void> match_fields(journal::Matches& matches, const std::vector<std::string>& words) {
  bool field_before = false;
  for (const std::string& word : words) {
    if (word != "+") {
      if (auto added = matches.add(word); !added) {
        return fail("", "'" + word + "'", 0, "expected FIELD=value");
      }
      field_before = true;
      continue;
    }
    if (!field_before) return fail("", "'+'", 0, "it joins FIELD=value before and after it");
    field_before = false;
    matches.add_disjunction();
  }
  if (!words.empty() && !field_before) {
    return fail("", "'+'", 0, "it joins FIELD=value before and after it");
  }
  return {};
}

Parsed<std::vector<int>> parse_priorities(std::string_view text) {
  const std::size_t dots = text.find("..");
  const auto low = dots == text.npos ? std::optional(0) : priority(text.substr(0, dots));
  const auto high = priority(dots == text.npos ? text : text.substr(dots + 2));
  if (!low || !high) {
    return config::refuse(
        "expected a priority, or two as in err..info: emerg alert crit err "
        "warning notice info debug, or 0 to 7");
  }
  std::vector<int> all;
  for (int i = std::min(*low, *high); i <= std::max(*low, *high); ++i) all.push_back(i);
  return all;
}

Parsed<int> parse_facility(std::string_view text) {
  for (std::size_t i = 0; i < std::size(kFacilities); ++i) {
    if (kFacilities[i] == text || std::to_string(i) == text) return static_cast<int>(i);
  }
  return config::refuse("expected a facility of syslog(3): kern user mail daemon auth syslog ...");
}

}  // namespace gatevisor::log
