// systemd.exec(5).

#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <limits>

#include "config/capability_set.h"
#include "config/environment_file.h"
#include "config/rlimit.h"
#include "config/setters.h"
#include "config/words.h"

namespace gatevisor::config {
namespace {

// LOGIN_NAME_MAX of limits.h.
constexpr std::size_t kMaxUserName = 256;

/// A name as systemd.exec(5), User= takes it in its relaxed form, or an id.
Parsed<std::string> parse_user(std::string_view text) {
  constexpr const char* kForm = "expected a name or a numeric id";
  if (text.empty() || text.size() > kMaxUserName || !is_utf8(text)) return refuse(kForm);
  if (std::ranges::all_of(text, is_digit)) {
    // (uid_t)-1, in 32 and in 16 bits, is not an id but 'no change' (chown(2), setresuid(2)).
    const auto id = parse_decimal(text, 0, std::numeric_limits<std::uint32_t>::max() - 1);
    if (!id || *id == 0xffff) return refuse("expected an id below 4294967295 that is not 65535");
    return std::string(text);
  }
  const bool bad_start = text[0] == '-' || text[0] == '+' || text == "." || text == "..";
  const bool bad_character = std::ranges::any_of(text, [](char c) {
    return c == ':' || c == '/' || static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
  });
  if (bad_start || bad_character || trim(text).size() != text.size()) return refuse(kForm);
  return std::string(text);
}

Parsed<void> store_user(std::string& field, std::string_view value) {
  if (value.empty()) {
    field.clear();
    return {};
  }
  return store(field, parse_user(value));
}

Parsed<void> too_many(const char* what) {
  return refuse("expected at most " + std::to_string(kMaxEntries) + " " + what);
}

/// 'word 3: ' where there are several.
std::string at_word(std::size_t index, std::size_t count) {
  return count > 1 ? "word " + std::to_string(index + 1) + ": " : std::string();
}

Parsed<void> store_limit(ServiceSettings& settings, int resource, std::string_view value,
                         LimitUnit unit) {
  if (value.empty()) {
    settings.exec.rlimits.erase(resource);
    return {};
  }
  const auto limit = parse_rlimit(value, unit);
  if (!limit) return refuse(limit.error());
  settings.exec.rlimits[resource] = *limit;
  return {};
}

/// What stands behind 'append:' and its like.
Parsed<std::string> parse_file(std::string_view text, std::string_view word) {
  auto path = parse_absolute_path(text);
  if (!path)
    return refuse("expected " + std::string(word) + " with an absolute path right behind it");
  if (path->ends_with('/'))
    return refuse("expected " + std::string(word) + " with the path of a file");
  return path;
}

Parsed<void> store_output(StandardOutput& field, std::string_view value) {
  constexpr std::array kFiles = {Choice{"append:", StandardOutput::Kind::Append},
                                 Choice{"file:", StandardOutput::Kind::File},
                                 Choice{"truncate:", StandardOutput::Kind::Truncate}};
  for (const auto& [name, kind] : kFiles) {
    if (!value.starts_with(name)) continue;
    auto path = parse_file(value.substr(name.size()), name);
    if (!path) return refuse(std::move(path.error()));
    field = {kind, std::move(*path)};
    return {};
  }
  // systemd.exec(5): syslog goes to the journal too. The console is --console='s.
  constexpr std::array<std::string_view, 6> kLog = {"journal",         "syslog",         "kmsg",
                                                    "journal+console", "syslog+console", "kmsg+console"};
  if (std::ranges::find(kLog, value) != kLog.end()) {
    field = {StandardOutput::Kind::Journal, {}};
  } else if (value == "inherit") {
    field = {};
  } else if (value == "null") {
    field = {StandardOutput::Kind::Null, {}};
  } else {
    return refuse("expected inherit, journal, null, or append:, file: or truncate: with a path");
  }
  return {};
}

Parsed<void> append_input(ServiceSettings& settings, const std::string& more) {
  // systemd's EXEC_STDIN_DATA_MAX.
  constexpr std::size_t kMost = std::size_t{64} << 20;
  std::string& data = settings.exec.input_data;
  if (more.size() > kMost - data.size()) return refuse("expected at most 64 MiB");
  data += more;
  return {};
}

/// RFC 4648, white space aside.
Parsed<std::string> decode_base64(std::string_view text) {
  constexpr const char* kForm = "expected Base64";
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  std::uint32_t bits = 0;
  std::size_t count = 0;
  std::size_t padding = 0;
  for (const char c : text) {
    if (kWhitespace.find(c) != std::string_view::npos) continue;
    const std::size_t digit = c == '=' ? 0 : kDigits.find(c);
    if (digit == std::string_view::npos || (padding > 0 && c != '=')) return refuse(kForm);
    if (c == '=') ++padding;
    bits = bits << 6 | static_cast<std::uint32_t>(digit);
    if (++count % 4 != 0) continue;
    for (const int shift : {16, 8, 0}) out += static_cast<char>(bits >> shift & 0xff);
    bits = 0;
  }
  if (count % 4 != 0 || padding > 2) return refuse(kForm);
  out.resize(out.size() - padding);
  return out;
}

}  // namespace

Parsed<void> set_user(ServiceSettings& settings, std::string_view value) {
  return store_user(settings.exec.user, value);
}

Parsed<void> set_group(ServiceSettings& settings, std::string_view value) {
  return store_user(settings.exec.group, value);
}

Parsed<void> set_supplementary_groups(ServiceSettings& settings, std::string_view value) {
  auto words = split_words(value);
  if (!words) return refuse(std::move(words.error()));
  std::vector<std::string> groups;
  if (!words->empty()) groups = settings.exec.supplementary_groups;
  for (const std::string& word : *words) {
    auto group = parse_user(word);
    if (!group) return refuse(quoted(word) + ": " + group.error());
    if (std::ranges::find(groups, *group) == groups.end()) groups.push_back(std::move(*group));
  }
  if (groups.size() > kMaxEntries) return too_many("groups");
  settings.exec.supplementary_groups = std::move(groups);
  return {};
}

Parsed<void> set_umask(ServiceSettings& settings, std::string_view value) {
  const bool octal = !value.empty() && value.size() <= 5 &&
                     std::ranges::all_of(value, [](char c) { return c >= '0' && c <= '7'; });
  unsigned mask = 0;
  for (const char c : value) mask = octal ? mask * 8 + static_cast<unsigned>(c - '0') : 0;
  if (!octal || mask > 07777) return refuse("expected an octal mode such as 0027");
  settings.exec.umask = mask & 0777;  // umask(2) looks at no other bit
  return {};
}

Parsed<void> set_working_directory(ServiceSettings& settings, std::string_view value) {
  std::string directory;
  const bool optional = value.starts_with('-');
  if (optional) value.remove_prefix(1);
  if (value == "~") {
    directory = value;
  } else if (!value.empty() || optional) {
    auto path = parse_absolute_path(value);
    if (!path)
      return refuse(path.error() + ", or ~ for the user's home, after '-' if it may be missing");
    directory = std::move(*path);
  }
  settings.exec.working_directory = std::move(directory);
  settings.exec.working_directory_optional = optional;
  return {};
}

Parsed<void> set_environment(ServiceSettings& settings, std::string_view value) {
  auto words = split_words(value);
  if (!words) return refuse(std::move(words.error()));
  std::vector<std::string> environment;
  if (!words->empty()) environment = settings.exec.environment;
  for (std::size_t i = 0; i < words->size(); ++i) {
    if (auto valid = check_assignment((*words)[i]); !valid) {
      return refuse(at_word(i, words->size()) + valid.error());
    }
    set_variable(environment, std::move((*words)[i]));
  }
  if (environment.size() > kMaxEntries) return too_many("variables");
  settings.exec.environment = std::move(environment);
  return {};
}

Parsed<void> set_environment_file(ServiceSettings& settings, std::string_view value) {
  std::vector<EnvironmentFile>& files = settings.exec.environment_files;
  if (value.empty()) {
    files.clear();
    return {};
  }
  EnvironmentFile file;
  file.optional = value.starts_with('-');
  if (file.optional) value.remove_prefix(1);
  auto path = parse_absolute_path(value);
  if (!path) return refuse(path.error() + ", after '-' if it may be missing");
  if (files.size() == kMaxEntries) return too_many("files");
  file.path = std::move(*path);
  files.push_back(std::move(file));
  return {};
}

Parsed<void> set_unset_environment(ServiceSettings& settings, std::string_view value) {
  auto words = split_words(value);
  if (!words) return refuse(std::move(words.error()));
  std::vector<std::string> names;
  if (!words->empty()) names = settings.exec.unset_environment;
  for (std::size_t i = 0; i < words->size(); ++i) {
    const std::string& word = (*words)[i];
    const bool valid = word.find('=') == std::string::npos ? is_variable_name(word)
                                                           : check_assignment(word).has_value();
    if (!valid) {
      return refuse(at_word(i, words->size()) + "expected a variable's NAME, or NAME=VALUE");
    }
    if (std::ranges::find(names, word) == names.end()) names.push_back(word);
  }
  if (names.size() > kMaxEntries) return too_many("variables");
  settings.exec.unset_environment = std::move(names);
  return {};
}

Parsed<void> set_bounding_set(ServiceSettings& settings, std::string_view value) {
  return merge_bounding_set(settings.exec.bounding_set, value);
}

Parsed<void> set_ambient_set(ServiceSettings& settings, std::string_view value) {
  return merge_ambient_set(settings.exec.ambient_set, value);
}

Parsed<void> set_strict_capabilities(ServiceSettings& settings, std::string_view value) {
  return store(settings.exec.strict_capabilities, parse_boolean(value));
}

Parsed<void> set_no_new_privileges(ServiceSettings& settings, std::string_view value) {
  return store(settings.exec.no_new_privileges, parse_boolean(value));
}

Parsed<void> set_limit_cpu(ServiceSettings& settings, std::string_view value) {
  return store_limit(settings, RLIMIT_CPU, value, LimitUnit::Seconds);
}

Parsed<void> set_limit_fsize(ServiceSettings& settings, std::string_view value) {
  return store_limit(settings, RLIMIT_FSIZE, value, LimitUnit::Bytes);
}

Parsed<void> set_limit_data(ServiceSettings& settings, std::string_view value) {
  return store_limit(settings, RLIMIT_DATA, value, LimitUnit::Bytes);
}

Parsed<void> set_limit_stack(ServiceSettings& settings, std::string_view value) {
  return store_limit(settings, RLIMIT_STACK, value, LimitUnit::Bytes);
}

Parsed<void> set_limit_core(ServiceSettings& settings, std::string_view value) {
  return store_limit(settings, RLIMIT_CORE, value, LimitUnit::Bytes);
}

Parsed<void> set_limit_rss(ServiceSettings& settings, std::string_view value) {
  return store_limit(settings, RLIMIT_RSS, value, LimitUnit::Bytes);
}

Parsed<void> set_limit_nofile(ServiceSettings& settings, std::string_view value) {
  return store_limit(settings, RLIMIT_NOFILE, value, LimitUnit::Count);
}

Parsed<void> set_limit_as(ServiceSettings& settings, std::string_view value) {
  return store_limit(settings, RLIMIT_AS, value, LimitUnit::Bytes);
}

Parsed<void> set_limit_nproc(ServiceSettings& settings, std::string_view value) {
  return store_limit(settings, RLIMIT_NPROC, value, LimitUnit::Count);
}

Parsed<void> set_limit_memlock(ServiceSettings& settings, std::string_view value) {
  return store_limit(settings, RLIMIT_MEMLOCK, value, LimitUnit::Bytes);
}

Parsed<void> set_limit_locks(ServiceSettings& settings, std::string_view value) {
  return store_limit(settings, RLIMIT_LOCKS, value, LimitUnit::Count);
}

Parsed<void> set_limit_sigpending(ServiceSettings& settings, std::string_view value) {
  return store_limit(settings, RLIMIT_SIGPENDING, value, LimitUnit::Count);
}

Parsed<void> set_limit_msgqueue(ServiceSettings& settings, std::string_view value) {
  return store_limit(settings, RLIMIT_MSGQUEUE, value, LimitUnit::Bytes);
}

Parsed<void> set_limit_nice(ServiceSettings& settings, std::string_view value) {
  return store_limit(settings, RLIMIT_NICE, value, LimitUnit::Nice);
}

Parsed<void> set_limit_rtprio(ServiceSettings& settings, std::string_view value) {
  return store_limit(settings, RLIMIT_RTPRIO, value, LimitUnit::Count);
}

Parsed<void> set_limit_rttime(ServiceSettings& settings, std::string_view value) {
  return store_limit(settings, RLIMIT_RTTIME, value, LimitUnit::Microseconds);
}

Parsed<void> set_oom_score_adjust(ServiceSettings& settings, std::string_view value) {
  if (value.empty()) {
    settings.exec.oom_score_adj.reset();
    return {};
  }
  const bool negative = value.starts_with('-');
  const auto number = parse_decimal(negative || value.starts_with('+') ? value.substr(1) : value);
  if (!number || *number > 1000) return refuse("expected a number from -1000 to 1000");
  const int score = static_cast<int>(*number);
  settings.exec.oom_score_adj = negative ? -score : score;
  return {};
}

Parsed<void> set_ignore_sigpipe(ServiceSettings& settings, std::string_view value) {
  return store(settings.exec.ignore_sigpipe, parse_boolean(value));
}

Parsed<void> set_standard_input(ServiceSettings& settings, std::string_view value) {
  ExecSettings& exec = settings.exec;
  constexpr std::array kChoices = {
      Choice{"null", StandardInput::Null},
      Choice{"inherit", StandardInput::Inherit},
      Choice{"data", StandardInput::Data},
  };
  constexpr std::string_view kFile = "file:";
  if (value.starts_with(kFile)) {
    auto path = parse_file(value.substr(kFile.size()), kFile);
    if (!path) return refuse(std::move(path.error()));
    exec.input_path = std::move(*path);
    exec.standard_input = StandardInput::File;
  } else if (auto stored = store(exec.standard_input, choose(value, kChoices)); !stored) {
    return refuse(stored.error() + ", or file: with a path");
  }
  exec.standard_input_given = true;
  return {};
}

Parsed<void> set_input_text(ServiceSettings& settings, std::string_view value) {
  if (value.empty()) {
    settings.exec.input_data.clear();
    return {};
  }
  auto text = unescape(value);
  if (!text) return refuse(std::move(text.error()));
  return append_input(settings, *text + "\n");
}

Parsed<void> set_input_data(ServiceSettings& settings, std::string_view value) {
  if (value.empty()) {
    settings.exec.input_data.clear();
    return {};
  }
  const auto data = decode_base64(value);
  if (!data) return refuse(data.error());
  return append_input(settings, *data);
}

Parsed<void> set_standard_output(ServiceSettings& settings, std::string_view value) {
  return store_output(settings.exec.standard_output, value);
}

Parsed<void> set_standard_error(ServiceSettings& settings, std::string_view value) {
  return store_output(settings.exec.standard_error, value);
}

}  // namespace gatevisor::config
