// systemd.exec(5), 'System Call Filtering', and the settings of 'Sandboxing' that are filters too.

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "config/filter_names.h"
#include "config/setters.h"
#include "config/syscall_groups.h"
#include "config/words.h"

namespace gatevisor::config {
namespace {

constexpr int kMaxErrno = 4095;

// errno.h; the second names of what has two.
constexpr std::array kErrnoAliases = {
    Choice{"EWOULDBLOCK", EWOULDBLOCK},
    Choice{"EDEADLOCK", EDEADLOCK},
    Choice{"EOPNOTSUPP", EOPNOTSUPP},
    Choice{"ENOTSUP", ENOTSUP},
};

/// systemd takes the names of errors and of address families in any case.
bool same_letters(std::string_view a, std::string_view b) {
  const auto upper = [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  };
  return std::ranges::equal(a, b, {}, upper, upper);
}

/// The value of a name in any case.
template <std::size_t N>
std::optional<int> find_name(const std::array<Choice<int>, N>& choices, std::string_view name) {
  for (const Choice<int>& choice : choices) {
    if (same_letters(choice.name, name)) return choice.value;
  }
  return std::nullopt;
}

/// A name such as EPERM, or a number from `low`.
Parsed<int> parse_errno(std::string_view text, unsigned low) {
  if (!text.empty() && std::ranges::all_of(text, is_digit)) {
    const auto number = parse_decimal(text, low, kMaxErrno);
    if (!number) return refuse(number.error());
    return static_cast<int>(*number);
  }
  for (int number = 1; number <= kMaxErrno; ++number) {
    const char* name = strerrorname_np(number);
    if (name != nullptr && same_letters(text, name)) return number;
  }
  if (const auto number = find_name(kErrnoAliases, text)) return *number;
  return refuse(quoted(text) + " is no error; expected a name such as EPERM, a number up to " +
                std::to_string(kMaxErrno) + ", or kill");
}

Parsed<int> parse_action(std::string_view text, unsigned low) {
  if (text == "kill") return kSyscallKill;
  return parse_errno(text, low);
}

/// '~' before a list.
bool take_inversion(std::string_view& value) {
  if (!value.starts_with('~')) return false;
  value.remove_prefix(1);
  return true;
}

/// What was listed and is taken back goes; an error for one call stays with it.
void merge_call(SyscallList& list, std::string_view call, bool inverted, int action) {
  const bool error_alone = inverted && list.allow && action != kSyscallListed;
  if (inverted != list.allow || error_alone) {
    list.calls[call] = action;
  } else {
    list.calls.erase(call);
  }
}

enum class Errors : std::uint8_t { Refused, Taken };

/// NAME or @GROUP, with ':ERROR' behind it where that may be.
Parsed<void> merge_word(SyscallList& list, std::string_view word, bool inverted, Errors errors) {
  int action = kSyscallListed;
  std::string_view name = word;
  if (const std::size_t colon = word.find(':');
      colon != std::string_view::npos && errors == Errors::Taken) {
    const auto parsed = parse_action(word.substr(colon + 1), 0);
    if (!parsed) return refuse(quoted(word) + ": " + parsed.error());
    if (!inverted) return refuse(quoted(word) + ": only what is denied, after '~', has an error");
    action = *parsed;
    name = word.substr(0, colon);
  }
  if (name.starts_with('@')) {
    const SyscallGroup* group = find_syscall_group(name);
    if (group == nullptr) return refuse(quoted(name) + " is no group of system calls");
    each_syscall(*group, [&](std::string_view call) { merge_call(list, call, inverted, action); });
    return {};
  }
  const std::string_view call = find_syscall(name);
  if (call.empty()) return refuse(quoted(name) + " is no system call");
  merge_call(list, call, inverted, action);
  return {};
}

Parsed<void> merge_list(std::optional<SyscallList>& field, std::string_view value, Errors errors) {
  if (value.empty()) {
    field.reset();
    return {};
  }
  const bool inverted = take_inversion(value);
  const auto words = split_words(value);
  if (!words) return refuse(words.error());
  SyscallList list = field.value_or(SyscallList{});
  if (!field) {
    list.allow = !inverted;
    // What every process needs comes with a filter that denies the rest; a log denies nothing.
    if (list.allow && errors == Errors::Taken) {
      if (auto done = merge_word(list, "@default", false, errors); !done) return done;
    }
  }
  for (const std::string& word : *words) {
    if (auto done = merge_word(list, word, inverted, errors); !done) return done;
  }
  field = std::move(list);
  return {};
}

}  // namespace

Parsed<void> set_syscall_filter(ServiceSettings& settings, std::string_view value) {
  return merge_list(settings.exec.syscall_filter.filter, value, Errors::Taken);
}

Parsed<void> set_syscall_log(ServiceSettings& settings, std::string_view value) {
  return merge_list(settings.exec.syscall_filter.log, value, Errors::Refused);
}

Parsed<void> set_syscall_error_number(ServiceSettings& settings, std::string_view value) {
  if (value.empty()) value = "kill";
  return store(settings.exec.syscall_filter.error_number, parse_action(value, 1));
}

Parsed<void> set_syscall_architectures(ServiceSettings& settings, std::string_view value) {
  const auto words = split_words(value);
  if (!words) return refuse(words.error());
  auto& field = settings.exec.syscall_filter.architectures;
  auto architectures = words->empty() ? std::set<std::uint32_t>() : field;
  for (const std::string& word : *words) {
    const auto architecture = choose(word, kFilterArchitectures);
    if (!architecture) return refuse(quoted(word) + " is none; " + architecture.error());
    architectures.insert(*architecture);
  }
  field = std::move(architectures);
  return {};
}

Parsed<void> set_address_families(ServiceSettings& settings, std::string_view value) {
  auto& field = settings.exec.syscall_filter.address_families;
  if (value.empty()) {
    field.reset();
    return {};
  }
  if (value == "none") {
    field = AddressFamilies{true, {}, true};
    return {};
  }
  const bool inverted = take_inversion(value);
  const auto words = split_words(value);
  if (!words) return refuse(words.error());
  const AddressFamilies anew{!inverted, {}, false};
  AddressFamilies result = field && !field->none ? *field : anew;
  for (const std::string& word : *words) {
    const auto family = find_name(kAddressFamilies, word);
    if (!family) {
      return refuse(quoted(word) + " is no address family; expected none or names such as AF_INET");
    }
    if (inverted != result.allow) {
      result.families.insert(*family);
    } else {
      result.families.erase(*family);
    }
  }
  field = std::move(result);
  return {};
}

Parsed<void> set_restrict_namespaces(ServiceSettings& settings, std::string_view value) {
  auto& field = settings.exec.syscall_filter.namespaces;
  if (value.empty()) {
    field.reset();
    return {};
  }
  if (const auto all = parse_boolean(value)) {
    field = *all ? 0 : kAllNamespaceTypes;
    return {};
  }
  const bool inverted = take_inversion(value);
  const auto words = split_words(value);
  if (!words) return refuse(words.error());
  std::uint64_t named = 0;
  for (const std::string& word : *words) {
    const auto type = choose(word, kNamespaceTypes);
    if (!type) return refuse(quoted(word) + " is none; " + type.error() + ", or yes or no");
    named |= *type;
  }
  if (inverted) {
    field = field.value_or(kAllNamespaceTypes) & ~named;
  } else {
    field = field.value_or(0) | named;
  }
  return {};
}

Parsed<void> set_lock_personality(ServiceSettings& settings, std::string_view value) {
  return store(settings.exec.syscall_filter.lock_personality, parse_boolean(value));
}

Parsed<void> set_memory_deny_write_execute(ServiceSettings& settings, std::string_view value) {
  return store(settings.exec.syscall_filter.memory_deny_write_execute, parse_boolean(value));
}

Parsed<void> set_restrict_realtime(ServiceSettings& settings, std::string_view value) {
  return store(settings.exec.syscall_filter.restrict_realtime, parse_boolean(value));
}

Parsed<void> set_protect_clock(ServiceSettings& settings, std::string_view value) {
  return store(settings.exec.syscall_filter.protect_clock, parse_boolean(value));
}

Parsed<void> set_restrict_suid_sgid(ServiceSettings& settings, std::string_view value) {
  return store(settings.exec.syscall_filter.restrict_suid_sgid, parse_boolean(value));
}

}  // namespace gatevisor::config
