#include "config/signal_map.h"

#include <csignal>

#include "config/words.h"
#include "gatevisor/wait_status.h"

namespace gatevisor::config {
namespace {

// signal(7): real-time signals that a program can use; 32 and 33 are the C library's own.
constexpr int kFirstRealTime = 34;
constexpr int kLastRealTime = 64;
// 'SIGRTMIN+30'. Nothing longer is a signal, and no number in it can overflow.
constexpr std::size_t kLongestName = 11;

}  // namespace

Parsed<int> parse_signal(std::string_view text) {
  const int signal = text.size() <= kLongestName ? signal_from_name(text) : 0;
  if (signal >= 1 && signal <= kLastRealTime) return signal;
  return refuse("expected a signal such as SIGTERM, HUP or RTMIN+3");
}

std::string_view why_not_forwarded(int signal) {
  switch (signal) {
    case SIGTERM:
    case SIGINT: return "it stops the service (KillSignal= is what the service then gets)";
    case SIGKILL:
    case SIGSTOP: return "no process can catch it";
    case SIGCHLD: return "gatevisor needs it for itself";
    case SIGPIPE: return "it is about gatevisor's own output";
    case SIGILL:
    case SIGTRAP:
    case SIGABRT:
    case SIGBUS:
    case SIGFPE:
    case SIGSEGV:
    case SIGSYS: return "it tells of a fault in gatevisor itself";
    default: break;
  }
  if (signal >= 32 && signal < kFirstRealTime) return "it belongs to the C library";
  return {};
}

Parsed<void> add_forwarded(SignalMap& map, std::string_view text) {
  auto words = split_words(text);
  if (!words) return refuse(std::move(words.error()));
  SignalMap result;
  if (!words->empty()) result = map;
  for (const std::string_view word : *words) {
    const std::size_t colon = word.find(':');
    const auto from = parse_signal(word.substr(0, colon));
    if (!from)
      return refuse(quoted(word) + " is no signal; expected NAME, NAME:NAME or NAME:ignore");
    if (const std::string_view why = why_not_forwarded(*from); !why.empty()) {
      return refuse(signal_name(*from) + " is never forwarded: " + std::string(why));
    }
    if (colon == std::string_view::npos) {
      result[*from] = *from;
      continue;
    }
    const std::string_view target = word.substr(colon + 1);
    if (target == "ignore") {
      result.erase(*from);
      continue;
    }
    const auto to = parse_signal(target);
    if (!to || *to == SIGKILL || *to == SIGSTOP || *to == SIGCHLD) {
      return refuse(quoted(word) + ": expected 'ignore' or a signal that a process can catch");
    }
    result[*from] = *to;
  }
  map = std::move(result);
  return {};
}

SignalMap default_forwarded() {
  SignalMap map;
  for (const int signal :
       {SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH, SIGALRM, SIGCONT, SIGTSTP}) {
    map[signal] = signal;
  }
  for (int signal = kFirstRealTime; signal <= kLastRealTime; ++signal) map[signal] = signal;
  return map;
}

}  // namespace gatevisor::config
