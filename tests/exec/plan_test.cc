// What the child is given: program, environment, directory.

#include "exec/plan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>

namespace gatevisor::exec {
namespace {

std::vector<std::string> environment(const Plan& plan) {
  std::vector<std::string> entries;
  for (char* entry : plan.envp) {
    if (entry != nullptr) entries.emplace_back(entry);
  }
  return entries;
}

bool has(const Plan& plan, const std::string& entry) {
  return std::ranges::count(environment(plan), entry) == 1;
}

const Command kShell{.path = "", .argv = {"sh", "-c", "true"}, .expand = false};

Plan make(const ExecSettings& settings, std::optional<Identity> identity = std::nullopt,
          std::vector<std::string> from_files = {}, const Command& command = kShell) {
  const Surroundings surroundings{
      {"PATH=/usr/bin:/bin", "KEPT=1", "SECRET=x"}, "/", {}, std::nullopt, std::nullopt};
  auto plan =
      Plan::make(settings, command, std::move(identity), surroundings, std::move(from_files));
  EXPECT_TRUE(plan) << to_string(plan.error());
  return std::move(*plan);
}

TEST(Plan, OutputGoesToTheJournalWhereNothingElseIsSaid) {
  using Kind = StandardOutput::Kind;
  const auto kinds = [](const ExecSettings& settings) {
    const Plan plan = make(settings);
    return std::pair(plan.standard_output.kind, plan.standard_error.kind);
  };
  ExecSettings settings;
  EXPECT_EQ(kinds(settings), std::pair(Kind::Journal, Kind::Journal));
  // What is inherited is what standard input is.
  settings.standard_input = StandardInput::Inherit;
  EXPECT_EQ(kinds(settings), std::pair(Kind::Inherit, Kind::Inherit));
  settings.standard_output.kind = Kind::Journal;
  EXPECT_EQ(kinds(settings), std::pair(Kind::Journal, Kind::Journal));
  settings.standard_output = {Kind::Null, {}};
  EXPECT_EQ(kinds(settings), std::pair(Kind::Null, Kind::Inherit));
  settings.standard_error.kind = Kind::Journal;
  EXPECT_EQ(kinds(settings), std::pair(Kind::Null, Kind::Journal));
}

TEST(Plan, CommandIsSearchedInPathAndKeepsItsName) {
  const Plan plan = make(ExecSettings{});
  EXPECT_TRUE(plan.program == "/usr/bin/sh" || plan.program == "/bin/sh") << plan.program;
  EXPECT_STREQ(plan.argv[0], "sh");
  EXPECT_EQ(plan.argv[3], nullptr);
}

TEST(Plan, MissingCommandSaysWhereItWasSearched) {
  const auto plan = Plan::make({}, Command{.argv = {"no-such-command"}}, std::nullopt,
                               {{"PATH=/usr/bin"}, "/", {}, std::nullopt, std::nullopt}, {});
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().code, ENOENT);
  EXPECT_NE(plan.error().advice.find("/usr/bin"), std::string::npos);
}

TEST(Plan, PrefixesOfACommandLeaveOutItsUserOrEverything) {
  ExecSettings settings;
  settings.no_new_privileges = true;
  const Identity user{.uid = 7, .gid = 7, .groups = {}, .user = "a", .home = "/a", .shell = ""};
  Command command = kShell;
  EXPECT_TRUE(make(settings, user, {}, command).identity.has_value());
  command.privilege = Privilege::NoUser;
  EXPECT_FALSE(make(settings, user, {}, command).identity.has_value());
  EXPECT_TRUE(make(settings, user, {}, command).no_new_privileges);
  command.privilege = Privilege::Full;
  EXPECT_FALSE(make(settings, user, {}, command).identity.has_value());
  EXPECT_FALSE(make(settings, user, {}, command).no_new_privileges);
}

TEST(Plan, CommandOfFullPrivilegesHasNoFilterAndTheMountsOfItsOwn) {
  Surroundings surroundings{{"PATH=/usr/bin:/bin"}, "/", {}, std::nullopt, std::nullopt};
  surroundings.syscall_filters = std::make_shared<const SyscallFilters>();
  surroundings.namespaces.unshare_flags = 1;
  surroundings.full_namespaces.unshare_flags = 2;
  Command command = kShell;
  const auto unit = Plan::make({}, command, std::nullopt, surroundings, {});
  EXPECT_EQ(unit->syscall_filters, surroundings.syscall_filters);
  EXPECT_EQ(unit->namespaces.unshare_flags, 1);
  command.privilege = Privilege::Full;
  const auto full = Plan::make({}, command, std::nullopt, surroundings, {});
  EXPECT_EQ(full->syscall_filters, nullptr);
  EXPECT_EQ(full->namespaces.unshare_flags, 2);
}

TEST(Plan, DirectoryIsNoCommand) { EXPECT_EQ(find_program("/tmp", "", "/").error().code, EACCES); }

TEST(Plan, CommandWithASlashIsRelativeToWhereGatevisorWasStarted) {
  EXPECT_EQ(find_program("bin/sh", "", "").value_or(""), "/bin/sh");
}

TEST(Plan, OwnEnvironmentIsHandedOn) { EXPECT_TRUE(has(make(ExecSettings{}), "KEPT=1")); }

TEST(Plan, SettingWinsOverTheOwnEnvironmentAndAFileOverTheSetting) {
  ExecSettings settings;
  settings.environment = {"KEPT=2", "OTHER=a"};
  const Plan plan = make(settings, std::nullopt, {"OTHER=b"});
  EXPECT_TRUE(has(plan, "KEPT=2"));
  EXPECT_FALSE(has(plan, "KEPT=1"));
  EXPECT_TRUE(has(plan, "OTHER=b"));
}

TEST(Plan, SeedRow_Secrets_UnsetVariableIsAbsent) {
  ExecSettings settings;
  settings.environment = {"SECRET=y"};
  settings.unset_environment = {"SECRET"};
  for (const std::string& entry : environment(make(settings))) {
    EXPECT_FALSE(entry.starts_with("SECRET=")) << entry;
  }
}

TEST(Plan, UnsetWithAValueRemovesThatValueAlone) {
  ExecSettings settings;
  settings.unset_environment = {"KEPT=other", "SECRET=x"};
  const Plan plan = make(settings);
  EXPECT_TRUE(has(plan, "KEPT=1"));
  EXPECT_FALSE(has(plan, "SECRET=x"));
}

TEST(Plan, UserBringsHomeShellAndName) {
  const Plan plan =
      make(ExecSettings{}, Identity{998, 998, {998}, "gateway", "/sandbox", "/bin/sh"});
  EXPECT_TRUE(has(plan, "HOME=/sandbox"));
  EXPECT_TRUE(has(plan, "USER=gateway"));
  EXPECT_TRUE(has(plan, "LOGNAME=gateway"));
  EXPECT_TRUE(has(plan, "SHELL=/bin/sh"));
}

TEST(Plan, UserWithoutAShellGetsNotGatevisorsOwn) {
  Surroundings surroundings;
  surroundings.environment = {"SHELL=/bin/bash"};
  const Identity nologin{998, 998, {998}, "gateway", "/sandbox", ""};
  auto plan = Plan::make(ExecSettings{}, kShell, nologin, surroundings, {});
  ASSERT_TRUE(plan);
  EXPECT_FALSE(has(*plan, "SHELL=/bin/bash"));
}

TEST(Plan, InvocationIdIsWrittenInPlace) {
  Plan plan = make(ExecSettings{});
  const std::string id = "0123456789abcdef0123456789abcdef";
  plan.set_invocation(id);
  EXPECT_TRUE(has(plan, "INVOCATION_ID=" + id));
}

TEST(Plan, InvocationIdThatIsUnsetStaysUnset) {
  ExecSettings settings;
  settings.unset_environment = {"INVOCATION_ID"};
  Plan plan = make(settings);
  plan.set_invocation("0123456789abcdef0123456789abcdef");
  for (const std::string& entry : environment(plan)) {
    EXPECT_FALSE(entry.starts_with("INVOCATION_ID=")) << entry;
  }
}

TEST(Plan, TildeIsTheUsersHome) {
  ExecSettings settings;
  settings.working_directory = "~";
  EXPECT_EQ(make(settings, Identity{1, 1, {}, "u", "/home/u", ""}).working_directory, "/home/u");
}

TEST(Plan, PathIsThereEvenWhereTheContainerHasNone) {
  const Surroundings bare{{}, "/", {}, std::nullopt, std::nullopt};
  const auto plan = Plan::make({}, kShell, std::nullopt, bare, {});
  ASSERT_TRUE(plan);
  EXPECT_TRUE(has(*plan, "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"));
}

}  // namespace
}  // namespace gatevisor::exec
