#include "app/leavings.h"

#include <unistd.h>

#include "os/channel.h"
#include "os/process.h"

namespace gatevisor::app {

Expected<void> Leavings::set_aside(const std::string& base, const std::string& name) {
  auto aside = os::set_aside(base, name);
  if (!aside) return std::unexpected(std::move(aside.error()));
  if (*aside) aside_.push_back(std::move(**aside));
  return {};
}

Expected<void> Leavings::set_runtime_aside(const exec::DirectoryPlan& directories) {
  Expected<void> result;
  // Children first: a parent takes them along.
  const auto& all = directories.all;
  for (auto each = all.rbegin(); each != all.rend(); ++each) {
    if (each->kind != DirectoryKind::Runtime) continue;
    for (const auto& link : each->links) os::remove_link(each->base, link.name);
    if (auto done = set_aside(each->base, each->name); !done) result = std::move(done);
  }
  return result;
}

int Leavings::remove_all(void* leavings) {
  int status = 0;
  for (const os::SetAside& each : static_cast<Leavings*>(leavings)->aside_) {
    if (!os::remove_tree(each.base, each.name)) status = 1;
  }
  return status;
}

Expected<void> Leavings::release(const exec::DirectoryPlan& directories,
                                 const exec::CredentialPlan& credentials) {
  std::erase_if(aside_, [](const os::SetAside& each) {
    return access((each.base + "/" + each.name).c_str(), F_OK) != 0;
  });
  Expected<void> result;
  if (directories.preserve == RuntimePreserve::No) result = set_runtime_aside(directories);
  if (!credentials.name.empty()) {
    if (auto done = set_aside(credentials.base, credentials.name); !done) result = std::move(done);
  }
  if (aside_.empty()) return result;
  // No descriptor but the standard ones.
  auto helper = os::start_helper(STDERR_FILENO, "gv-remove", remove_all, this);
  if (!helper) return std::unexpected(std::move(helper.error()));
  pid_ = *helper;
  return result;
}

void Leavings::end(const exec::DirectoryPlan& directories) {
  if (directories.preserve != RuntimePreserve::Yes) (void)set_runtime_aside(directories);
  remove_all(this);
  if (pid_ != 0) os::await_end(pid_);
  pid_ = 0;
}

}  // namespace gatevisor::app
