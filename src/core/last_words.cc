#include "core/last_words.h"

#include <algorithm>
#include <array>
#include <csignal>

namespace gatevisor::core {
namespace {

struct Saying {
  std::string_view runtime;
  std::string_view text;
  bool at_start;     ///< of its line, else anywhere in it
  std::size_t most;  ///< lines behind it: its stack, and no more
};

constexpr std::size_t kStack = 120;  // lines of a native and of a managed stack
constexpr std::size_t kShort = 12;

constexpr Saying kSayings[] = {
    {"V8", "JavaScript heap out of memory", false, kStack},
    {"V8", "Fatal process out of memory", false, kStack},
    {"V8", "[ERR_WORKER_OUT_OF_MEMORY]", false, kStack},
    {"JVM", "java.lang.OutOfMemoryError", false, kStack},
    {"JVM", "There is insufficient memory for the Java Runtime Environment to continue", false,
     kStack},
    {"Go", "fatal error: runtime: out of memory", true, 1000},
    {"Go", "fatal error: runtime: cannot allocate memory", true, 1000},
    {"Go", "runtime: out of memory: cannot allocate", true, 1000},
    {"Go", "fatal error: out of memory", true, 1000},
    {"Python", "MemoryError", true, kShort},
    {"Python", "numpy.core._exceptions._ArrayMemoryError", true, kShort},
    {"Python", "numpy._core._exceptions._ArrayMemoryError", true, kShort},
    {"C++", "terminate called after throwing an instance of 'std::bad_alloc'", true, kShort},
    {"C++", "uncaught exception of type std::bad_alloc", false, kShort},
    {"Rust", "memory allocation of ", true, kStack},
};

struct Ends {
  std::string_view runtime;
  std::array<int, 3> signals;  // 0: no more of them
  std::array<int, 2> codes;    // -1: no more of them
};

constexpr Ends kEnds[] = {
    {"V8", {SIGABRT, SIGTRAP, SIGILL}, {1, -1}},  // 1: a worker's heap, which nobody took care of
    {"JVM", {SIGABRT, 0, 0}, {1, 3}},             // 3: -XX:+ExitOnOutOfMemoryError
    {"Go", {SIGABRT, 0, 0}, {2, -1}},             // SIGABRT: GOTRACEBACK=crash
    {"Python", {SIGABRT, 0, 0}, {1, -1}},
    {"C++", {SIGABRT, 0, 0}, {-1, -1}},
    {"Rust", {SIGABRT, 0, 0}, {-1, -1}},
};

bool ends_so(const Ends& ends, const WaitStatus& status) {
  const auto has = [](const auto& list, int value) {
    return value > 0 && std::ranges::find(list, value) != list.end();
  };
  if (status.by_signal()) return has(ends.signals, status.value);
  return has(ends.codes, status.value) || has(ends.signals, status.value - 128);
}

bool says(const Saying& saying, std::string_view line) {
  return saying.at_start ? line.starts_with(saying.text) : line.find(saying.text) != line.npos;
}

}  // namespace

bool may_have_last_words(const WaitStatus& status) {
  return std::ranges::any_of(kEnds, [&](const Ends& ends) { return ends_so(ends, status); });
}

bool ends_so(std::string_view runtime, const WaitStatus& status) {
  return std::ranges::any_of(kEnds, [&](const Ends& ends) {
    return ends.runtime == runtime && ends_so(ends, status);
  });
}

// From the end: what was said last is what it ended for.
std::optional<LastWords> find_last_words(std::string_view tail) {
  if (tail.ends_with('\n')) tail.remove_suffix(1);
  for (std::size_t behind = 0; !tail.empty(); ++behind) {
    const std::size_t newline = tail.rfind('\n');
    std::string_view line = newline == tail.npos ? tail : tail.substr(newline + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    for (const Saying& saying : kSayings) {
      if (behind > saying.most || !says(saying, line)) continue;
      return LastWords{std::string(saying.runtime),
                       std::string(line.substr(0, LastWords::kMostLine))};
    }
    tail = newline == tail.npos ? std::string_view{} : tail.substr(0, newline);
  }
  return std::nullopt;
}

}  // namespace gatevisor::core
