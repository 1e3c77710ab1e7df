// The conditions on the machine: systemd's own program says what holds here.

#include "os/condition_machine.h"

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <tuple>
#include <vector>

#include "os/machine.h"

namespace gatevisor::os {
namespace {

using Kind = Condition::Kind;

bool ours(Kind kind, const std::string& parameter) {
  Condition condition;
  condition.kind = kind;
  condition.parameter = parameter;
  return machine_holds(condition);
}

bool systemds(const std::string& condition) {
  const std::string command = "systemd-analyze condition '" + condition + "' >/dev/null 2>&1";
  return WEXITSTATUS(std::system(command.c_str())) == 0;
}

TEST(ConditionMachine, HoldsWhereSystemdsDoes) {
  const std::pair<const char*, Kind> kinds[] = {{"Architecture", Kind::Architecture},
                                                {"KernelVersion", Kind::KernelVersion},
                                                {"OSRelease", Kind::OSRelease},
                                                {"Host", Kind::Host},
                                                {"Virtualization", Kind::Virtualization},
                                                {"Security", Kind::Security},
                                                {"Memory", Kind::Memory},
                                                {"CPUs", Kind::CPUs},
                                                {"CPUFeature", Kind::CPUFeature},
                                                {"User", Kind::User},
                                                {"Group", Kind::Group},
                                                {"ACPower", Kind::ACPower},
                                                {"FirstBoot", Kind::FirstBoot},
                                                {"NeedsUpdate", Kind::NeedsUpdate},
                                                {"PathIsEncrypted", Kind::PathIsEncrypted},
                                                {"Firmware", Kind::Firmware}};
  const std::pair<const char*, std::vector<std::string>> parameters[] = {
      {"Architecture", {"x86-64", "arm64", "native", "x86"}},
      {"KernelVersion",
       {">=4", ">= 4", "<4", "!=5", "$=*", "[4-6].*", ">4 <99", ">4 <5", kernel_release()}},
      {"OSRelease",
       {"ID=debian", "ID!=debian", "VERSION_ID>=12", "VERSION_ID<5", "NONE=", "ID$=deb*"}},
      {"Host", {"*", host_name(), "not-" + host_name(), "00000000000000000000000000000000"}},
      {"Virtualization", {"yes", "no", "vm", "container", "docker", "kvm", "private-users", "x"}},
      {"Security", {"selinux", "apparmor", "smack", "ima", "tomoyo", "uefi-secureboot", "x"}},
      {"Memory", {">=1048576", "<1048576", ">=1152921504606846976"}},
      {"CPUs", {">=1", "<1", ">=4096"}},
      {"CPUFeature", {"fpu", "sse4_1", "fma3", "pclmul", "no_such"}},
      {"User", {"root", "0", "nobody", "@system", "no-such-user"}},
      {"Group", {"root", "0", "nogroup", "@system", "no-such-group"}},
      {"ACPower", {"yes", "no"}},
      {"FirstBoot", {"yes", "no"}},
      {"NeedsUpdate", {"/etc", "/var"}},
      {"PathIsEncrypted", {"/", "/no"}},
      {"Firmware",
       {"uefi", "device-tree", "device-tree-compatible(x)", "smbios-field(sys_vendor $= *)",
        "smbios-field(sys_vendor != \"x\")", "smbios-field(../x = y)", "smbios-field(bios_date)",
        "x"}},
  };
  for (const auto& [name, all] : parameters) {
    const auto* kind = std::find_if(std::begin(kinds), std::end(kinds), [&](const auto& each) {
      return std::string(each.first) == name;
    });
    for (const std::string& parameter : all) {
      EXPECT_EQ(ours(kind->second, parameter),
                systemds("Condition" + std::string(name) + "=" + parameter))
          << name << "=" << parameter;
    }
  }
}

TEST(ConditionMachine, PressureHoldsWhereSystemdsDoes) {
  // Limits that no machine is near by chance.
  const std::tuple<Kind, const char*, const char*> all[] = {
      {Kind::MemoryPressure, "*|10000|avg300", "ConditionMemoryPressure=100%"},
      {Kind::CPUPressure, "*|10000|avg10", "ConditionCPUPressure=100%/10sec"},
      {Kind::IOPressure, "*|10000|avg60", "ConditionIOPressure=100%/1min"},
      {Kind::IOPressure, "/no.slice|0|avg60", "ConditionIOPressure=no.slice:0%/1min"}};
  for (const auto& [kind, parameter, condition] : all) {
    EXPECT_EQ(ours(kind, parameter), systemds(condition)) << condition;
  }
}

TEST(ConditionMachine, CapabilityIsOfTheBoundingSet) {
  EXPECT_EQ(ours(Kind::Capability, "5"), systemds("ConditionCapability=CAP_KILL"));
  EXPECT_FALSE(ours(Kind::Capability, "63"));
}

TEST(ConditionMachine, CredentialIsOneThatWeWereGiven) {
  setenv("CREDENTIALS_DIRECTORY", "/proc", 1);
  EXPECT_TRUE(ours(Kind::Credential, "version"));
  EXPECT_FALSE(ours(Kind::Credential, "no-such"));
  EXPECT_FALSE(ours(Kind::Credential, "../proc/version"));
  unsetenv("CREDENTIALS_DIRECTORY");
  EXPECT_FALSE(ours(Kind::Credential, "version"));
}

TEST(ConditionMachine, ControllersOfThisKernel) {
  EXPECT_NE(ours(Kind::ControlGroupController, "v1"), ours(Kind::ControlGroupController, "v2"));
  EXPECT_TRUE(ours(Kind::ControlGroupController, "no-such-controller"));
}

}  // namespace
}  // namespace gatevisor::os
