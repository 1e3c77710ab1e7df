#include "config/directives.h"

#include <algorithm>
#include <string>
#include <vector>

#include "config/properties.h"

namespace gatevisor::config {
namespace {

/// Names that share their fate and the reason for it.
struct Group {
  Fate fate;
  std::string_view reason;
  std::string_view names;  ///< separated by spaces
};

constexpr Group kUnitGroups[] = {
    {Fate::Done, "",
     "ConditionPathExists ConditionPathExistsGlob ConditionPathIsDirectory "
     "ConditionPathIsSymbolicLink ConditionPathIsMountPoint ConditionPathIsReadWrite "
     "ConditionDirectoryNotEmpty ConditionFileNotEmpty ConditionFileIsExecutable "
     "ConditionEnvironment AssertPathExists AssertPathExistsGlob AssertPathIsDirectory "
     "AssertPathIsSymbolicLink AssertPathIsMountPoint AssertPathIsReadWrite "
     "AssertDirectoryNotEmpty AssertFileNotEmpty AssertFileIsExecutable AssertEnvironment"},
    {Fate::Done, "",
     "Description Documentation StartLimitIntervalSec StartLimitInterval StartLimitBurst"},
    {Fate::Done, "",
     "After Before Requires Requisite Wants Upholds BindsTo BindTo Conflicts PartOf OnSuccess "
     "OnFailure "
     "PropagatesReloadTo PropagateReloadTo ReloadPropagatedFrom PropagateReloadFrom "
     "PropagatesStopTo StopPropagatedFrom"},
    {Fate::Ignored, "there are no targets", "DefaultDependencies AllowIsolate IgnoreOnIsolate"},
    {Fate::Ignored, "a start that another unit calls for replaces nothing",
     "OnSuccessJobMode OnFailureJobMode OnFailureIsolate"},
    {Fate::Ignored, "a unit runs until it ends or gatevisor does", "StopWhenUnneeded CollectMode"},
    {Fate::Ignored, "systemd has not known it for years",
     "RequiresOverridable RequisiteOverridable SourcePath"},
    {Fate::Ignored, "the container's mounts are there before it starts", "RequiresMountsFor"},
    {Fate::Ignored, "whoever starts gatevisor decides that", "RefuseManualStart RefuseManualStop"},
    {Fate::Ignored, "a job waits as long as it has to, and there is no machine to reboot",
     "JobTimeoutSec JobRunningTimeoutSec JobTimeoutAction JobTimeoutRebootArgument "
     "StartLimitAction FailureAction SuccessAction FailureActionExitStatus "
     "SuccessActionExitStatus RebootArgument"},
    {Fate::Refused, "namespaces are not shared between units", "JoinsNamespaceOf"},
    {Fate::Done, "",
     "ConditionArchitecture ConditionKernelCommandLine ConditionKernelVersion "
     "ConditionOSRelease ConditionHost ConditionVirtualization ConditionSecurity "
     "ConditionCapability ConditionMemory ConditionCPUs ConditionCPUFeature "
     "ConditionUser ConditionGroup ConditionControlGroupController ConditionACPower "
     "ConditionFirstBoot ConditionNeedsUpdate ConditionCredential "
     "ConditionPathIsEncrypted AssertArchitecture AssertKernelCommandLine "
     "AssertKernelVersion AssertOSRelease AssertHost AssertVirtualization "
     "AssertSecurity AssertCapability AssertMemory AssertCPUs AssertCPUFeature "
     "AssertUser AssertGroup AssertControlGroupController AssertACPower "
     "AssertFirstBoot AssertNeedsUpdate AssertCredential AssertPathIsEncrypted "
     "ConditionFirmware ConditionMemoryPressure ConditionCPUPressure ConditionIOPressure "
     "AssertFirmware AssertMemoryPressure AssertCPUPressure AssertIOPressure"},
};

constexpr Group kServiceGroups[] = {
    {Fate::Done, "",
     "ExecCondition ExecStartPre ExecStart ExecStartPost ExecReload ExecStop ExecStopPost "
     "PassEnvironment PermissionsStartOnly StartLimitInterval ReadWriteDirectories "
     "ReadOnlyDirectories "
     "InaccessibleDirectories"},
    {Fate::Ignored, "a respawn is direct: other units are not told of it", "RestartMode"},
    {Fate::Ignored, "the main process is always looked for", "GuessMainPID"},
    {Fate::Ignored, "there is no message bus", "BusName"},
    {Fate::Ignored, "it is for sockets that are passed, and none are", "NonBlocking"},
    {Fate::Refused, "there are no socket units, and none of its sockets would be open", "Sockets"},
    {Fate::Ignored, "there is no USB gadget", "USBFunctionDescriptors USBFunctionStrings"},
    {Fate::Ignored, "there is no machine to reboot",
     "StartLimitAction FailureAction RebootArgument"},
    {Fate::Ignored, "nothing is cleaned", "TimeoutCleanSec"},
    {Fate::Refused, "there is no host key to decrypt it with",
     "LoadCredentialEncrypted SetCredentialEncrypted"},
    {Fate::Ignored, "no unit is below a service",
     "DefaultMemoryMin DefaultMemoryLow DisableControllers"},
    {Fate::Ignored, "there is no systemd-oomd", "ManagedOOMSwap ManagedOOMPreference"},
    {Fate::Ignored, "there is no start-up phase of the machine",
     "StartupCPUWeight StartupIOWeight StartupAllowedCPUs StartupAllowedMemoryNodes"},
    {Fate::Ignored, "what the kernel can count is always counted",
     "CPUAccounting MemoryAccounting IOAccounting TasksAccounting BlockIOAccounting IPAccounting"},
    {Fate::Ignored, "it is of cgroup v1",
     "CPUShares StartupCPUShares BlockIOWeight StartupBlockIOWeight BlockIODeviceWeight "
     "BlockIOReadBandwidth BlockIOWriteBandwidth"},
    {Fate::Ignored, "gatevisor makes its slice", "Slice"},
    {Fate::Ignored, "its lines are never dropped", "LogRateLimitIntervalSec LogRateLimitBurst"},
    {Fate::Ignored, "there is one journal", "LogNamespace"},
    {Fate::Ignored, "it has no terminal and no login",
     "TTYPath TTYReset TTYVHangup TTYVTDisallocate TTYRows TTYColumns UtmpIdentifier UtmpMode"},
    {Fate::Refused, "its privileges would not be what the unit says",
     "PAMName RootDirectoryStartOnly DynamicUser"},
    {Fate::Refused, "no images are mounted",
     "RootImage RootImageOptions RootHash RootHashSignature RootVerity ExtensionDirectories "
     "ExtensionImages MountImages"},
    {Fate::Refused, "no namespace of others is joined", "NetworkNamespacePath IPCNamespacePath"},
    {Fate::Refused, "no security module is asked",
     "SELinuxContext AppArmorProfile SmackProcessLabel"},
    {Fate::Refused, "no BPF program is attached",
     "RestrictFileSystems DeviceAllow DevicePolicy IPAddressAllow IPAddressDeny "
     "IPIngressFilterPath "
     "IPEgressFilterPath BPFProgram SocketBindAllow SocketBindDeny RestrictNetworkInterfaces"},
};

constexpr Group kInstallGroups[] = {
    {Fate::Ignored, "nothing is enabled: the container starts gatevisor",
     "Alias WantedBy RequiredBy Also DefaultInstance"},
};

void add(std::vector<Directive>& all, std::span<const Group> groups) {
  for (const Group& group : groups) {
    std::string_view rest = group.names;
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find(' '), rest.size());
      all.push_back({rest.substr(0, end), group.fate, group.reason});
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
}

std::vector<Directive> section_of(std::string_view section) {
  std::vector<Directive> all;
  if (section == "Unit") add(all, kUnitGroups);
  if (section == "Install") add(all, kInstallGroups);
  const bool service = section == "Service";
  if (service) add(all, kServiceGroups);
  if (!service && section != "X-Gatevisor") return all;
  for (const Property& property : properties()) {
    // systemd has PIDFile= in [Service] as well.
    const bool here = property.ours != service || property.name == "PIDFile";
    if (here && property.name != "StartLimitIntervalSec") all.push_back({property.name, {}, {}});
  }
  if (!service) all.push_back({"Allow", Fate::Done, {}});
  return all;
}

}  // namespace

std::string_view to_string(Fate fate) {
  switch (fate) {
    case Fate::Done: return "done";
    case Fate::Refused: return "refused";
    case Fate::Ignored: return "ignored";
  }
  return "?";
}

std::span<const Directive> directives(std::string_view section) {
  static const std::vector<Directive> unit = section_of("Unit");
  static const std::vector<Directive> service = section_of("Service");
  static const std::vector<Directive> install = section_of("Install");
  static const std::vector<Directive> ours = section_of("X-Gatevisor");
  if (section == "Unit") return unit;
  if (section == "Service") return service;
  if (section == "Install") return install;
  if (section == "X-Gatevisor") return ours;
  return {};
}

const Directive* find_directive(std::string_view section, std::string_view name) {
  const auto all = directives(section);
  const auto found = std::ranges::find(all, name, &Directive::name);
  return found == all.end() ? nullptr : &*found;
}

}  // namespace gatevisor::config
