#include "os/virtualization.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <utility>

#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>

#include <cstring>
#endif

#include "os/file.h"

namespace gatevisor::os {
namespace {

using Known = std::pair<std::string_view, std::string_view>;

std::string text_of(const char* path) { return read_file(path).value_or(""); }

std::string line_of(const char* path) {
  std::string text = text_of(path);
  text.resize(std::min(text.find('\n'), text.size()));
  return text;
}

/// systemd's container_interface: $container of PID 1.
std::string container_variable() {
  if (getpid() == 1) {
    const char* value = std::getenv("container");
    return value != nullptr ? value : "";
  }
  const std::string environment = '\0' + text_of("/proc/1/environ");
  const std::string name = std::string(1, '\0') + "container=";
  const std::size_t at = environment.find(name);
  if (at == std::string::npos) return {};
  return environment.c_str() + at + name.size();
}

std::string container() {
  constexpr std::array<std::string_view, 10> kNames = {
      "lxc", "lxc-libvirt", "systemd-nspawn", "docker", "podman",
      "rkt", "wsl",         "proot",          "pouch",  "openvz"};
  const auto named = [&kNames](std::string text) {
    if (text.empty()) return text;
    for (const std::string_view name : kNames) {
      if (text == name) return text;
    }
    // A manager that says 'oci' does not say which one it is.
    return std::string("container-other");
  };
  if (exists_at(AT_FDCWD, "/proc/vz") && !exists_at(AT_FDCWD, "/proc/bc")) return "openvz";
  const std::string release = text_of("/proc/sys/kernel/osrelease");
  if (release.find("Microsoft") != std::string::npos || release.find("WSL") != std::string::npos) {
    return "wsl";
  }
  if (auto name = named(line_of("/run/host/container-manager")); !name.empty()) return name;
  if (auto name = named(line_of("/run/systemd/container")); !name.empty()) return name;
  const std::string variable = container_variable();
  if (!variable.empty() && variable != "oci") return named(variable);
  if (exists_at(AT_FDCWD, "/run/.containerenv")) return "podman";
  if (exists_at(AT_FDCWD, "/.dockerenv")) return "docker";
  return variable.empty() ? "" : "container-other";
}

std::string vm_by_firmware() {
  constexpr std::array<Known, 14> kVendors = {{{"KVM", "kvm"},
                                               {"OpenStack", "kvm"},
                                               {"KubeVirt", "kvm"},
                                               {"Amazon EC2", "amazon"},
                                               {"QEMU", "qemu"},
                                               {"VMware", "vmware"},
                                               {"VMW", "vmware"},
                                               {"innotek GmbH", "oracle"},
                                               {"VirtualBox", "oracle"},
                                               {"Xen", "xen"},
                                               {"Bochs", "bochs"},
                                               {"Parallels", "parallels"},
                                               {"BHYVE", "bhyve"},
                                               {"Hyper-V", "microsoft"}}};
  for (const char* field : {"product_name", "sys_vendor", "board_vendor", "bios_vendor"}) {
    const std::string text = line_of((std::string("/sys/class/dmi/id/") + field).c_str());
    for (const auto& [vendor, name] : kVendors) {
      if (text.starts_with(vendor)) return std::string(name);
    }
  }
  return {};
}

std::string vm_by_processor() {
#if defined(__x86_64__) || defined(__i386__)
  constexpr std::array<Known, 9> kSignatures = {{{"XenVMMXenVMM", "xen"},
                                                 {"KVMKVMKVM", "kvm"},
                                                 {"Linux KVM Hv", "kvm"},
                                                 {"TCGTCGTCGTCG", "qemu"},
                                                 {"VMwareVMware", "vmware"},
                                                 {"Microsoft Hv", "microsoft"},
                                                 {"bhyve bhyve ", "bhyve"},
                                                 {"QNXQVMBSQG", "qnx"},
                                                 {"ACRNACRNACRN", "acrn"}}};
  unsigned a = 0;
  unsigned b = 0;
  unsigned c = 0;
  unsigned d = 0;
  constexpr unsigned kHypervisor = 1U << 31;
  if (__get_cpuid(1, &a, &b, &c, &d) == 0 || (c & kHypervisor) == 0) return {};
  __cpuid(0x40000000U, a, b, c, d);
  char signature[13] = {};
  std::memcpy(signature, &b, 4);
  std::memcpy(signature + 4, &c, 4);
  std::memcpy(signature + 8, &d, 4);
  for (const auto& [text, name] : kSignatures) {
    if (text == signature) return std::string(name);
  }
  return "vm-other";
#else
  const std::string compatible = text_of("/proc/device-tree/hypervisor/compatible");
  if (compatible.starts_with("linux,kvm")) return "kvm";
  return compatible.find("xen") != std::string::npos ? "xen" : "";
#endif
}

std::string vm() {
  // What the firmware calls itself is more exact, but for what runs below it.
  std::string name = vm_by_firmware();
  if (name == "oracle" || name == "xen" || name == "amazon" || name == "parallels") return name;
  if (std::string processor = vm_by_processor(); !processor.empty()) {
    return processor == "vm-other" && !name.empty() ? name : processor;
  }
  if (!name.empty()) return name;
  return exists_at(AT_FDCWD, "/proc/xen") ? "xen" : "";
}

}  // namespace

Virtualization find_virtualization() {
  if (std::string name = container(); !name.empty()) return {VirtualKind::Container, name};
  if (std::string name = vm(); !name.empty()) return {VirtualKind::Vm, name};
  return {};
}

bool in_user_namespace() {
  unsigned inside = 1;
  unsigned outside = 1;
  unsigned count = 0;
  const std::string map = text_of("/proc/self/uid_map");
  const int read = sscanf(map.c_str(), "%u %u %u", &inside, &outside, &count);
  return read == 3 && !(inside == 0 && outside == 0 && count == 0xffffffff);
}

}  // namespace gatevisor::os
