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
  EXPECT_EQ(settings.exec.program, "/bin/gw");
  EXPECT_EQ(settings.exec.argv, (std::vector<std::string>{"/bin/gw", "--port", "80"}));
  EXPECT_EQ(settings.exec.working_directory, "/");
  EXPECT_FALSE(settings.exec.inherit_environment);
  EXPECT_TRUE(settings.exec.ignore_sigpipe);
  EXPECT_TRUE(settings.exec.expand_variables);
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
  EXPECT_EQ(settings.exec.program, "/bin/other");
  EXPECT_EQ(settings.restart.mode, RestartMode::Always);
  EXPECT_EQ(settings.alarm.burst, 9u);
}

TEST(LoadUnit, SpecifiersAreThoseOfTheUnit) {
  const ServiceSettings settings =
      good("[Service]\nExecStart=/bin/gw %i %%\nEnvironment=AT=%t/%p\nMemoryMax=50%\n",
           "gw@blue.service");
  EXPECT_EQ(settings.name, "gw@blue");
  EXPECT_EQ(settings.exec.argv, (std::vector<std::string>{"/bin/gw", "blue", "%"}));
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

TEST(LoadUnit, WithoutACommandThereIsNoService) {
  EXPECT_NE(error("[Service]\nUser=a\n").find("expected ExecStart="), std::string::npos);
  EXPECT_NE(error("[Service]\nExecStart=/bin/a\nExecStart=/bin/b\n").find("expected one command"),
            std::string::npos);
}

TEST(LoadUnit, AProtectionThatCannotBeGivenKeepsItFromStarting) {
  const std::string text = kStart + "ProtectSystem=strict\n";
  EXPECT_EQ(error(text),
            "/u/gw.service:3:1: ProtectSystem=: it has no mount namespace of its own; to start the "
            "unit without it, say --allow=ProtectSystem or Allow=ProtectSystem in [X-Gatevisor]");
  const LoadedUnit allowed = load(text, "gw.service", {}, {"ProtectSystem"});
  EXPECT_TRUE(allowed.errors.empty());
  EXPECT_TRUE(note(allowed, "ProtectSystem").allowed);
  EXPECT_TRUE(load("[X-Gatevisor]\nAllow=ProtectSystem PrivateTmp\n" + text).errors.empty());
}

TEST(LoadUnit, OneThatIsSwitchedOffAsksForNothing) {
  for (const char* line : {"ProtectSystem=no", "PrivateTmp=false", "DynamicUser=0",
                           "ProtectProc=default", "RuntimeMaxSec=infinity", "ProtectHome="}) {
    EXPECT_TRUE(load(kStart + line + "\n").errors.empty()) << line;
  }
  EXPECT_EQ(load(kStart + "PrivateTmp=no\nPrivateTmp=yes\n").errors.size(), 1u);
}

TEST(LoadUnit, WhatHasNoMeaningHereIsNoted) {
  const LoadedUnit unit = load("[Unit]\nAfter=network.target\n" + kStart + "Slice=x.slice\n");
  EXPECT_TRUE(unit.errors.empty());
  EXPECT_EQ(note(unit, "After").fate, Fate::Ignored);
  EXPECT_EQ(note(unit, "After").reason, "no other unit runs beside it");
  EXPECT_EQ(note(unit, "Slice").fate, Fate::Ignored);
  EXPECT_EQ(note(unit, "ExecStart").fate, Fate::Done);
}

TEST(LoadUnit, TypesThatAreNotDoneSaySo) {
  EXPECT_TRUE(load(kStart + "Type=exec\n").errors.empty());
  EXPECT_NE(error(kStart + "Type=notify\n").find("is not done yet"), std::string::npos);
  EXPECT_NE(error(kStart + "Type=daemon\n").find("expected simple, exec"), std::string::npos);
}

TEST(LoadUnit, PrefixesOfTheCommand) {
  EXPECT_TRUE(good("[Service]\nExecStart=-/bin/gw\n").success.codes.test(1));
  EXPECT_FALSE(good("[Service]\nExecStart=:/bin/gw $A\n").exec.expand_variables);
  const ServiceSettings named = good("[Service]\nExecStart=@/bin/gw other x\n");
  EXPECT_EQ(named.exec.program, "/bin/gw");
  EXPECT_EQ(named.exec.argv, (std::vector<std::string>{"other", "x"}));
  const ServiceSettings full = good("[Service]\nExecStart=+/bin/gw\nUser=a\nNoNewPrivileges=yes\n");
  EXPECT_EQ(full.exec.user, "");
  EXPECT_FALSE(full.exec.no_new_privileges);
}

TEST(LoadUnit, UnknownEscapesOfACommandStayAsSystemdHasIt) {
  EXPECT_EQ(good("[Service]\nExecStart=/bin/sed 's/\\./x/'\n").exec.argv[1], "s/\\./x/");
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
