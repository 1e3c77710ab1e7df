#include "protocol/kernel_log.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

namespace gatevisor::protocol {
namespace {

// TASK_COMM_LEN of linux/sched.h, without the zero.
constexpr std::size_t kMostName = 15;
constexpr std::size_t kMostPath = 4096;
constexpr int kSigSys = 31;  // on every architecture that has seccomp but MIPS

template <typename Number>
std::optional<Number> number_of(std::string_view digits, int base = 10) {
  Number number{};
  const char* end = digits.data() + digits.size();
  const auto [stop, problem] = std::from_chars(digits.data(), end, number, base);
  if (digits.empty() || problem != std::errc() || stop != end) return std::nullopt;
  return number;
}

/// Cuts off what stands behind the last `key`.
std::optional<std::string_view> take_last(std::string_view& text, std::string_view key) {
  const std::size_t at = text.rfind(key);
  if (at == text.npos) return std::nullopt;
  const std::string_view value = text.substr(at + key.size());
  text = text.substr(0, at);
  return value;
}

template <typename Number>
std::optional<Number> take_last_number(std::string_view& text, std::string_view key,
                                       std::string_view unit = {}) {
  auto digits = take_last(text, key);
  if (!digits || !digits->ends_with(unit)) return std::nullopt;
  digits->remove_suffix(unit.size());
  return number_of<Number>(*digits);
}

std::optional<int> take_last_pid(std::string_view& text, std::string_view key) {
  const auto pid = take_last_number<int>(text, key);
  return pid && *pid > 0 ? pid : std::nullopt;
}

/// The one place where `key` stands. npos: nowhere, or in more than one.
std::size_t only_place(std::string_view text, std::string_view key) {
  const std::size_t at = text.find(key);
  return at != text.npos && text.rfind(key) == at ? at : text.npos;
}

/// How many bytes it had before /dev/kmsg wrote '\xNN' for those that are not printable.
std::size_t size_before_escapes(std::string_view text) {
  std::size_t size = 0;
  for (std::size_t at = 0; at < text.size(); ++size) {
    at += text[at] == '\\' && at + 1 < text.size() && text[at + 1] == 'x' ? 4 : 1;
  }
  return size;
}

bool is_name(std::string_view name) { return size_before_escapes(name) <= kMostName; }

bool is_path(std::string_view path) { return path.starts_with('/') && path.size() <= kMostPath; }

std::string cut(std::string_view text) { return std::string(text.substr(0, KernelLog::kMostLine)); }

std::optional<std::uint64_t> kibibytes(std::string_view& text, std::string_view key) {
  const auto number = take_last_number<std::uint64_t>(text, key, "kB");
  if (!number || *number > std::numeric_limits<std::uint64_t>::max() / 1024) return std::nullopt;
  return *number * 1024;
}

template <typename Entry>
void keep(std::vector<Entry>& entries, Entry entry) {
  if (entries.size() == KernelLog::kMost) entries.erase(entries.begin());
  entries.push_back(std::move(entry));
}

/// 'Memory cgroup out of memory: Killed process 7 (' up to the name.
std::optional<int> take_victim(std::string_view& text) {
  constexpr std::array<std::string_view, 3> kStarts = {
      "Memory cgroup out of memory", "Out of memory", "Out of memory (oom_kill_allocating_task)"};
  constexpr std::string_view kKilled = ": Killed process ";
  for (const std::string_view start : kStarts) {
    std::string_view rest = text;
    if (!rest.starts_with(start)) continue;
    rest.remove_prefix(start.size());
    if (!rest.starts_with(kKilled)) continue;
    rest.remove_prefix(kKilled.size());
    const std::size_t space = rest.find(" (");
    if (space == rest.npos) return std::nullopt;
    const auto pid = number_of<int>(rest.substr(0, space));
    text = rest.substr(space + 2);
    return pid && *pid > 0 ? pid : std::nullopt;
  }
  return std::nullopt;
}

/// '…) total-vm:1kB, anon-rss:1kB, file-rss:1kB, shmem-rss:1kB, UID:0 pgtables:1kB oom_score_adj:0'
/// Before Linux 5.4 without what is behind shmem-rss.
bool take_sizes(std::string_view& text, KernelKill& kill) {
  std::string_view rest = text;
  kill.oom_score_adj = take_last_number<int>(rest, " oom_score_adj:");
  if (kill.oom_score_adj) {
    kill.pgtables = kibibytes(rest, " pgtables:");
    if (!kill.pgtables || !take_last_number<unsigned>(rest, ", UID:")) return false;
    text = rest;
  }
  kill.shmem_rss = kibibytes(text, ", shmem-rss:");
  kill.file_rss = kibibytes(text, ", file-rss:");
  kill.anon_rss = kibibytes(text, ", anon-rss:");
  kill.total_vm = kibibytes(text, ") total-vm:");
  return kill.shmem_rss && kill.file_rss && kill.anon_rss && kill.total_vm;
}

std::optional<KernelKill> parse_kill(std::string_view text) {
  KernelKill kill{cut(text), {}};
  const auto pid = take_victim(text);
  if (!pid || !take_sizes(text, kill) || !is_name(text)) return std::nullopt;
  kill.pid = *pid;
  kill.name = std::string(text);
  return kill;
}

/// A comm is quoted; in hexadecimal where it holds what a reader would trip over.
std::optional<std::string> comm_of(std::string_view value) {
  std::string name;
  if (value.size() >= 2 && value.starts_with('"') && value.ends_with('"')) {
    name = std::string(value.substr(1, value.size() - 2));
  } else {
    if (value.empty() || value.size() % 2 != 0) return std::nullopt;
    for (std::size_t at = 0; at < value.size(); at += 2) {
      const auto byte = number_of<unsigned>(value.substr(at, 2), 16);
      if (!byte) return std::nullopt;
      name += static_cast<char>(*byte);
    }
  }
  return name.size() <= kMostName ? std::optional(std::move(name)) : std::nullopt;
}

/// The value of ' key=' that stands there once.
std::optional<std::string_view> field(std::string_view text, std::string_view key) {
  const std::size_t at = only_place(text, key);
  if (at == text.npos) return std::nullopt;
  const std::string_view rest = text.substr(at + key.size());
  return rest.substr(0, rest.find(' '));
}

/// '1764264906.123:45', in microseconds.
std::optional<std::uint64_t> audit_time(std::string_view text) {
  constexpr std::string_view kBegin = " audit(";
  const std::size_t at = text.find(kBegin);
  if (at == text.npos) return std::nullopt;
  text = text.substr(at + kBegin.size());
  const std::size_t dot = text.find('.');
  const std::size_t colon = text.find(':');
  if (dot == text.npos || colon != dot + 4) return std::nullopt;
  const auto seconds = number_of<std::uint32_t>(text.substr(0, dot));
  const auto milliseconds = number_of<unsigned>(text.substr(dot + 1, 3));
  if (!seconds || !milliseconds) return std::nullopt;
  return std::uint64_t{*seconds} * 1'000'000 + std::uint64_t{*milliseconds} * 1'000;
}

/// 'audit: type=1326 audit(…): auid=… uid=… … pid=… comm="…" exe="…" sig=31 arch=c000003e
/// syscall=101 compat=0 ip=0x… code=0x…'
std::optional<KernelDenial> parse_denial(std::string_view text) {
  if (!text.starts_with("audit: type=1326 audit(")) return std::nullopt;
  KernelDenial denial{cut(text)};
  const auto at = audit_time(text);
  // A comm and an exe in quotes hold neither quotes nor blanks.
  const auto uid = field(text, " uid=");
  const auto pid = field(text, " pid=");
  const auto comm = field(text, " comm=");
  const auto signal = field(text, " sig=");
  const auto architecture = field(text, " arch=");
  const auto call = field(text, " syscall=");
  if (!at || !uid || !pid || !comm || !signal || !architecture || !call) return std::nullopt;
  const auto name = comm_of(*comm);
  const auto id = number_of<int>(*pid);
  const auto machine = number_of<std::uint32_t>(*architecture, 16);
  const auto number = number_of<int>(*call);
  if (!name || !id || !machine || !number || number_of<int>(*signal) != kSigSys) {
    return std::nullopt;
  }
  denial.at_usec = *at;
  denial.name = *name;
  denial.uid = number_of<unsigned>(*uid);
  denial.pid = *id;
  denial.architecture = *machine;
  denial.number = *number;
  return denial;
}

}  // namespace

std::optional<std::string_view> kernel_text(std::string_view record) {
  const std::size_t begin = record.find(';');
  if (begin == record.npos) return std::nullopt;
  const std::string_view head = record.substr(0, begin);
  const auto priority = number_of<unsigned>(head.substr(0, head.find(',')));
  // syslog(2): the facility stands above the level; 0 is the kernel.
  if (!priority || *priority >> 3 != 0) return std::nullopt;
  const std::string_view text = record.substr(begin + 1);
  return text.substr(0, text.find('\n'));
}

// 'oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=…,mems_allowed=0,oom_memcg=/a,
// task_memcg=/a/b,task=NAME,pid=7,uid=0'; ',global_oom' in place of oom_memcg where it was no
// cgroup's limit.
void KernelLogParser::feed(std::string_view record, KernelLog& log) {
  const auto text = kernel_text(record);
  if (!text) return;
  if (auto denial = parse_denial(*text)) return keep(log.denials, std::move(*denial));
  constexpr std::string_view kGroup = "Tasks in ";
  constexpr std::string_view kGroupEnd = " are going to be killed due to memory.oom.group set";
  if (text->starts_with(kGroup) && text->ends_with(kGroupEnd)) {
    const std::string_view path =
        text->substr(kGroup.size(), text->size() - kGroup.size() - kGroupEnd.size());
    group_ = is_path(path) ? std::string(path) : std::string();
    return;
  }
  constexpr std::string_view kChoice = "oom-kill:constraint=";
  if (!text->starts_with(kChoice)) return add_kill(*text, log);
  choice_.reset();
  group_.clear();
  std::string_view rest = *text;
  const auto uid = take_last_number<unsigned>(rest, ",uid=");
  const auto pid = take_last_pid(rest, ",pid=");
  const std::size_t task = only_place(rest, ",task=");
  if (!uid || !pid || task == rest.npos || !is_name(rest.substr(task + 6))) return;
  rest = rest.substr(0, task);
  const std::size_t cgroup = only_place(rest, ",task_memcg=");
  if (cgroup == rest.npos || !is_path(rest.substr(cgroup + 12))) return;
  Choice choice{*pid, {}, {}, std::string(rest.substr(cgroup + 12))};
  rest = rest.substr(0, cgroup);
  if (const std::size_t limit = only_place(rest, ",oom_memcg="); limit != rest.npos) {
    if (!is_path(rest.substr(limit + 11))) return;
    choice.limit_cgroup = std::string(rest.substr(limit + 11));
  } else if (!rest.ends_with(",global_oom")) {
    return;
  }
  rest.remove_prefix(kChoice.size());
  choice.constraint = std::string(rest.substr(0, std::min(rest.find(','), kMostPath)));
  choice_ = std::move(choice);
}

void KernelLogParser::add_kill(std::string_view text, KernelLog& log) {
  auto kill = parse_kill(text);
  if (!kill) return;
  const bool is_chosen = choice_ && choice_->pid == kill->pid;
  if (is_chosen && !group_.empty()) return;  // was told already, before its group
  if (is_chosen) {
    kill->constraint = choice_->constraint;
    kill->limit_cgroup = choice_->limit_cgroup;
    kill->cgroup = choice_->cgroup;
  } else {
    kill->cgroup = group_;
  }
  keep(log.kills, std::move(*kill));
}

}  // namespace gatevisor::protocol
