// From the text of a unit to what is started.

#include "config/load_unit.h"

#include <gtest/gtest.h>

#include <csignal>

namespace gatevisor::config {
namespace {

using namespace std::chrono_literals;

SpecifierValues values() {
  SpecifierValues values;
  values.runtime_root = "/run";
  values.host_name = "host";
  return values;
}

LoadedUnit load(const std::string& text, const std::string& name = "gw.service",
                std::vector<std::string> drop_ins = {}, std::set<std::string> allow = {}) {
  std::vector<UnitText> texts;
  drop_ins.insert(drop_ins.begin(), text);
  for (std::size_t i = 0; i < drop_ins.size(); ++i) {
    auto parsed = parse_unit_text(drop_ins[i], i == 0 ? "/u/" + name : "/u/drop.conf");
    EXPECT_TRUE(parsed) << (parsed ? "" : to_string(parsed.error()));
    texts.push_back(std::move(*parsed));
  }
  return load_unit(*parse_unit_name(name), texts, values(), std::move(allow));
}

/// The settings of a unit that may be started.
ServiceSettings good(const std::string& text, const std::string& name = "gw.service",
                     std::vector<std::string> drop_ins = {}) {
  LoadedUnit unit = load(text, name, std::move(drop_ins));
  for (const UnitError& error : unit.errors) ADD_FAILURE() << to_string(error);
  return std::move(unit.settings);
}

/// The one error of a unit that may not.
std::string error(const std::string& text, const std::string& name = "gw.service") {
  const LoadedUnit unit = load(text, name);
  EXPECT_EQ(unit.errors.size(), 1u);
  return unit.errors.empty() ? "" : to_string(unit.errors.front());
}

const UnitNote& note(const LoadedUnit& unit, const std::string& name) {
  static const UnitNote none;
  for (const UnitNote& each : unit.notes) {
    if (each.name == name) return each;
  }
  ADD_FAILURE() << "no note on " << name;
  return none;
}

const std::string kStart = "[Service]\nExecStart=/bin/gw --port 80\n";

TEST(LoadUnit, DefaultsAreSystemds) {
  const ServiceSettings settings = good(kStart);
  EXPECT_EQ(settings.name, "gw");
  EXPECT_EQ(settings.commands.main.at(0).path, "/bin/gw");
  EXPECT_EQ(settings.commands.main.at(0).argv,
            (std::vector<std::string>{"/bin/gw", "--port", "80"}));
  EXPECT_EQ(settings.exec.working_directory, "/");
  EXPECT_FALSE(settings.exec.inherit_environment);
  EXPECT_TRUE(settings.exec.ignore_sigpipe);
  EXPECT_TRUE(settings.commands.main.at(0).expand);
  EXPECT_EQ(settings.restart.mode, RestartMode::No);
  EXPECT_EQ(settings.restart.delay, 100ms);
  EXPECT_EQ(settings.kill.timeout_stop, 90s);
  EXPECT_EQ(settings.start_limit, (RateSettings{5, 10s}));
}

TEST(LoadUnit, SettingsOfAllSectionsArriveAndLaterFilesWin) {
  const ServiceSettings settings = good(
      "[Unit]\nDescription=x\nStartLimitBurst=3\n[Service]\nExecStart=/bin/gw\nUser=a\n"
      "Restart=always\n[X-Gatevisor]\nAlarmBurst=9\n[Install]\nWantedBy=multi-user.target\n",
      "gw.service", {"[Service]\nUser=b\nExecStart=\nExecStart=/bin/other\n"});
  EXPECT_EQ(settings.start_limit.burst, 3u);
  EXPECT_EQ(settings.exec.user, "b");
  EXPECT_EQ(settings.commands.main.at(0).path, "/bin/other");
  EXPECT_EQ(settings.restart.mode, RestartMode::Always);
  EXPECT_EQ(settings.alarm.burst, 9u);
}

TEST(LoadUnit, SpecifiersAreThoseOfTheUnit) {
  const ServiceSettings settings =
      good("[Service]\nExecStart=/bin/gw %i %%\nEnvironment=AT=%t/%p\nMemoryMax=50%\n",
           "gw@blue.service");
  EXPECT_EQ(settings.name, "gw@blue");
  EXPECT_EQ(settings.commands.main.at(0).argv, (std::vector<std::string>{"/bin/gw", "blue", "%"}));
  EXPECT_EQ(settings.exec.environment, std::vector<std::string>{"AT=/run/gw"});
  EXPECT_EQ(settings.resources.memory_max->kind, ResourceLimit::Kind::Percent);
}

TEST(LoadUnit, ErrorsSayFileLineColumnAndWhatToDo) {
  EXPECT_EQ(error(kStart + "MemoryMax=12Q\n").substr(0, 36),
            "/u/gw.service:3:11: MemoryMax=: expe");
  EXPECT_EQ(error(kStart + "MemoryMaximum=1\n"),
            "/u/gw.service:3:1: MemoryMaximum= is no setting of [Service]");
}

TEST(LoadUnit, ASectionThatNoServiceHasIsAnError) {
  EXPECT_EQ(error("[Sevice]\nUser=x\n" + kStart),
            "/u/gw.service:2:1: expected a section of a service, not [Sevice]");
}

TEST(LoadUnit, EveryErrorIsTold) {
  EXPECT_EQ(load("[Service]\nExecStart=/bin/gw\nUMask=9\nRestart=sometimes\n").errors.size(), 2u);
}

TEST(LoadUnit, OneshotThatRemainsMayHaveOnlyExecStop) {
  const std::string stop = "ExecStop=/bin/a\nRemainAfterExit=yes\n";
  good("[Service]\nType=oneshot\n" + stop);
  EXPECT_EQ(good("[Service]\n" + stop).life.type, ServiceType::Oneshot);  // its default then
  EXPECT_NE(error("[Service]\nType=simple\n" + stop), "");
  EXPECT_NE(error("[Service]\nType=oneshot\nExecStop=/bin/a\n"), "");
  EXPECT_NE(error("[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStopPost=/bin/a\n"), "");
}

TEST(LoadUnit, WithoutACommandThereIsNoService) {
  EXPECT_NE(error("[Service]\nUser=a\n").find("expected ExecStart="), std::string::npos);
  EXPECT_NE(error("[Service]\nExecStart=/bin/a\nExecStart=/bin/b\n").find("expected one command"),
            std::string::npos);
}

TEST(LoadUnit, AProtectionThatCannotBeGivenKeepsItFromStarting) {
  const std::string text = kStart + "DynamicUser=yes\n";
  EXPECT_EQ(
      error(text),
      "/u/gw.service:3:1: DynamicUser=: its privileges would not be what the unit says; to start "
      "the unit without it, say --allow=DynamicUser or Allow=DynamicUser in [X-Gatevisor]");
  const LoadedUnit allowed = load(text, "gw.service", {}, {"DynamicUser"});
  EXPECT_TRUE(allowed.errors.empty());
  EXPECT_TRUE(note(allowed, "DynamicUser").allowed);
  EXPECT_TRUE(load("[X-Gatevisor]\nAllow=DynamicUser IPAddressDeny\n" + text).errors.empty());
}

TEST(LoadUnit, AOneshotThatWouldNeverComeToAnEndIsRefused) {
  const std::string oneshot = kStart + "Type=oneshot\n";
  for (const char* line :
       {"Restart=always", "Restart=on-success", "RestartForceExitStatus=0", "ExitType=cgroup"}) {
    EXPECT_EQ(load(oneshot + line + "\n").errors.size(), 1u) << line;
    EXPECT_TRUE(load(kStart + line + "\n").errors.empty()) << line;
  }
  EXPECT_TRUE(load(oneshot + "Restart=on-failure\n").errors.empty());
}

TEST(LoadUnit, DelegateIsASwitchOrControllers) {
  for (const char* line : {"Delegate=yes", "Delegate=", "Delegate=pids memory cpu"}) {
    const LoadedUnit unit = load(kStart + line + "\n");
    EXPECT_TRUE(unit.errors.empty()) << line;
    EXPECT_TRUE(unit.settings.resources.delegate) << line;
  }
  EXPECT_FALSE(load(kStart + "Delegate=pids\nDelegate=no\n").settings.resources.delegate);
  EXPECT_EQ(load(kStart + "Delegate=yes\n").settings.memory.oom_policy, OomPolicy::Continue);
  EXPECT_EQ(load(kStart + "OOMPolicy=stop\nDelegate=yes\n").settings.memory.oom_policy,
            OomPolicy::Stop);
  EXPECT_EQ(load(kStart + "Delegate=network\n").errors.size(), 1u);
}

TEST(LoadUnit, AProgramThatIsMissingIsTriedAgainAsRestartSays) {
  EXPECT_TRUE(load(kStart).settings.restart.retries_exec_failure);
}

TEST(LoadUnit, OneThatIsSwitchedOffAsksForNothing) {
  for (const char* line : {"Delegate=no", "DynamicUser=0", "KeyringMode=inherit",
                           "RuntimeMaxSec=infinity", "ProtectHome="}) {
    EXPECT_TRUE(load(kStart + line + "\n").errors.empty()) << line;
  }
  EXPECT_EQ(load(kStart + "DynamicUser=no\nDynamicUser=yes\n").errors.size(), 1u);
}

TEST(LoadUnit, TheSandboxIsDoneWithSpecifiersAndOlderNames) {
  const LoadedUnit unit = load(kStart +
                               "ProtectSystem=strict\nReadWriteDirectories=-/var/lib/%N\n"
                               "ReadOnlyDirectories=/lost\nReadOnlyPaths=\nReadOnlyPaths=+/a /b\n"
                               "InaccessibleDirectories=/c\nBindPaths=%t/%p:/run/x\n"
                               "[X-Gatevisor]\nAllow=ProtectSystem\n");
  EXPECT_TRUE(unit.errors.empty());
  EXPECT_EQ(note(unit, "ReadWriteDirectories").fate, Fate::Done);
  EXPECT_EQ(unit.allow, std::set<std::string>{"ProtectSystem"});
  const MountSettings& mounts = unit.settings.exec.mounts;
  EXPECT_EQ(mounts.read_write, (std::vector<SandboxPath>{{"/var/lib/gw", true}}));
  EXPECT_EQ(mounts.read_only, (std::vector<SandboxPath>{{"/a", false, true}, {"/b"}}));
  EXPECT_EQ(mounts.inaccessible, (std::vector<SandboxPath>{{"/c"}}));
  EXPECT_EQ(mounts.binds, (std::vector<BindPath>{{"/run/gw", "/run/x"}}));
}

TEST(LoadUnit, WhatHasNoMeaningHereIsNoted) {
  const LoadedUnit unit = load("[Unit]\nAfter=network.target\n" + kStart + "Slice=x.slice\n");
  EXPECT_TRUE(unit.errors.empty());
  EXPECT_EQ(note(unit, "After").fate, Fate::Ignored);
  EXPECT_EQ(note(unit, "After").reason, "of units, only services are run");
  EXPECT_EQ(note(unit, "Slice").fate, Fate::Ignored);
  EXPECT_EQ(note(unit, "ExecStart").fate, Fate::Done);
}

TEST(LoadUnit, OtherUnitsByTheirNames) {
  const LoadedUnit unit = load(
      "[Unit]\nAfter=network.target db.service\nAfter=cache.service db.service\nAfter=\n"
      "BindTo=old.service\nOnFailure=report@%n.service\n" +
      kStart);
  EXPECT_TRUE(unit.errors.empty());
  const Dependencies& others = unit.settings.dependencies;
  EXPECT_EQ(others.of(Dependency::After), (std::vector<std::string>{"db.service", "cache.service"}))
      << "an empty value takes nothing back";
  EXPECT_EQ(others.of(Dependency::BindsTo), std::vector<std::string>{"old.service"});
  EXPECT_EQ(others.of(Dependency::OnFailure),
            std::vector<std::string>{"report@gw.service.service"});
  EXPECT_EQ(note(unit, "After").fate, Fate::Done);
  EXPECT_EQ(load("[Unit]\nAfter=db\n" + kStart).errors.size(), 1u);
  EXPECT_EQ(load("[Unit]\nWants=db@.service\n" + kStart).errors.size(), 1u);
  EXPECT_EQ(load("[Unit]\nJoinsNamespaceOf=db.service\n" + kStart).errors.size(), 1u);
}

TEST(LoadUnit, SectionsOfOtherUnitsArePassedOver) {
  const LoadedUnit unit = load(kStart + "[Socket]\nListenStream=80\nAccept=no\n[Timer]\nA=b\n");
  EXPECT_TRUE(unit.errors.empty());
  EXPECT_EQ(unit.remarks, (std::vector<std::string>{"/u/gw.service: [Socket] is for another unit",
                                                    "/u/gw.service: [Timer] is for another unit"}));
}

TEST(LoadUnit, ASecurityLabelMayBeMissingWhereItSaysSo) {
  EXPECT_NE(error(kStart + "AppArmorProfile=tor\n"), "");
  for (const char* name : {"AppArmorProfile", "SELinuxContext", "SmackProcessLabel"}) {
    const LoadedUnit unit = load(kStart + name + "=-tor\n");
    EXPECT_TRUE(unit.errors.empty()) << name;
    EXPECT_EQ(note(unit, name).fate, Fate::Ignored);
    EXPECT_EQ(note(unit, name).reason, "no security module is asked, and '-' lets it be missing");
  }
}

TEST(LoadUnit, PermissionsStartOnlyIsAPlusBeforeTheOtherCommands) {
  const std::string text = kStart + "User=a\nExecStartPre=/a\nExecStopPost=!/b\n";
  const Commands commands = good(text + "PermissionsStartOnly=yes\n").commands;
  EXPECT_EQ(commands.main.at(0).privilege, Privilege::Unit);
  EXPECT_EQ(commands.start_pre.at(0).privilege, Privilege::Full);
  EXPECT_EQ(commands.stop_post.at(0).privilege, Privilege::Full);
  const Commands off = good(text + "PermissionsStartOnly=yes\nPermissionsStartOnly=no\n").commands;
  EXPECT_EQ(off.start_pre.at(0).privilege, Privilege::Unit);
  EXPECT_NE(error(text + "PermissionsStartOnly=perhaps\n"), "");
}

TEST(LoadUnit, APidFileIsTheServicesOwnButInOurSection) {
  EXPECT_FALSE(good(kStart + "PIDFile=gw.pid\n").writes_pid_file);
  EXPECT_EQ(good(kStart + "PIDFile=gw.pid\n").pid_file, "/run/gw.pid");
  EXPECT_TRUE(good(kStart + "[X-Gatevisor]\nPIDFile=/x\n").writes_pid_file);
}

TEST(LoadUnit, TheLastTypeCounts) {
  EXPECT_EQ(
      good(kStart + "Type=dbus\nBusName=a.b\n", "gw.service", {"[Service]\nType=exec\n"}).life.type,
      ServiceType::Exec);
  EXPECT_EQ(load(kStart + "Type=exec\n", "gw.service", {"[Service]\nType=dbus\n"}).errors.size(),
            1u);
  EXPECT_NE(error(kStart + "BusName=a.b\n").find("gw.service:3:9: Type=: there is no message bus"),
            std::string::npos);
  EXPECT_EQ(good(kStart + "BusName=a.b\nType=simple\n").life.type, ServiceType::Simple);
}

TEST(LoadUnit, EveryTypeButTheMessageBus) {
  EXPECT_EQ(good(kStart).life.type, ServiceType::Simple);
  EXPECT_EQ(good(kStart + "Type=notify\n").life.type, ServiceType::Notify);
  EXPECT_NE(error(kStart + "Type=dbus\n").find("no message bus"), std::string::npos);
  EXPECT_NE(error(kStart + "Type=daemon\n").find("expected simple, exec"), std::string::npos);
}

TEST(LoadUnit, CommandsOfEveryKindInTheirOrder) {
  const Commands commands = good(kStart +
                                 "ExecCondition=/c\nExecStartPre=-/a x\nExecStartPre=/lost\n"
                                 "ExecStartPre=\nExecStartPre=/a ; /b\nExecStartPost=+/p\n"
                                 "ExecReload=/bin/kill -HUP $MAINPID\nExecStop=/s\n"
                                 "ExecStopPost=!/q\n")
                                .commands;
  EXPECT_EQ(commands.condition.size(), 1U);
  ASSERT_EQ(commands.start_pre.size(), 2U);
  EXPECT_EQ(commands.start_pre[1].path, "/b");
  EXPECT_EQ(commands.start_post.at(0).privilege, Privilege::Full);
  EXPECT_EQ(commands.reload.at(0).argv.at(2), "$MAINPID");
  EXPECT_EQ(commands.stop.size(), 1U);
  EXPECT_EQ(commands.stop_post.at(0).privilege, Privilege::NoUser);
}

TEST(LoadUnit, SeveralMainCommandsOnlyForAOneshot) {
  EXPECT_EQ(good(kStart + "ExecStart=/b\nType=oneshot\n").commands.main.size(), 2U);
  EXPECT_NE(error(kStart + "ExecStart=/b\n").find("gw.service:3:11: expected one command"),
            std::string::npos);
}

TEST(LoadUnit, TimesOfALifeAreSystemds) {
  EXPECT_EQ(good(kStart).life.start_timeout(), 90s);
  EXPECT_EQ(good(kStart + "Type=oneshot\n").life.start_timeout(), kForever);
  EXPECT_EQ(good(kStart + "TimeoutSec=7\n").life.start_timeout(), 7s);
  EXPECT_EQ(good(kStart + "TimeoutSec=7\n").kill.timeout_stop, 7s);
  EXPECT_EQ(good(kStart + "TimeoutStartSec=0\n").life.start_timeout(), kForever);
  EXPECT_EQ(good(kStart + "WatchdogSec=5\n").life.notify(), NotifyAccess::Main);
  EXPECT_EQ(good(kStart + "Type=notify\nNotifyAccess=all\n").life.notify(), NotifyAccess::All);
  EXPECT_EQ(good(kStart).life.notify(), NotifyAccess::None);
}

TEST(LoadUnit, PrefixesOfTheCommand) {
  EXPECT_TRUE(good("[Service]\nExecStart=-/bin/gw\n").success.codes.test(1));
  EXPECT_FALSE(good("[Service]\nType=forking\nExecStart=-/bin/gw\n").success.codes.test(1));
  EXPECT_FALSE(good("[Service]\nExecStart=:/bin/gw $A\n").commands.main.at(0).expand);
  const ServiceSettings named = good("[Service]\nExecStart=@/bin/gw other x\n");
  EXPECT_EQ(named.commands.main.at(0).path, "/bin/gw");
  EXPECT_EQ(named.commands.main.at(0).argv, (std::vector<std::string>{"other", "x"}));
  const ServiceSettings full = good("[Service]\nExecStart=+/bin/gw\nUser=a\nNoNewPrivileges=yes\n");
  EXPECT_EQ(full.commands.main.at(0).privilege, Privilege::Full);
}

TEST(LoadUnit, UnknownEscapesOfACommandStayAsSystemdHasIt) {
  EXPECT_EQ(good("[Service]\nExecStart=/bin/sed 's/\\./x/'\n").commands.main.at(0).argv[1],
            "s/\\./x/");
}

TEST(LoadUnit, ConditionsAreReadInOrder) {
  const auto conditions = good(
                              "[Unit]\nConditionPathExists=/lost\nConditionPathExists=\n"
                              "ConditionPathExists=|!/x/%p\nAssertEnvironment=A=b\n" +
                              kStart)
                              .conditions;
  ASSERT_EQ(conditions.size(), 2u);
  EXPECT_EQ(conditions[0].kind, Condition::Kind::PathExists);
  EXPECT_TRUE(conditions[0].trigger && conditions[0].negate && !conditions[0].assertion);
  EXPECT_EQ(conditions[0].parameter, "/x/gw");
  EXPECT_EQ(conditions[0].text, "/u/gw.service:4:1: ConditionPathExists=|!/x/%p");
  EXPECT_TRUE(conditions[1].assertion);
  EXPECT_EQ(conditions[1].parameter, "A=b");
  EXPECT_NE(error("[Unit]\nConditionPathExists=x\n" + kStart).find("absolute path"),
            std::string::npos);
}

TEST(LoadUnit, SectionsAndSettingsForOthersAreLeftAlone) {
  EXPECT_TRUE(load("[X-Other]\nA=b\n" + kStart + "X-Mine=1\n").errors.empty());
}

TEST(LoadUnit, ATemplateNeedsAnInstance) {
  EXPECT_NE(error(kStart, "gw@.service").find("name an instance"), std::string::npos);
}

TEST(LoadUnit, PassedVariablesAreNamed) {
  EXPECT_EQ(good(kStart + "PassEnvironment=A B\n").exec.pass_environment,
            (std::vector<std::string>{"A", "B"}));
}

}  // namespace
}  // namespace gatevisor::config
