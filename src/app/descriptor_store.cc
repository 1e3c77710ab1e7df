#include "app/descriptor_store.h"

#include <algorithm>

#include "os/descriptor.h"
#include "os/invocation.h"

namespace gatevisor::app {

bool DescriptorStore::add(os::UniqueFd fd, std::string name, bool poll) {
  const auto is_same = [&](const Stored& each) { return os::is_same_file(each.fd, fd); };
  if (std::ranges::any_of(all_, is_same)) return true;
  if (all_.size() >= most_) return false;
  // What cannot be waited for, such as a regular file, has no other end.
  const bool polled =
      poll && loop_.watch(fd.get(), os::kOnlyErrors, os::Source::Stored, unit_).has_value();
  all_.push_back({std::move(fd), std::move(name), polled});
  return true;
}

template <typename Drop>
void DescriptorStore::drop_if(Drop drop) {
  std::erase_if(all_, [&](const Stored& each) {
    if (!drop(each)) return false;
    if (each.polled) loop_.unwatch(each.fd.get());
    return true;
  });
}

void DescriptorStore::remove(const std::string& name) {
  drop_if([&](const Stored& each) { return each.name == name; });
}

void DescriptorStore::check() {
  drop_if([](const Stored& each) { return each.polled && os::has_hung_up(each.fd); });
}

void DescriptorStore::clear() {
  drop_if([](const Stored&) { return true; });
}

std::vector<int> DescriptorStore::descriptors() const {
  std::vector<int> all;
  for (const Stored& each : all_) all.push_back(each.fd.get());
  return all;
}

std::vector<std::string> DescriptorStore::variables() const {
  if (all_.empty()) return {};
  std::string names;
  for (const Stored& each : all_) names += (names.empty() ? "" : ":") + each.name;
  return {"LISTEN_FDS=" + std::to_string(all_.size()), "LISTEN_PID=", "LISTEN_FDNAMES=" + names};
}

}  // namespace gatevisor::app
