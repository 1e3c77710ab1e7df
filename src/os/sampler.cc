#include "os/sampler.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

#include "os/file.h"

namespace gatevisor::os {
namespace {

std::optional<std::uint64_t> number_in(const CgroupDir& leaf, const char* file) {
  const auto text = read_small_at(leaf.fd(), file);
  return text ? number_of(*text) : std::nullopt;
}

std::optional<Duration> full_stall(const CgroupDir& leaf) {
  const auto text = read_small_at(leaf.fd(), "memory.pressure");
  const auto usec = text ? stalled_total(*text, "full") : std::nullopt;
  if (!usec) return std::nullopt;
  return Duration{static_cast<std::int64_t>(*usec)};
}

void read_leaf(const CgroupDir& leaf, Sample& sample) {
  sample.current = number_in(leaf, "memory.current");
  sample.swap = number_in(leaf, "memory.swap.current");
  sample.tasks = number_in(leaf, "pids.current");
  sample.stalled = full_stall(leaf);
  if (const auto stat = read_small_at(leaf.fd(), "memory.stat")) {
    sample.anonymous = keyed_value(*stat, "anon");
    sample.file = keyed_value(*stat, "file");
    sample.kernel = keyed_value(*stat, "kernel");
    sample.socket = keyed_value(*stat, "sock");
  }
  if (const auto stat = read_small_at(leaf.fd(), "cpu.stat")) {
    const auto usec = keyed_value(*stat, "usage_usec");
    if (usec) sample.cpu = Duration{static_cast<std::int64_t>(*usec)};
  }
}

/// statm: total and resident size in pages. 0: it is gone, or a zombie.
std::uint64_t resident_of(int pid) {
  static const auto page = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  const auto text = read_small_at(AT_FDCWD, ("/proc/" + std::to_string(pid) + "/statm").c_str());
  if (!text) return 0;
  const std::size_t space = text->find(' ');
  if (space == text->npos) return 0;
  return number_of(std::string_view(*text).substr(space + 1)).value_or(0) * page;
}

std::string name_of(int pid) {
  auto text = read_small_at(AT_FDCWD, ("/proc/" + std::to_string(pid) + "/comm").c_str());
  if (!text) return {};
  if (text->ends_with('\n')) text->pop_back();
  return std::move(*text);
}

}  // namespace

Sample take_sample(const CgroupDir& leaf, std::vector<int> pids) {
  Sample sample;
  if (leaf) read_leaf(leaf, sample);
  std::erase_if(pids, [](int pid) { return pid <= 0; });  // outside our pid namespace
  if (pids.size() > kMostSampled) pids.resize(kMostSampled);
  std::vector<ProcessMemory> all;
  for (const int pid : pids) {
    const std::uint64_t resident = resident_of(pid);
    if (resident == 0) continue;
    sample.resident += resident;
    all.push_back({pid, {}, resident});
  }
  std::ranges::sort(all, std::ranges::greater{}, &ProcessMemory::resident);
  if (all.size() > Sample::kMostBiggest) all.resize(Sample::kMostBiggest);
  for (ProcessMemory& process : all) process.name = name_of(process.pid);
  sample.biggest = std::move(all);
  return sample;
}

}  // namespace gatevisor::os
