#include "os/privileges.h"

#include <fcntl.h>

#include <charconv>
#include <string>

#include "os/file.h"

namespace gatevisor::os {
namespace {
constexpr const char* kFile = "/proc/self/oom_score_adj";
constexpr int kNever = -1000;  // OOM_SCORE_ADJ_MIN in linux/oom.h
constexpr int kLast = -999;
}

std::optional<int> own_oom_score_adj() {
  const auto content = read_at(AT_FDCWD, kFile);
  if (!content) return std::nullopt;
  int value = 0;
  const auto [end, error] =
      std::from_chars(content->data(), content->data() + content->size(), value);
  if (error != std::errc{}) return std::nullopt;
  return value;
}

Expected<void> set_own_oom_score_adj(int value) {
  return write_at(AT_FDCWD, kFile, std::to_string(value));
}

void protect_from_oom() { (void)set_own_oom_score_adj(kNever); }

void expect_oom_last() {
  if (own_oom_score_adj() == kNever) (void)set_own_oom_score_adj(kLast);
}

}  // namespace gatevisor::os
