// systemd.exec(5), 'Logging and Standard Input/Output'; journald.conf(5).

#include <algorithm>
#include <array>
#include <limits>

#include "config/setters.h"
#include "config/size.h"
#include "config/time_span.h"
#include "config/words.h"

namespace gatevisor::config {
namespace {

/// syslog(3).
constexpr auto kLevels = std::to_array<Choice<unsigned>>({{"emerg", 0},
                                                          {"alert", 1},
                                                          {"crit", 2},
                                                          {"err", 3},
                                                          {"warning", 4},
                                                          {"notice", 5},
                                                          {"info", 6},
                                                          {"debug", 7}});
constexpr auto kFacilities = std::to_array<Choice<unsigned>>(
    {{"kern", 0},     {"user", 1},    {"mail", 2},    {"daemon", 3},  {"auth", 4},
     {"syslog", 5},   {"lpr", 6},     {"news", 7},    {"uucp", 8},    {"cron", 9},
     {"authpriv", 10}, {"ftp", 11},   {"local0", 16}, {"local1", 17}, {"local2", 18},
     {"local3", 19},  {"local4", 20}, {"local5", 21}, {"local6", 22}, {"local7", 23}});

/// A name, or its number.
template <std::size_t N>
Parsed<unsigned> parse_named(std::string_view text, const std::array<Choice<unsigned>, N>& names) {
  if (const auto number = parse_decimal(text)) {
    const auto found = std::ranges::find(names, *number, &Choice<unsigned>::value);
    if (found != names.end()) return found->value;
  }
  return choose(text, names);
}

/// systemd's journal_field_valid(), without those that only the journal itself may set.
bool is_own_field(std::string_view name) {
  if (name.empty() || name.size() > 64 || is_digit(name.front()) || name.front() == '_') {
    return false;
  }
  return std::ranges::all_of(
      name, [](char c) { return (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_'; });
}

/// Empty: its default.
Parsed<void> store_bytes(std::optional<std::uint64_t>& field, std::string_view value) {
  if (value.empty()) {
    field.reset();
    return {};
  }
  return store(field, parse_size(value));
}

Parsed<void> store_time(Duration& field, std::string_view value) {
  const auto span = parse_time_span(value);
  if (!span) return refuse(span.error());
  field = *span == kForever ? Duration{0} : *span;
  return {};
}

}  // namespace

Parsed<void> set_syslog_identifier(ServiceSettings& settings, std::string_view value) {
  // It is shown in front of each line.
  const bool control = std::ranges::any_of(value, [](char c) { return c >= 0 && c < ' '; });
  if (control || value.size() > 255) return refuse("expected a short name in one line");
  settings.exec.lines.identifier = value;
  return {};
}

Parsed<void> set_syslog_facility(ServiceSettings& settings, std::string_view value) {
  return store(settings.exec.lines.facility, parse_named(value, kFacilities));
}

Parsed<void> set_syslog_level(ServiceSettings& settings, std::string_view value) {
  return store(settings.exec.lines.level, parse_named(value, kLevels));
}

Parsed<void> set_syslog_level_prefix(ServiceSettings& settings, std::string_view value) {
  return store(settings.exec.lines.level_prefix, parse_boolean(value));
}

Parsed<void> set_log_level_max(ServiceSettings& settings, std::string_view value) {
  if (value.empty()) {
    settings.exec.lines.most_level.reset();
    return {};
  }
  return store(settings.exec.lines.most_level, parse_named(value, kLevels));
}

Parsed<void> set_log_extra_fields(ServiceSettings& settings, std::string_view value) {
  // systemd's own bound on them is far above what an entry should carry each time.
  constexpr std::size_t kMost = 32;
  std::vector<std::string>& fields = settings.exec.lines.extra_fields;
  if (value.empty()) {
    fields.clear();
    return {};
  }
  const auto words = split_words(value);
  if (!words) return refuse(words.error());
  for (const std::string_view word : *words) {
    const std::size_t equals = word.find('=');
    if (equals == std::string_view::npos || !is_own_field(word.substr(0, equals))) {
      return refuse("expected FIELD=value with capital letters, digits and '_', none in front");
    }
  }
  if (fields.size() + words->size() > kMost) return refuse("expected at most 32 fields");
  fields.insert(fields.end(), words->begin(), words->end());
  return {};
}

Parsed<void> set_system_max_use(ServiceSettings& settings, std::string_view value) {
  return store_bytes(settings.journal.max_use, value);
}

Parsed<void> set_system_keep_free(ServiceSettings& settings, std::string_view value) {
  return store_bytes(settings.journal.keep_free, value);
}

Parsed<void> set_system_max_file_size(ServiceSettings& settings, std::string_view value) {
  return store_bytes(settings.journal.max_file_size, value);
}

Parsed<void> set_system_max_files(ServiceSettings& settings, std::string_view value) {
  return store(settings.journal.max_files, parse_decimal(value, 0, 1'000'000));
}

Parsed<void> set_max_file_age(ServiceSettings& settings, std::string_view value) {
  return store_time(settings.journal.max_file_age, value);
}

Parsed<void> set_max_retention(ServiceSettings& settings, std::string_view value) {
  return store_time(settings.journal.max_retention, value);
}

Parsed<void> set_sync_interval(ServiceSettings& settings, std::string_view value) {
  return store(settings.journal.sync_interval, parse_time_span(value));
}

Parsed<void> set_storage(ServiceSettings& settings, std::string_view value) {
  return store(settings.journal.storage,
               choose(value, std::array{Choice{"auto", JournalStorage::Auto},
                                        Choice{"persistent", JournalStorage::Persistent},
                                        Choice{"volatile", JournalStorage::Volatile},
                                        Choice{"none", JournalStorage::None}}));
}

Parsed<void> set_journal_full(ServiceSettings& settings, std::string_view value) {
  return store(settings.journal.full, choose(value, std::array{Choice{"block", JournalFull::Block},
                                                               Choice{"drop", JournalFull::Drop}}));
}

}  // namespace gatevisor::config
