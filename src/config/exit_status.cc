#include "config/exit_status.h"

#include <algorithm>
#include <array>

#include "config/signal_map.h"
#include "config/words.h"
#include "gatevisor/wait_status.h"

namespace gatevisor::config {
namespace {

struct ExitName {
  int code;
  std::string_view name;
};

// systemd.exec(5), 'Process Exit Codes'. 64-78 are in gatevisor/wait_status.h (sysexit_name).
constexpr std::array kNames = {
    ExitName{0, "SUCCESS"},
    ExitName{1, "FAILURE"},
    ExitName{2, "INVALIDARGUMENT"},
    ExitName{3, "NOTIMPLEMENTED"},
    ExitName{4, "NOPERMISSION"},
    ExitName{5, "NOTINSTALLED"},
    ExitName{6, "NOTCONFIGURED"},
    ExitName{7, "NOTRUNNING"},
    ExitName{200, "CHDIR"},
    ExitName{201, "NICE"},
    ExitName{202, "FDS"},
    ExitName{203, "EXEC"},
    ExitName{204, "MEMORY"},
    ExitName{205, "LIMITS"},
    ExitName{206, "OOM_ADJUST"},
    ExitName{207, "SIGNAL_MASK"},
    ExitName{208, "STDIN"},
    ExitName{209, "STDOUT"},
    ExitName{210, "CHROOT"},
    ExitName{211, "IOPRIO"},
    ExitName{212, "TIMERSLACK"},
    ExitName{213, "SECUREBITS"},
    ExitName{214, "SETSCHEDULER"},
    ExitName{215, "CPUAFFINITY"},
    ExitName{216, "GROUP"},
    ExitName{217, "USER"},
    ExitName{218, "CAPABILITIES"},
    ExitName{219, "CGROUP"},
    ExitName{220, "SETSID"},
    ExitName{221, "CONFIRM"},
    ExitName{222, "STDERR"},
    ExitName{224, "PAM"},
    ExitName{225, "NETWORK"},
    ExitName{226, "NAMESPACE"},
    ExitName{227, "NO_NEW_PRIVILEGES"},
    ExitName{228, "SECCOMP"},
    ExitName{229, "SELINUX_CONTEXT"},
    ExitName{230, "PERSONALITY"},
    ExitName{231, "APPARMOR"},
    ExitName{232, "ADDRESS_FAMILIES"},
    ExitName{233, "RUNTIME_DIRECTORY"},
    ExitName{235, "CHOWN"},
    ExitName{236, "SMACK_PROCESS_LABEL"},
    ExitName{237, "KEYRING"},
    ExitName{238, "STATE_DIRECTORY"},
    ExitName{239, "CACHE_DIRECTORY"},
    ExitName{240, "LOGS_DIRECTORY"},
    ExitName{241, "CONFIGURATION_DIRECTORY"},
    ExitName{242, "NUMA_POLICY"},
    ExitName{243, "CREDENTIALS"},
    ExitName{244, "BPF"},
    ExitName{255, "EXCEPTION"},
};

std::optional<int> code_of(std::string_view word) {
  if (const auto number = parse_decimal(word)) {
    return *number <= 255 ? std::optional<int>(static_cast<int>(*number)) : std::nullopt;
  }
  for (const ExitName& entry : kNames) {
    if (entry.name == word) return entry.code;
  }
  for (int code = 64; code <= 78; ++code) {
    const std::string_view name = sysexit_name(code);
    if (word == name || word == name.substr(3)) return code;
  }
  return std::nullopt;
}

}  // namespace

Parsed<void> add_exit_statuses(ExitStatusSet& set, std::string_view text) {
  auto words = split_words(text);
  if (!words) return refuse(std::move(words.error()));
  ExitStatusSet result;
  if (!words->empty()) result = set;
  for (const std::string& word : *words) {
    if (const auto code = code_of(word)) {
      result.codes.set(static_cast<std::size_t>(*code));
      continue;
    }
    const auto signal = parse_signal(word);
    if (!signal || std::ranges::all_of(word, is_digit)) {
      return refuse(quoted(word) +
                    " is no exit status; expected codes 0-255, names such as CONFIG, or signals "
                    "such as SIGKILL");
    }
    result.signals.set(static_cast<std::size_t>(*signal));
  }
  set = result;
  return {};
}

}  // namespace gatevisor::config
