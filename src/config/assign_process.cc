// systemd.exec(5): TimerSlackNSec=, Personality= and their like.

#include <linux/mempolicy.h>
#include <linux/securebits.h>
#include <sys/personality.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include "config/setters.h"
#include "config/time_span.h"
#include "config/words.h"

namespace gatevisor::config {
namespace {

// core(5), 'Controlling which mappings are written to the core dump'.
constexpr std::uint64_t kDefaultFilter = 0x33;
// The kernel takes 32 bits of it.
constexpr std::uint64_t kWholeFilter = std::numeric_limits<std::uint32_t>::max();

constexpr std::array kMappings = {
    Choice{"private-anonymous", std::uint64_t{1} << 0},
    Choice{"shared-anonymous", std::uint64_t{1} << 1},
    Choice{"private-file-backed", std::uint64_t{1} << 2},
    Choice{"shared-file-backed", std::uint64_t{1} << 3},
    Choice{"elf-headers", std::uint64_t{1} << 4},
    Choice{"private-huge", std::uint64_t{1} << 5},
    Choice{"shared-huge", std::uint64_t{1} << 6},
    Choice{"private-dax", std::uint64_t{1} << 7},
    Choice{"shared-dax", std::uint64_t{1} << 8},
    Choice{"default", kDefaultFilter},
    Choice{"all", kWholeFilter},
};

constexpr std::array kSecureBits = {
    Choice{"keep-caps", unsigned{SECBIT_KEEP_CAPS}},
    Choice{"keep-caps-locked", unsigned{SECBIT_KEEP_CAPS_LOCKED}},
    Choice{"no-setuid-fixup", unsigned{SECBIT_NO_SETUID_FIXUP}},
    Choice{"no-setuid-fixup-locked", unsigned{SECBIT_NO_SETUID_FIXUP_LOCKED}},
    Choice{"noroot", unsigned{SECBIT_NOROOT}},
    Choice{"noroot-locked", unsigned{SECBIT_NOROOT_LOCKED}},
};

// An architecture and the one that its processors run beside it.
#if defined(__x86_64__)
constexpr std::array<std::string_view, 2> kArchitectures = {"x86-64", "x86"};
#elif defined(__aarch64__)
constexpr std::array<std::string_view, 2> kArchitectures = {"arm64", "arm"};
#elif defined(__s390x__)
constexpr std::array<std::string_view, 2> kArchitectures = {"s390x", "s390"};
#elif defined(__powerpc64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
constexpr std::array<std::string_view, 2> kArchitectures = {"ppc64-le", "ppc-le"};
#elif defined(__powerpc64__)
constexpr std::array<std::string_view, 2> kArchitectures = {"ppc64", "ppc"};
#else
constexpr std::array<std::string_view, 2> kArchitectures = {};
#endif

Parsed<std::uint64_t> parse_mapping(std::string_view word) {
  if (const auto named = choose(word, kMappings)) return *named;
  std::string_view digits = word.starts_with("0x") ? word.substr(2) : word;
  std::uint64_t bits = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), bits, 16);
  if (error != std::errc{} || end != digits.data() + digits.size() || bits > kWholeFilter) {
    return refuse("expected names of mappings such as private-anonymous, or a mask such as 33");
  }
  return bits;
}

}  // namespace

Parsed<void> set_timer_slack(ServiceSettings& settings, std::string_view value) {
  std::optional<std::uint64_t>& field = settings.exec.process.timer_slack_nsec;
  if (value.empty()) {
    field.reset();
    return {};
  }
  std::string_view number = value;
  for (const std::string_view unit : {"nsec", "ns"}) {
    if (number.ends_with(unit)) {
      number = trim(number.substr(0, number.size() - unit.size()));
      break;
    }
  }
  if (const auto nsec = parse_decimal(number)) {
    field = *nsec;
    return {};
  }
  const auto span = parse_time_span(value);
  if (!span || *span == kForever) return refuse("expected nanoseconds, or a time such as 50us");
  field = static_cast<std::uint64_t>(std::chrono::nanoseconds(*span).count());
  return {};
}

Parsed<void> set_personality(ServiceSettings& settings, std::string_view value) {
  std::optional<unsigned>& field = settings.exec.process.personality;
  if (value.empty()) {
    field.reset();
  } else if (value == kArchitectures[0]) {
    field = PER_LINUX;
  } else if (value == kArchitectures[1]) {
    field = PER_LINUX32;
  } else {
    return refuse("expected " + std::string(kArchitectures[0]) + " or " +
                  std::string(kArchitectures[1]));
  }
  return {};
}

Parsed<void> set_coredump_filter(ServiceSettings& settings, std::string_view value) {
  std::optional<std::uint64_t>& field = settings.exec.process.coredump_filter;
  const auto words = split_words(value);
  if (!words) return refuse(words.error());
  if (words->empty()) {
    field.reset();
    return {};
  }
  std::uint64_t filter = field.value_or(0);
  for (const std::string& word : *words) {
    const auto bits = parse_mapping(word);
    if (!bits) return refuse(bits.error());
    filter |= *bits;
  }
  field = filter;
  return {};
}

Parsed<void> set_numa_policy(ServiceSettings& settings, std::string_view value) {
  constexpr std::array kChoices = {
      Choice{"default", int{MPOL_DEFAULT}}, Choice{"preferred", int{MPOL_PREFERRED}},
      Choice{"bind", int{MPOL_BIND}},       Choice{"interleave", int{MPOL_INTERLEAVE}},
      Choice{"local", int{MPOL_LOCAL}},
  };
  if (value.empty()) {
    settings.exec.process.numa_policy.reset();
    return {};
  }
  return store(settings.exec.process.numa_policy, choose(value, kChoices));
}

Parsed<void> set_numa_mask(ServiceSettings& settings, std::string_view value) {
  ProcessSettings& process = settings.exec.process;
  if (value == "all") {
    process.all_numa_nodes = true;
    return {};
  }
  std::string spaced(value);
  std::ranges::replace(spaced, ',', ' ');
  constexpr std::size_t kNodes = ProcessSettings::Nodes{}.size();
  const auto nodes = parse_ranges<kNodes>(
      spaced, 0, kNodes - 1, "expected all, or numbers and ranges of nodes below 1024: 0-1 3");
  if (!nodes) return refuse(nodes.error());
  if (nodes->none()) {
    process.numa_nodes.reset();
    process.all_numa_nodes = false;
  }
  process.numa_nodes |= *nodes;
  return {};
}

Parsed<void> set_secure_bits(ServiceSettings& settings, std::string_view value) {
  const auto words = split_words(value);
  if (!words) return refuse(words.error());
  unsigned bits = words->empty() ? 0 : settings.exec.process.secure_bits;
  for (const std::string& word : *words) {
    const auto bit = choose(word, kSecureBits);
    if (!bit) return refuse(bit.error());
    bits |= *bit;
  }
  settings.exec.process.secure_bits = bits;
  return {};
}

Parsed<void> set_keyring_mode(ServiceSettings& settings, std::string_view value) {
  constexpr std::array kChoices = {
      Choice{"inherit", KeyringMode::Inherit},
      Choice{"private", KeyringMode::Private},
      Choice{"shared", KeyringMode::Shared},
  };
  return store(settings.exec.process.keyring, choose(value, kChoices));
}

Parsed<void> set_remove_ipc(ServiceSettings& settings, std::string_view value) {
  return store(settings.exec.remove_ipc, parse_boolean(value));
}

Parsed<void> set_exec_search_path(ServiceSettings& settings, std::string_view value) {
  std::vector<std::string>& all = settings.exec.search_path;
  if (value.empty()) {
    all.clear();
    return {};
  }
  std::vector<std::string> paths = all;
  while (!value.empty()) {
    const std::size_t length = std::min(value.find(':'), value.size());
    auto path = parse_absolute_path(trim(value.substr(0, length)));
    if (!path) return refuse(path.error() + ", or several with a colon between them");
    value.remove_prefix(std::min(length + 1, value.size()));
    if (std::ranges::find(paths, *path) == paths.end()) paths.push_back(std::move(*path));
  }
  if (paths.size() > kMaxEntries) return refuse("expected fewer directories");
  all = std::move(paths);
  return {};
}

}  // namespace gatevisor::config
