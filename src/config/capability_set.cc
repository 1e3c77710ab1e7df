#include "config/capability_set.h"

#include <algorithm>
#include <array>

#include "config/words.h"

namespace gatevisor::config {
namespace {

// <linux/capability.h> of Linux 5.9 and later; the index is the number.
constexpr std::array<std::string_view, 41> kNames = {
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_DAC_READ_SEARCH",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_KILL",
    "CAP_SETGID",
    "CAP_SETUID",
    "CAP_SETPCAP",
    "CAP_LINUX_IMMUTABLE",
    "CAP_NET_BIND_SERVICE",
    "CAP_NET_BROADCAST",
    "CAP_NET_ADMIN",
    "CAP_NET_RAW",
    "CAP_IPC_LOCK",
    "CAP_IPC_OWNER",
    "CAP_SYS_MODULE",
    "CAP_SYS_RAWIO",
    "CAP_SYS_CHROOT",
    "CAP_SYS_PTRACE",
    "CAP_SYS_PACCT",
    "CAP_SYS_ADMIN",
    "CAP_SYS_BOOT",
    "CAP_SYS_NICE",
    "CAP_SYS_RESOURCE",
    "CAP_SYS_TIME",
    "CAP_SYS_TTY_CONFIG",
    "CAP_MKNOD",
    "CAP_LEASE",
    "CAP_AUDIT_WRITE",
    "CAP_AUDIT_CONTROL",
    "CAP_SETFCAP",
    "CAP_MAC_OVERRIDE",
    "CAP_MAC_ADMIN",
    "CAP_SYSLOG",
    "CAP_WAKE_ALARM",
    "CAP_BLOCK_SUSPEND",
    "CAP_AUDIT_READ",
    "CAP_PERFMON",
    "CAP_BPF",
    "CAP_CHECKPOINT_RESTORE",
};

std::optional<std::uint64_t> bit_of(std::string_view name) {
  std::string upper(name);
  std::ranges::transform(upper, upper.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  const auto found = std::ranges::find(kNames, upper);
  if (found == kNames.end()) return std::nullopt;
  return std::uint64_t{1} << (found - kNames.begin());
}

struct Assignment {
  bool inverted = false;
  std::uint64_t named = 0;
};

Parsed<Assignment> parse(std::string_view text) {
  Assignment result;
  text = trim(text);
  if (text.starts_with('~')) {
    result.inverted = true;
    text.remove_prefix(1);
  }
  auto words = split_words(text);
  if (!words) return refuse(std::move(words.error()));
  for (const std::string& word : *words) {
    const auto bit = bit_of(word);
    if (!bit) {
      const bool prefix_missing = bit_of("CAP_" + word).has_value();
      return refuse(quoted(word) + " is no capability; " +
                    (prefix_missing ? "write CAP_" + printable(word)
                                    : std::string("expected names such as CAP_NET_RAW, after "
                                                  "one '~' for all but them")));
    }
    result.named |= *bit;
  }
  return result;
}

}  // namespace

std::string_view capability_name(int capability) {
  if (capability < 0 || capability >= static_cast<int>(kNames.size())) return {};
  return kNames[static_cast<std::size_t>(capability)];
}

std::string capability_names(std::uint64_t set) {
  std::string names;
  for (int number = 0; number < 64; ++number) {
    if ((set >> number & 1) == 0) continue;
    const std::string_view name = capability_name(number);
    if (!names.empty()) names += ' ';
    names += name.empty() ? "capability " + std::to_string(number) : std::string(name);
  }
  return names;
}

Parsed<void> merge_bounding_set(std::optional<std::uint64_t>& set, std::string_view text) {
  const auto assignment = parse(text);
  if (!assignment) return refuse(assignment.error());
  const std::uint64_t named = assignment->named;
  if (named == 0) {
    set = assignment->inverted ? std::nullopt : std::optional<std::uint64_t>(0);
  } else if (assignment->inverted) {
    set = set.value_or(~std::uint64_t{0}) & ~named;
  } else {
    set = set.value_or(0) | named;
  }
  return {};
}

Parsed<void> merge_ambient_set(std::uint64_t& set, std::string_view text) {
  const auto assignment = parse(text);
  if (!assignment) return refuse(assignment.error());
  const std::uint64_t named = assignment->named;
  if (named == 0 || set == 0) {
    set = assignment->inverted ? kNamedCapabilities & ~named : named;
  } else if (assignment->inverted) {
    set &= ~named;
  } else {
    set |= named;
  }
  return {};
}

}  // namespace gatevisor::config
