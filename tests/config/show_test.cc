// The effective value of each property. Expected texts are those of systemctl 252
// (integration/systemd/show compares all of them with it).

#include "config/show.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <fstream>
#include <set>

#include "config/directives.h"

namespace gatevisor::config {
namespace {

ShowHost host() {
  ShowHost host;
  host.memory = 755'015'680;
  host.tasks = 5'529;
  host.capabilities = (std::uint64_t{1} << 41) - 1;
  host.rlimits[RLIMIT_NOFILE] = {1024, 524'288};
  return host;
}

std::vector<ShownProperty> shown(const std::string& text, const ShowHost& on = host()) {
  const auto name = parse_unit_name("gw.service");
  const std::vector<UnitText> texts = {*parse_unit_text(text, "/u/gw.service")};
  SpecifierValues values;
  values.runtime_root = "/run";
  const LoadedUnit unit = load_unit(*name, texts, values, {});
  for (const UnitError& error : unit.errors) ADD_FAILURE() << to_string(error);
  return show(unit, "gw.service", on);
}

/// The value of one property of a service with these directives; several lines with '|' between.
std::string value(const std::string& directives, std::string_view property,
                  const ShowHost& on = host()) {
  const auto all = shown("[Service]\nExecStart=/bin/gw\n" + directives + "\n", on);
  const auto found = std::ranges::find(all, property, &ShownProperty::name);
  if (found == all.end()) return "no such property";
  std::string text;
  for (const std::string& line : shown_lines(*found, true)) {
    text += (text.empty() ? "" : "|") + line;
  }
  return text;
}

TEST(Show, EveryDirectiveThatIsDoneIsShown) {
  for (const char* section : {"Unit", "Service", "X-Gatevisor"}) {
    for (const Directive& directive : directives(section)) {
      if (directive.fate != Fate::Done) continue;
      EXPECT_FALSE(shown_as(directive.name).empty()) << directive.name;
    }
  }
}

TEST(Show, EveryDirectiveOfAServiceIsComparedWithSystemctl) {
  // Systemd 252 does not have these.
  const std::set<std::string_view> later = {"ManagedOOMMemoryPressureDurationSec", "MemoryZSwapMax", "ReloadSignal",
                                            "RestartMaxDelaySec", "RestartRandomizedDelaySec",
                                            "RestartSteps"};
  std::ifstream file(GATEVISOR_SHOW_VALUES);
  std::string values = "\n";
  for (std::string line; std::getline(file, line);) values += " " + line + "\n";
  for (const Directive& directive : directives("Service")) {
    if (directive.fate != Fate::Done || later.contains(directive.name)) continue;
    EXPECT_NE(values.find(" " + std::string(directive.name) + "="), std::string::npos)
        << "no line in integration/systemd/show/values has " << directive.name;
  }
}

TEST(Show, EveryPropertyIsThereOnce) {
  auto all = shown("[Service]\nExecStart=/bin/gw\n");
  std::ranges::sort(all, {}, &ShownProperty::name);
  EXPECT_EQ(std::ranges::adjacent_find(all, {}, &ShownProperty::name), all.end());
  for (const ShownProperty& property : all) {
    EXPECT_TRUE(is_shown(property.name));
    EXPECT_TRUE(property.form != ShownForm::Text || property.parts.size() == 1) << property.name;
  }
}

TEST(Show, WhatIsNotDoneIsNotShown) {
  EXPECT_TRUE(shown_as("DeviceAllow").empty());
  EXPECT_FALSE(is_shown("DevicePolicy"));
}

TEST(Show, DefaultsAreSystemds) {
  for (const auto& [property, text] :
       std::vector<std::pair<const char*, const char*>>{{"Type", "simple"},
                                                        {"Restart", "no"},
                                                        {"RestartUSec", "100ms"},
                                                        {"TimeoutStartUSec", "1min 30s"},
                                                        {"TimeoutStopUSec", "1min 30s"},
                                                        {"TimeoutAbortUSec", "1min 30s"},
                                                        {"StartLimitIntervalUSec", "10s"},
                                                        {"StartLimitBurst", "5"},
                                                        {"KillSignal", "15"},
                                                        {"RestartKillSignal", "15"},
                                                        {"MemoryMax", "infinity"},
                                                        {"MemoryMin", "0"},
                                                        {"CPUWeight", "[not set]"},
                                                        {"CPUQuotaPerSecUSec", "infinity"},
                                                        {"UMask", "0022"},
                                                        {"LimitNOFILE", "524288"},
                                                        {"LimitNOFILESoft", "1024"},
                                                        {"CoredumpFilter", "0x33"},
                                                        {"IOSchedulingClass", "2"},
                                                        {"IOSchedulingPriority", "4"},
                                                        {"TimerSlackNSec", "50000"},
                                                        {"NUMAPolicy", "n/a"},
                                                        {"StandardInput", "null"},
                                                        {"SystemCallFilter", "~"},
                                                        {"SystemCallErrorNumber", "2147483646"},
                                                        {"RestrictAddressFamilies", "~"},
                                                        {"RestrictNamespaces", "no"},
                                                        {"KeyringMode", "private"},
                                                        {"IgnoreSIGPIPE", "yes"},
                                                        {"WorkingDirectory", ""},
                                                        {"Description", "gw.service"}}) {
    EXPECT_EQ(value("", property), text) << property;
  }
}

TEST(Show, TimesAreThoseOfFormatTimespan) {
  EXPECT_EQ(value("RestartSec=1.5", "RestartUSec"), "1.500000s");
  EXPECT_EQ(value("RestartSec=2h 3min 4s 5ms 6us", "RestartUSec"), "2h 3min 4.005006s");
  EXPECT_EQ(value("RestartSec=1500us", "RestartUSec"), "1.500ms");
  EXPECT_EQ(value("RestartSec=1y 2month 3w 4d", "RestartUSec"), "1y 2month 3w 4d");
  EXPECT_EQ(value("RestartSec=7d", "RestartUSec"), "1w");
  EXPECT_EQ(value("RestartSec=0", "RestartUSec"), "0");
  EXPECT_EQ(value("RestartSec=infinity", "RestartUSec"), "infinity");
  EXPECT_EQ(value("TimeoutStopSec=0", "TimeoutStopUSec"), "infinity");
}

TEST(Show, WhatOneSettingMeansForAnotherIsInIt) {
  EXPECT_EQ(value("Type=oneshot", "TimeoutStartUSec"), "infinity");
  EXPECT_EQ(value("Type=notify", "NotifyAccess"), "main");
  EXPECT_EQ(value("KillSignal=SIGQUIT", "RestartKillSignal"), "3");
  EXPECT_EQ(value("TimeoutStopSec=5", "TimeoutAbortUSec"), "5s");
  EXPECT_EQ(value("RootDirectory=/srv", "MountAPIVFS"), "yes");
  EXPECT_EQ(value("StandardInputText=a", "StandardInput"), "data");
}

TEST(Show, CommandsAreAsSystemctlHasThem) {
  EXPECT_EQ(value("ExecStartPre=-/bin/a 'b c' $D", "ExecStartPre"),
            "{ path=/bin/a ; argv[]=/bin/a b c $D ; ignore_errors=yes ; start_time=[n/a] ; "
            "stop_time=[n/a] ; pid=0 ; code=(null) ; status=0/0 }");
  EXPECT_EQ(value("ExecStop=-@:+/bin/a zero\nExecStop=!/bin/b", "ExecStopEx"),
            "{ path=/bin/a ; argv[]=zero ; flags=ignore-failure privileged no-env-expand ; "
            "start_time=[n/a] ; stop_time=[n/a] ; pid=0 ; code=(null) ; status=0/0 }|"
            "{ path=/bin/b ; argv[]=/bin/b ; flags=no-setuid ; start_time=[n/a] ; "
            "stop_time=[n/a] ; pid=0 ; code=(null) ; status=0/0 }");
}

TEST(Show, SharesAreOfThisMachine) {
  EXPECT_EQ(value("MemoryMax=512M", "MemoryMax"), "536870912");
  EXPECT_EQ(value("MemoryMax=50%", "MemoryMax"), "377507840");
  EXPECT_EQ(value("MemoryHigh=33.33%", "MemoryHigh"), "251645952");
  EXPECT_EQ(value("MemoryMin=infinity", "MemoryMin"), "18446744073709551615");
  EXPECT_EQ(value("TasksMax=10%", "TasksMax"), "552");
  EXPECT_EQ(value("ManagedOOMMemoryPressureLimit=33%", "ManagedOOMMemoryPressureLimit"),
            "1417339207");
  EXPECT_EQ(value("CPUQuota=150.5%", "CPUQuotaPerSecUSec"), "1.505000s");
}

TEST(Show, WordsAreQuotedForAShell) {
  EXPECT_EQ(value("Environment=A=1 'B=x y' 'C=$d' 'D=it\"s'", "Environment"),
            "A=1 \"B=x y\" \"C=\\$d\" \"D=it\\\"s\"");
  EXPECT_EQ(value("Environment='T=a\\tb'", "Environment"), "\"T=a\\tb\"");
  EXPECT_EQ(value("[Unit]\nDocumentation=man:sh(1) file:/a", "Documentation"),
            "\"man:sh(1)\" file:/a");
}

TEST(Show, ListsAreALineEach) {
  EXPECT_EQ(value("EnvironmentFile=/a\nEnvironmentFile=-/b*", "EnvironmentFiles"),
            "/a (ignore_errors=no)|/b* (ignore_errors=yes)");
  EXPECT_EQ(value("IODeviceWeight=/dev/vda 200", "IODeviceWeight"), "/dev/vda 200");
  EXPECT_EQ(value("IODeviceLatencyTargetSec=/dev/vda 25ms", "IODeviceLatencyTargetUSec"),
            "/dev/vda 25ms");
}

TEST(Show, CapabilitiesAreTheKernelsAndWithoutWhatIsDropped) {
  EXPECT_EQ(value("CapabilityBoundingSet=CAP_KILL CAP_CHOWN", "CapabilityBoundingSet"),
            "cap_chown cap_kill");
  ShowHost small = host();
  small.capabilities = 7;
  small.dropped = 2;
  EXPECT_EQ(value("", "CapabilityBoundingSet", small), "cap_chown cap_dac_read_search");
}

TEST(Show, Sandbox) {
  EXPECT_EQ(value("BindPaths=/a:/b -/c /d:/e:norbind", "BindPaths"),
            "/a:/b:rbind -/c:/c:rbind /d:/e");
  EXPECT_EQ(value("ReadWritePaths=/a -/b -+/c '/d e'", "ReadWritePaths"), "/a -/b -+/c \"/d e\"");
  EXPECT_EQ(value("TemporaryFileSystem=/tmp /var:ro,size=10%", "TemporaryFileSystem"),
            "/tmp /var:ro,size=10%");
  EXPECT_EQ(value("SystemCallFilter=~ptrace:EPERM kill:kill", "SystemCallFilter"),
            "~kill:kill ptrace:EPERM");
  EXPECT_EQ(value("SystemCallFilter=~umount umount2:EACCES umount:EACCES", "SystemCallFilter"),
            "~umount2:EACCES umount:EACCES");
  EXPECT_EQ(value("RestrictAddressFamilies=AF_UNIX AF_INET6", "RestrictAddressFamilies"),
            "AF_INET6 AF_UNIX");
  EXPECT_EQ(value("RestrictAddressFamilies=none", "RestrictAddressFamilies"), "");
  EXPECT_EQ(value("SystemCallArchitectures=native x86", "SystemCallArchitectures"), "native x86");
  EXPECT_EQ(value("RestrictNamespaces=mnt user", "RestrictNamespaces"), "mnt user");
  EXPECT_EQ(value("RuntimeDirectory=a b/c\nRuntimeDirectory=d:link", "RuntimeDirectory"),
            "a b/c d");
  EXPECT_EQ(value("RuntimeDirectory=d:link", "RuntimeDirectorySymlink"), "d:link");
  EXPECT_EQ(value("StandardInputText=hello\\tworld", "StandardInputData"), "aGVsbG8Jd29ybGQK");
}

TEST(Show, ValuesOfCredentialsAreNotShown) {
  EXPECT_EQ(value("SetCredential=a:secret", "SetCredential"), "a");
}

TEST(Show, NothingIsAnEmptyLineOrNone) {
  const auto all = shown("[Service]\nExecStart=/bin/gw\n");
  const auto find = [&](std::string_view name) {
    return *std::ranges::find(all, name, &ShownProperty::name);
  };
  EXPECT_TRUE(is_empty(find("User")));
  EXPECT_TRUE(is_empty(find("EnvironmentFiles")));
  EXPECT_FALSE(is_empty(find("UMask")));
  EXPECT_EQ(shown_lines(find("EnvironmentFiles"), false),
            std::vector<std::string>{"EnvironmentFiles="});
  EXPECT_EQ(shown_lines(find("UMask"), false), std::vector<std::string>{"UMask=0022"});
}

TEST(Show, DirectiveIsKnownByWhatItSets) {
  EXPECT_EQ(shown_as("RestartSec"), std::vector<std::string_view>{"RestartUSec"});
  EXPECT_EQ(shown_as("MemoryLimit"), std::vector<std::string_view>{"MemoryMax"});
  EXPECT_EQ(
      shown_as("TimeoutSec"),
      (std::vector<std::string_view>{"TimeoutStartUSec", "TimeoutStopUSec", "TimeoutAbortUSec"}));
}

}  // namespace
}  // namespace gatevisor::config
