// libFuzzer: whatever stands in the kernel's log, what is kept of it is within its bounds, and is
// the kernel's own. Records are parted by an empty line.

#include <cstdlib>

#include "protocol/kernel_log.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace gatevisor;
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  KernelLog log;
  protocol::KernelLogParser parser;
  bool any_of_the_kernel = false;
  while (!rest.empty()) {
    const std::string_view record = rest.substr(0, rest.find("\n\n"));
    rest.remove_prefix(std::min(record.size() + 2, rest.size()));
    any_of_the_kernel = any_of_the_kernel || protocol::kernel_text(record).has_value();
    parser.feed(record, log);
  }
  const auto demand = [](bool holds) {
    if (!holds) std::abort();
  };
  demand(log.kills.size() <= KernelLog::kMost && log.denials.size() <= KernelLog::kMost);
  demand(any_of_the_kernel || (log.kills.empty() && log.denials.empty()));
  for (const KernelKill& kill : log.kills) {
    demand(kill.pid > 0 && kill.line.size() <= KernelLog::kMostLine && kill.total_vm.has_value());
    demand(kill.cgroup.empty() || kill.cgroup.front() == '/');
    demand(kill.limit_cgroup.empty() || kill.limit_cgroup.front() == '/');
  }
  for (const KernelDenial& denial : log.denials) {
    demand(denial.line.size() <= KernelLog::kMostLine && denial.name.size() <= 15);
  }
  return 0;
}
